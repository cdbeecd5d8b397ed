{{- define "enc-operator.fence.metadata" -}}
metadata:
  name: {{ include "enc-operator.fenceName" .root }}.{{ .part }}
  labels: {{- include "enc-operator.labels" .root | nindent 4 }}
{{- end -}}

{{/* Every ServiceAccount of the operator's namespace, whoever made it. */}}
{{- define "enc-operator.fence.whom" -}}
matchConditions:
  - name: our-service-accounts
    expression: request.userInfo.username.startsWith('system:serviceaccount:{{ .Release.Namespace }}:')
{{- end -}}

{{- define "enc-operator.fence.binding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
{{ include "enc-operator.fence.metadata" . }}
spec:
  policyName: {{ include "enc-operator.fenceName" .root }}.{{ .part }}
  validationActions: [Deny]
{{- end -}}

{{- define "enc-operator.fence.user" -}}
system:serviceaccount:{{ .root.Release.Namespace }}:{{ include "enc-operator.fullname" .root }}{{ .suffix }}
{{- end -}}
