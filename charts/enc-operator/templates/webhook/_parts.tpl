{{/* Not empty where the webhook is on. `helm upgrade --reuse-values` knows nothing of what came after the values of the earlier release. */}}
{{- define "enc-operator.webhook.enabled" -}}
{{- if (.Values.webhook).enabled -}}
{{- range list "mode" "replicas" "excludedNamespaces" "timeoutSeconds" "deadlineSeconds" "concurrent" "drainSeconds" "certificates.mode" "certificates.authoritySeconds" "certificates.leafSeconds" "certificates.settlingSeconds" "webhooks" "resources" -}}
{{- $found := $.Values.webhook -}}
{{- range splitList "." . -}}
{{- if not (kindIs "invalid" $found) -}}
{{- $found = index $found . -}}
{{- end -}}
{{- end -}}
{{- if kindIs "invalid" $found -}}
{{- fail (printf "webhook.%s is missing: these are the values of an earlier release. Upgrade with --reset-then-reuse-values in place of --reuse-values, which adds what is new" .) -}}
{{- end -}}
{{- end -}}
true
{{- end -}}
{{- end -}}

{{- define "enc-operator.webhook.name" -}}
{{ include "enc-operator.fullname" . }}-webhook
{{- end -}}

{{- define "enc-operator.webhook.secret" -}}
{{- if eq .Values.webhook.certificates.mode "files" -}}
{{ .Values.webhook.certificates.existingSecret }}
{{- else -}}
{{ include "enc-operator.webhook.name" . }}-tls
{{- end -}}
{{- end -}}

{{/* Not empty where the webhook makes its own certificates. */}}
{{- define "enc-operator.webhook.ownCertificates" -}}
{{- if and (include "enc-operator.webhook.enabled" .) (eq .Values.webhook.certificates.mode "own") -}}
true
{{- end -}}
{{- end -}}

{{/* Not empty where Agents' workloads are changed when they come in. */}}
{{- define "enc-operator.webhook.injects" -}}
{{- if and (include "enc-operator.webhook.enabled" .) (or (.Values.webhook.injection).enabled (.Values.injection).enabled) .Values.agents -}}
true
{{- end -}}
{{- end -}}

{{/* What replicas try to create to find out whether the API server reaches them; the same in every release, of which each lets pass the others'. */}}
{{- define "enc-operator.webhook.trialName" -}}
enc-operator-trial
{{- end -}}

{{/* CEL: is it a trial? Nothing of one is stored, whoever sends it. */}}
{{- define "enc-operator.webhook.isTrial" -}}
request.?dryRun.orValue(false) && object.metadata.?name.orValue('') == '{{ include "enc-operator.webhook.trialName" . }}'
{{- end -}}

{{/* Not empty where replicas try it. */}}
{{- define "enc-operator.webhook.tries" -}}
{{- if and (include "enc-operator.webhook.enabled" .) (.Values.webhook.probe).enabled -}}
true
{{- end -}}
{{- end -}}

{{- define "enc-operator.webhook.host" -}}
{{ include "enc-operator.webhook.name" . }}.{{ .Release.Namespace }}.svc
{{- end -}}

{{- define "enc-operator.webhook.selector" -}}
{{ include "enc-operator.selector" . }}
app.kubernetes.io/component: webhook
{{- end -}}

{{/* Namespaces from which nothing is ever asked: what runs there must not wait for what it needs itself. */}}
{{- define "enc-operator.webhook.excluded" -}}
{{- toJson (sortAlpha (uniq (concat (list "kube-system" .Release.Namespace) .Values.webhook.excludedNamespaces))) -}}
{{- end -}}

