{{/* What no schema can say. */}}
{{- define "enc-operator.refusals" -}}
{{- range .Values.agents -}}
{{- if eq .namespace $.Release.Namespace -}}
{{- fail (printf "agents: %s is the release's own namespace. The fence holds for every ServiceAccount there, and would hold up the Agents: install enc-operator in a namespace of its own (helm install --namespace enc-operator --create-namespace)" .namespace) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.fence.enabled (has .Release.Namespace (list "default" "kube-system" "kube-public" "kube-node-lease")) -}}
{{- fail (printf "the fence holds for every ServiceAccount of the release's namespace, which cannot be %s: install enc-operator in a namespace of its own (helm install --namespace enc-operator --create-namespace)" .Release.Namespace) -}}
{{- end -}}
{{- end -}}
