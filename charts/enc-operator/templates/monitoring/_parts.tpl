{{/* How Prometheus is told of metrics: "ServiceMonitor", "PodMonitor" or nothing. Values of an earlier release know of neither. */}}
{{- define "enc-operator.monitor" -}}
{{- $service := (.Values.metrics.serviceMonitor).enabled -}}
{{- $pod := (.Values.metrics.podMonitor).enabled -}}
{{- if and $service $pod -}}
{{- fail "metrics: serviceMonitor and podMonitor are both enabled, and would have everything counted twice: enable one of them" -}}
{{- end -}}
{{- if and $service (not .Values.metrics.service.enabled) -}}
{{- fail "metrics.serviceMonitor needs metrics.service.enabled; metrics.podMonitor does without" -}}
{{- end -}}
{{- if $service -}}ServiceMonitor{{- else if $pod -}}PodMonitor{{- end -}}
{{- end -}}

{{/* What both kinds of monitor say alike: root, values. */}}
{{- define "enc-operator.monitor.endpoint" -}}
- port: http
  {{- with .interval }}
  interval: {{ . }}
  {{- end }}
  {{- with .scrapeTimeout }}
  scrapeTimeout: {{ . }}
  {{- end }}
  {{- with .relabelings }}
  relabelings: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .metricRelabelings }}
  metricRelabelings: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The alerts that the values ask for, as a list below `alerts`. */}}
{{- define "enc-operator.alerts" -}}
{{- $of := printf `namespace="%s"` .Release.Namespace -}}
{{- $groups := list -}}
{{- if .Values.replicas -}}
{{- $groups = append $groups (include "enc-operator.alerts.operator" (dict "root" . "of" $of)) -}}
{{- end -}}
{{- if include "enc-operator.webhook.enabled" . -}}
{{- $groups = append $groups (include "enc-operator.alerts.webhook" (dict "root" . "of" $of)) -}}
{{- end -}}
alerts:
{{ join "\n" $groups }}
{{- end -}}
