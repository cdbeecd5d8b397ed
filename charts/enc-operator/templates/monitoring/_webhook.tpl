{{/* Alerts on the metrics of the webhook: root, of. */}}
{{- define "enc-operator.alerts.webhook" -}}
{{- $webhook := .root.Values.webhook -}}
{{- $left := 1209600 -}}
{{- if eq $webhook.certificates.mode "own" -}}
{{- $left = min $left (div (int64 $webhook.certificates.leafSeconds) 4) -}}
{{- end -}}
- alert: EncWebhookDown
  expr: absent(enc_certificate_expiry_timestamp_seconds{ {{- .of -}} })
  for: 5m
  labels: {severity: {{ eq $webhook.mode "enforce" | ternary "critical" "warning" }}}
  annotations:
    summary: No replica of the webhook is seen
    description: >-
      {{ eq $webhook.mode "enforce" | ternary "What could hold a handle is refused while nobody answers: pods with checks do not start." "Everything comes in unjudged." }}
    action: >-
      kubectl -n {{ .root.Release.Namespace }} get pods -l app.kubernetes.io/component=webhook; if they run, see why Prometheus does not reach them
{{- if include "enc-operator.webhook.tries" .root }}
- alert: EncWebhookNotReached
  expr: min by (namespace) (enc_admission_reached{ {{- .of -}} }) == 0
  for: 5m
  labels: {severity: {{ eq $webhook.mode "enforce" | ternary "critical" "warning" }}}
  annotations:
    summary: The API server does not reach the webhook
    description: >-
      A replica's own trial was not answered: a caBundle that somebody overwrote, a closed port, or a configuration that is gone.
      {{ eq $webhook.mode "enforce" | ternary "What could hold a handle is refused meanwhile, or comes in where nobody is asked." "Everything comes in unjudged meanwhile." }}
    action: >-
      The webhook's log and /readyz have the API server's own words; let it reach port 8443 of the pods, or install the
      configuration again (helm upgrade)
{{- end }}
- alert: EncReviewsNotJudged
  expr: sum by (namespace) (increase(enc_admission_decisions_total{ {{- .of }}, decision="not_judged"}[10m])) > 0
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: Reviews are not judged
    description: >-
      About {{ `{{ $value | humanize }}` }} reviews in ten minutes were not answered with a decision: there was no time, they were too large, or something
      was not known. {{ eq $webhook.mode "enforce" | ternary "They were refused." "They came in." }}
    action: >-
      The log has the uid and the reason of each. For want of time: more CPU (webhook.resources), more replicas (webhook.replicas)
- alert: EncWebhookSlow
  expr: histogram_quantile(0.99, sum by (namespace, le) (rate(enc_admission_seconds_bucket{ {{- .of -}} }[10m]))) > {{ divf $webhook.deadlineSeconds 2 }}
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: The webhook's answers take half of their time
    description: >-
      One review in a hundred takes more than {{ `{{ $value | humanizeDuration }}` }}, of {{ $webhook.deadlineSeconds }} s that it may take.
    action: >-
      More CPU (webhook.resources), more replicas (webhook.replicas)
- alert: EncCertificateEndsSoon
  expr: min by (namespace, pod) (enc_certificate_expiry_timestamp_seconds{ {{- .of -}} }) - time() < {{ int64 $left }}
  for: 10m
  labels: {severity: critical}
  annotations:
    summary: The webhook's certificate is not renewed
    description: >-
      The certificate that {{ `{{ $labels.pod }}` }} shows ends in {{ `{{ $value | humanizeDuration }}` }} (negative: it has ended, or there is none). Then the
      API server reaches the webhook no more.
    action: >-
      {{ get (dict "own" "The webhook's log says why it cannot renew it: its Secret, or its right to write to it" "cert-manager" "kubectl describe certificate says why cert-manager does not renew it" "files" "Renew the Secret in webhook.certificates.existingSecret") $webhook.certificates.mode }}
{{- end -}}
