{{/* The name of what stands in the release's own namespace; 40 characters, so that what is appended fits. */}}
{{- define "enc-operator.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of what stands in no namespace, or in other namespaces: releases of two namespaces never meet. */}}
{{- define "enc-operator.globalName" -}}
{{- printf "%s.%s" (include "enc-operator.fullname" .) .Release.Namespace -}}
{{- end -}}

{{/* The fence's policies are one set for each namespace: a second release there is refused by Helm, which names the first. */}}
{{- define "enc-operator.fenceName" -}}
{{- printf "enc-operator-fence.%s" .Release.Namespace -}}
{{- end -}}

{{/* What the label enc-operator.io/managed-by says: at most 63 characters. */}}
{{- define "enc-operator.install" -}}
{{- $whole := printf "%s.%s" .Release.Namespace .Release.Name -}}
{{- if le (len $whole) 63 -}}
{{- $whole -}}
{{- else -}}
{{- printf "%s-%s" ($whole | trunc 52 | regexFind "^.*[a-z0-9]") ($whole | sha256sum | trunc 10) -}}
{{- end -}}
{{- end -}}

{{- define "enc-operator.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "enc-operator.labels" -}}
{{ include "enc-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "enc-operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A list of names as a list of CEL strings, in a stable order. */}}
{{- define "enc-operator.celList" -}}
[{{ range $index, $name := sortAlpha (uniq .) }}{{ if $index }}, {{ end }}'{{ $name }}'{{ end }}]
{{- end -}}

{{- define "enc-operator.protected" -}}
{{- toJson (sortAlpha (uniq (concat (list "kube-node-lease" "kube-public" "kube-system" .Release.Namespace) .Values.protectedNamespaces))) -}}
{{- end -}}

{{/* What the pods of the operator and of its Jobs have in common: the restricted pod security standard. */}}
{{- define "enc-operator.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "enc-operator.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "enc-operator.scheduling" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* How the replicas of a component are spread: root, component. A constraint of the values may serve two Deployments, so it need not say whose pods. */}}
{{- define "enc-operator.spread" -}}
{{- $own := dict "matchLabels" (merge (dict "app.kubernetes.io/component" .component) (include "enc-operator.selector" .root | fromYaml)) -}}
{{- $constraints := list -}}
{{- range default (list (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway")) .root.Values.topologySpreadConstraints -}}
{{- $constraints = append $constraints (hasKey . "labelSelector" | ternary . (merge (dict "labelSelector" $own) .)) -}}
{{- end -}}
{{- toYaml $constraints -}}
{{- end -}}

{{/* Not empty where Agents' workloads that are there are changed. `helm upgrade --reuse-values` knows nothing of it. */}}
{{- define "enc-operator.injects" -}}
{{- if and (.Values.injection).enabled .Values.agents -}}
true
{{- end -}}
{{- end -}}
