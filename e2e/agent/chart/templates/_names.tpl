{{- define "node" }}{{ .Release.Name }}-datadog{{ end }}
{{- define "cluster" }}{{ .Release.Name }}-datadog-cluster-agent{{ end }}
{{- define "labels" }}{helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}, app.kubernetes.io/instance: {{ .Release.Name }}, app.kubernetes.io/managed-by: {{ .Release.Service }}}{{ end }}
