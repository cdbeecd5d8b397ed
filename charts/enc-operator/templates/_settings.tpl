{{- define "enc-operator.settings" -}}
agents: {{- if .Values.agents }}{{ toYaml .Values.agents | nindent 2 }}{{ else }} []{{ end }}
namespaces: {{ toJson .Values.namespaces }}
protectedNamespaces: {{ toJson .Values.protectedNamespaces }}
trustedNamespaceLabels: {{ toJson .Values.trustedNamespaceLabels }}
install: {{ include "enc-operator.install" . }}
lease: {namespace: {{ .Release.Namespace }}, name: {{ include "enc-operator.fullname" . }}}
fence: {{ .Values.fence.enabled }}
injection: {{ not (empty (include "enc-operator.injects" .)) }}
graceSeconds: {{ .Values.graceSeconds }}
caps: {{- toYaml .Values.caps | nindent 2 }}
log: {{- toYaml .Values.log | nindent 2 }}
listen: {port: 8080}
metrics: {secretNames: {{ .Values.metrics.secretNames }}}
{{- if include "enc-operator.webhook.enabled" . }}
webhook: {{- include "enc-operator.webhook.settings" . | nindent 2 }}
{{- end }}
{{- end -}}
