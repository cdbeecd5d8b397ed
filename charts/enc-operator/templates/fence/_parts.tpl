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

{{/* CEL: the namespaces in which Agents run. */}}
{{- define "enc-operator.agentNamespaces" -}}
{{- $found := list -}}
{{- range .Values.agents -}}
{{- $found = append $found .namespace -}}
{{- end -}}
{{ include "enc-operator.celList" $found }}
{{- end -}}

{{/* CEL: every Agent as namespace/ServiceAccount. */}}
{{- define "enc-operator.agentAccounts" -}}
{{- $found := list -}}
{{- range .Values.agents -}}
{{- $namespace := .namespace -}}
{{- range .serviceAccounts -}}
{{- $found = append $found (printf "%s/%s" $namespace .) -}}
{{- end -}}
{{- end -}}
{{ include "enc-operator.celList" $found }}
{{- end -}}

{{/* CEL: are two maps the same but for some keys? */}}
{{- define "enc-operator.sameBut" -}}
dyn({{ .new }}).all(key, key in [{{ .but }}] || (key in dyn({{ .old }}) && dyn({{ .new }})[key] == dyn({{ .old }})[key]))
&& dyn({{ .old }}).all(key, key in [{{ .but }}] || key in dyn({{ .new }}))
{{- end -}}
