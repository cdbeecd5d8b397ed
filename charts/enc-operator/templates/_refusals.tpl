{{/* What no schema can say. */}}
{{- define "enc-operator.refusals" -}}
{{- range .Values.agents -}}
{{- if eq .namespace $.Release.Namespace -}}
{{- fail (printf "agents: %s is the release's own namespace. The fence holds for every ServiceAccount there, and would hold up the Agents: install enc-operator in a namespace of its own (helm install --namespace enc-operator --create-namespace)" .namespace) -}}
{{- end -}}
{{- end -}}
{{- with .Values.webhook -}}
{{- if and .enabled (eq .certificates.mode "files") (or (not .certificates.existingSecret) (not .certificates.caBundle)) -}}
{{- fail "webhook.certificates: mode files needs existingSecret, a Secret of type kubernetes.io/tls, and caBundle, the CA's certificate in base64" -}}
{{- end -}}
{{- with .certificates -}}
{{- if or (lt (int64 .leafSeconds) (mul 4 .settlingSeconds)) (lt (int64 .authoritySeconds) (mul 2 .leafSeconds)) -}}
{{- fail "webhook.certificates: leafSeconds must be at least 4 times settlingSeconds, and authoritySeconds 2 times leafSeconds: what is renewed after two thirds of its life needs the time to become known" -}}
{{- end -}}
{{- end -}}
{{- if and .enabled (ge (float64 .deadlineSeconds) (float64 .timeoutSeconds)) -}}
{{- fail "webhook.deadlineSeconds must be less than webhook.timeoutSeconds: afterwards nobody hears the answer" -}}
{{- end -}}
{{- if and .enabled (gt (float64 .drainSeconds) (subf (float64 $.Values.terminationGracePeriodSeconds) 7.0)) -}}
{{- fail "webhook.drainSeconds must leave 7 s of terminationGracePeriodSeconds, in which the last answers are given" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.fence.enabled (has .Release.Namespace (list "default" "kube-system" "kube-public" "kube-node-lease")) -}}
{{- fail (printf "the fence holds for every ServiceAccount of the release's namespace, which cannot be %s: install enc-operator in a namespace of its own (helm install --namespace enc-operator --create-namespace)" .Release.Namespace) -}}
{{- end -}}
{{- end -}}
