{{/* What a hook's parts have in common: root, hook, weight. A hook that failed stays, for its log. */}}
{{- define "enc-operator.hook" -}}
helm.sh/hook: {{ .hook }}
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* A Job with a ServiceAccount of its own: root, hook, name, args. */}}
{{- define "enc-operator.job" -}}
{{- $root := .root -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels: {{- include "enc-operator.labels" $root | nindent 4 }}
  annotations: {{- include "enc-operator.hook" (dict "hook" .hook "weight" "-10") | nindent 4 }}
automountServiceAccountToken: false
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels: {{- include "enc-operator.labels" $root | nindent 4 }}
  annotations: {{- include "enc-operator.hook" (dict "hook" .hook "weight" "0") | nindent 4 }}
spec:
  backoffLimit: 2
  activeDeadlineSeconds: 300
  template:
    metadata:
      labels:
        {{- include "enc-operator.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ .name }}
      automountServiceAccountToken: true
      securityContext: {{- include "enc-operator.podSecurity" $root | nindent 8 }}
      containers:
        - name: {{ .component }}
          image: {{ include "enc-operator.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: {{ toJson .args }}
          resources: {{- toYaml $root.Values.resources | nindent 12 }}
          securityContext: {{- include "enc-operator.containerSecurity" $root | nindent 12 }}
          volumeMounts:
            {{- if .settings }}
            - {name: settings, mountPath: /etc/enc-operator, readOnly: true}
            {{- end }}
            - {name: tmp, mountPath: /tmp}
      volumes:
        {{- if .settings }}
        - name: settings
          configMap: {name: {{ include "enc-operator.fullname" $root }}}
        {{- end }}
        - name: tmp
          emptyDir: {sizeLimit: 16Mi}
      {{- with include "enc-operator.scheduling" $root | trim }}
      {{- . | nindent 6 }}
      {{- end }}
{{- end -}}