{{- define "enc-operator.webhook.settings" -}}
mode: {{ .Values.webhook.mode }}
excludedNamespaces: {{ toJson .Values.webhook.excludedNamespaces }}
listen: {port: 8443}
deadlineSeconds: {{ .Values.webhook.deadlineSeconds }}
concurrent: {{ .Values.webhook.concurrent }}
drainSeconds: {{ .Values.webhook.drainSeconds }}
{{- if include "enc-operator.webhook.tries" . }}
probe:
  name: {{ include "enc-operator.webhook.trialName" . }}
  service: {{ include "enc-operator.webhook.name" . }}
{{- end }}
{{- if eq .Values.webhook.certificates.mode "own" }}
certificates:
  secret: {{ include "enc-operator.webhook.secret" . }}
  names: [{{ include "enc-operator.webhook.host" . }}]
  configuration: {{ include "enc-operator.globalName" . }}
  {{- if include "enc-operator.webhook.injects" . }}
  mutatingConfiguration: {{ include "enc-operator.globalName" . }}
  {{- end }}
  authoritySeconds: {{ int64 .Values.webhook.certificates.authoritySeconds }}
  leafSeconds: {{ int64 .Values.webhook.certificates.leafSeconds }}
  settlingSeconds: {{ int64 .Values.webhook.certificates.settlingSeconds }}
{{- else }}
certificates: {folder: /etc/enc-operator-tls}
{{- end }}
{{- end -}}

{{/* On UPDATE: has any of these (CEL below `object` and `oldObject`) changed? */}}
{{- define "enc-operator.webhook.changed" -}}
- name: changed
  expression: >-
    request.operation != 'UPDATE'
    {{- range . }}
    || object.{{ . }} != oldObject.{{ . }}
    {{- end }}
{{- end -}}

{{/* Could an annotation among these (CEL below `object`) matter, whatever its variables become? enc_operator.core.admission.predicate
A Binding's annotations have no limit of size: reading them all may cost more than a condition may, and what fails is let through with Ignore. */}}
{{- define "enc-operator.webhook.mayHold" -}}
- name: may-hold-a-handle
  expression: >-
    request.kind.kind == 'Binding' ? object.{{ . }}.size() > 0
    : object.{{ . }}.exists(key, key.matches('^(ad|service-discovery)[.]') && ((key.endsWith('.check.id')
    && object.{{ . }}[key].contains('://')) || object.{{ . }}[key].matches(
    r'ENC\[|\\|‰|%%(env|extra|pid|hostname)|(E|EN|ENC)%%|%%(NC\[|C\[|\[)')))
{{- end -}}

{{/* Everything of one webhook that is asked about what refers to Secrets, as YAML: resources, groups, versions, changed, mayHold. */}}
{{- define "enc-operator.webhook.rule" -}}
rules:
  - apiGroups: {{ toJson .groups }}
    apiVersions: {{ toJson .versions }}
    operations: [CREATE, UPDATE]
    resources: {{ toJson .resources }}
matchConditions:
  {{- include "enc-operator.webhook.changed" .changed | nindent 2 }}
  {{- with .mayHold }}
  {{- include "enc-operator.webhook.mayHold" . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "enc-operator.webhook.pods" -}}
{{- $annotations := "metadata.?annotations.orValue({})" -}}
{{- include "enc-operator.webhook.rule" (dict "groups" (list "") "versions" (list "v1") "resources" (list "pods" "pods/*" "bindings")
    "changed" (list $annotations) "mayHold" $annotations) }}
{{- end -}}

{{- define "enc-operator.webhook.services" -}}
{{- $annotations := "metadata.?annotations.orValue({})" -}}
{{- include "enc-operator.webhook.rule" (dict "groups" (list "") "versions" (list "v1") "resources" (list "services" "services/*")
    "changed" (list $annotations "?spec.?selector.orValue({})") "mayHold" $annotations) }}
{{- end -}}

{{- define "enc-operator.webhook.ofTemplate" -}}
{{- $annotations := printf "%s.?metadata.?annotations.orValue({})" .template -}}
{{- $account := printf "%s.?spec.?serviceAccountName.orValue('')" .template -}}
{{- include "enc-operator.webhook.rule" (dict "groups" .groups "versions" (list "*") "resources" .resources
    "changed" (list $annotations $account) "mayHold" $annotations) }}
{{- end -}}

{{- define "enc-operator.webhook.workloads" -}}
{{- include "enc-operator.webhook.ofTemplate" (dict "template" "?spec.?template" "groups" (list "" "apps" "batch")
    "resources" (list "daemonsets" "deployments" "jobs" "replicasets" "replicationcontrollers" "statefulsets")) }}
{{- end -}}

{{- define "enc-operator.webhook.cronjobs" -}}
{{- include "enc-operator.webhook.ofTemplate" (dict "template" "?spec.?jobTemplate.?spec.?template" "groups" (list "batch")
    "resources" (list "cronjobs")) }}
{{- end -}}

{{- define "enc-operator.webhook.podtemplates" -}}
{{- include "enc-operator.webhook.ofTemplate" (dict "template" "?template" "groups" (list "") "resources" (list "podtemplates")) }}
{{- end -}}

{{- define "enc-operator.webhook.instrumentations" -}}
{{- include "enc-operator.webhook.rule" (dict "groups" (list "datadoghq.com") "versions" (list "*")
    "resources" (list "datadoginstrumentations") "changed" (list "?spec")) }}
{{- end -}}

{{/* The namespaces of the Agents, but for those that nothing is asked about. */}}
{{- define "enc-operator.webhook.ofAgents" -}}
{{- $namespaces := list -}}
{{- range .Values.agents -}}
{{- $namespaces = append $namespaces .namespace -}}
{{- end -}}
matchExpressions:
  - {key: kubernetes.io/metadata.name, operator: In, values: {{ toJson (sortAlpha (uniq $namespaces)) }}}
  - {key: kubernetes.io/metadata.name, operator: NotIn, values: {{ include "enc-operator.webhook.excluded" . }}}
{{- end -}}

{{- define "enc-operator.webhook.configmaps" -}}
{{- include "enc-operator.webhook.rule" (dict "groups" (list "") "versions" (list "v1") "resources" (list "configmaps")
    "changed" (list "?data" "?binaryData")) }}
namespaceSelector: {{- include "enc-operator.webhook.ofAgents" . | nindent 2 }}
{{- end -}}

{{/* What changes the Agents' workloads, as YAML. It never refuses, and whatever goes wrong leaves them as they are. */}}
{{- define "enc-operator.webhook.injection" -}}
{{- $accounts := list -}}
{{- range $agent := .Values.agents -}}
{{- range $agent.serviceAccounts -}}
{{- $accounts = append $accounts (printf "%s/%s" $agent.namespace .) -}}
{{- end -}}
{{- end -}}
name: injection.enc-operator.io
admissionReviewVersions: [v1]
sideEffects: None
matchPolicy: Equivalent
failurePolicy: Ignore
reinvocationPolicy: IfNeeded
timeoutSeconds: {{ min .Values.webhook.timeoutSeconds 3 }}
clientConfig: {{- include "enc-operator.webhook.client" (dict "root" . "path" "/mutate") | nindent 2 }}
namespaceSelector: {{- include "enc-operator.webhook.ofAgents" . | nindent 2 }}
{{ include "enc-operator.webhook.rule" (dict "groups" (list "apps") "versions" (list "v1")
    "resources" (list "daemonsets" "deployments" "statefulsets") "changed" (list "?spec.?template")) }}
  {{- /* The operator writes what it has planned; the removal's Job takes out what would be planned anew. */}}
  - name: not-ours
    expression: "!request.userInfo.username.startsWith('system:serviceaccount:{{ .Release.Namespace }}:')"
  - name: runs-an-agent
    expression: >-
      request.namespace + '/' + object.?spec.?template.?spec.?serviceAccountName.orValue('default')
      in {{ toJson (sortAlpha (uniq $accounts)) }}
{{- end -}}

{{- define "enc-operator.webhook.consents" -}}
{{- include "enc-operator.webhook.rule" (dict "groups" (list "enc-operator.io") "versions" (list "*")
    "resources" (list "agenttargets" "clustersecretgrants" "secretgrants") "changed" (list "?spec")) }}
namespaceSelector: {}
{{- end -}}

{{/* What is asked about trials alone, as YAML. Always Fail: with Ignore nobody is told why the webhook was not reached. */}}
{{- define "enc-operator.webhook.trial" -}}
name: probe.enc-operator.io
admissionReviewVersions: [v1]
sideEffects: None
matchPolicy: Equivalent
failurePolicy: Fail
timeoutSeconds: {{ .Values.webhook.timeoutSeconds }}
clientConfig: {{- include "enc-operator.webhook.client" (dict "root" . "path" "/probe") | nindent 2 }}
namespaceSelector:
  matchLabels: {kubernetes.io/metadata.name: {{ .Release.Namespace }}}
rules:
  - apiGroups: [enc-operator.io]
    apiVersions: ["*"]
    operations: [CREATE]
    resources: [secretgrants]
matchConditions:
  - name: a-trial-of-our-own
    expression: >-
      {{ include "enc-operator.webhook.isTrial" . }}
      && request.userInfo.username == '{{ include "enc-operator.fence.user" (dict "root" . "suffix" "-webhook") }}'
{{- end -}}

{{/* How the API server reaches it, as YAML: root, path. */}}
{{- define "enc-operator.webhook.client" -}}
{{- $service := dict "namespace" .root.Release.Namespace "name" (include "enc-operator.webhook.name" .root) "path" .path "port" 443 -}}
{{- $client := dict "service" $service -}}
{{- with .root.Values.webhook.certificates.caBundle -}}
{{- $_ := set $client "caBundle" . -}}
{{- end -}}
{{- toYaml $client -}}
{{- end -}}

{{/* One webhook, as YAML: what all have, what this one has, what the values say of it; root, name. */}}
{{- define "enc-operator.webhook.entry" -}}
{{- $root := .root -}}
{{- $values := $root.Values.webhook -}}
{{- $all := dict "admissionReviewVersions" (list "v1") "sideEffects" "None" "matchPolicy" "Equivalent"
    "failurePolicy" (ternary "Fail" "Ignore" (eq $values.mode "enforce")) "timeoutSeconds" $values.timeoutSeconds -}}
{{- $scope := list (dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" (include "enc-operator.webhook.excluded" $root | fromJsonArray)) -}}
{{- with $root.Values.namespaces -}}
{{- $scope = append $scope (dict "key" "kubernetes.io/metadata.name" "operator" "In" "values" (sortAlpha (uniq .))) -}}
{{- end -}}
{{- $client := include "enc-operator.webhook.client" (dict "root" $root "path" "/validate") | fromYaml -}}
{{- $own := include (printf "enc-operator.webhook.%s" .name) $root | fromYaml -}}
{{- $entry := merge (dict "name" (printf "%s.enc-operator.io" .name) "clientConfig" $client) $own $all -}}
{{- if not (hasKey $own "namespaceSelector") -}}
{{- $_ := set $entry "namespaceSelector" (dict "matchExpressions" $scope) -}}
{{- end -}}
{{- range $field, $value := omit (index $values.webhooks .name) "enabled" -}}
{{- $_ := set $entry $field $value -}}
{{- end -}}
{{- if eq .name "consents" -}}
{{- $condition := dict "name" "no-trial" "expression" (printf "!(%s)" (include "enc-operator.webhook.isTrial" $root)) -}}
{{- $_ := set $entry "matchConditions" (append $entry.matchConditions $condition) -}}
{{- end -}}
{{- toYaml (list $entry) -}}
{{- end -}}
