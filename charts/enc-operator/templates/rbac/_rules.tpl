{{/* What has no namespace. */}}
{{- define "enc-operator.rules.cluster" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [clusterroles, clusterrolebindings]
  verbs: [get, list, watch]
- apiGroups: [enc-operator.io]
  resources: [clustersecretgrants]
  verbs: [get, list, watch]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end -}}

{{/* What is read in namespaces with Agents or references. */}}
{{- define "enc-operator.rules.read" -}}
- apiGroups: [""]
  resources: [pods, services]
  verbs: [get, list, watch]
- apiGroups: [enc-operator.io]
  resources: [agenttargets, secretgrants]
  verbs: [get, list, watch]
- apiGroups: [enc-operator.io]
  resources: [agenttargets]
  verbs: [patch]
- apiGroups: [enc-operator.io]
  resources: [agenttargets/status]
  verbs: [get, patch, update]
- apiGroups: [datadoghq.com]
  resources: [datadogagents, datadoginstrumentations]
  verbs: [get, list, watch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, list, watch]
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* What is written: by the fence, only Roles that get named Secrets, bound to declared Agents. */}}
{{- define "enc-operator.rules.write" -}}
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles]
  verbs: [create, update, delete, escalate, bind]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings]
  verbs: [create, update, delete]
{{- end -}}

{{/* What is read where the Agents run. */}}
{{- define "enc-operator.rules.agents" -}}
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch]
- apiGroups: [apps]
  resources: [daemonsets, deployments, statefulsets]
  verbs: [get, list, watch]
{{- if include "enc-operator.injects" . }}
# By the fence: only what an injection is, and only the ConfigMaps that hold a resolver.
- apiGroups: [apps]
  resources: [daemonsets, deployments, statefulsets]
  verbs: [patch]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [create, delete]
{{- end }}
{{- end -}}

{{/* What takes injections out again. */}}
{{- define "enc-operator.rules.takeOut" -}}
- apiGroups: [apps]
  resources: [daemonsets, deployments, statefulsets]
  verbs: [list, patch]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [list, delete]
{{- end -}}

{{- define "enc-operator.rules.own" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "enc-operator.fullname" . }}]
  verbs: [get, update]
- apiGroups: [""]
  resources: [serviceaccounts]
  resourceNames: [{{ include "enc-operator.fullname" . }}-epoch]
  verbs: [get, update]
# A name cannot bound what is created; the fence does.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
{{- end -}}

{{/* What the webhook decides by. It writes nothing but its own certificates, and tries one write that is refused. */}}
{{- define "enc-operator.rules.webhook.cluster" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
- apiGroups: [enc-operator.io]
  resources: [clustersecretgrants]
  verbs: [get, list, watch]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- if eq .Values.webhook.certificates.mode "own" }}
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations{{ if include "enc-operator.webhook.injects" . }}, mutatingwebhookconfigurations{{ end }}]
  resourceNames: [{{ include "enc-operator.globalName" . }}]
  verbs: [get, list, watch, patch]
{{- end }}
{{- end -}}

{{- define "enc-operator.rules.webhook.read" -}}
- apiGroups: [enc-operator.io]
  resources: [agenttargets, secretgrants]
  verbs: [get, list, watch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings]
  verbs: [get, list, watch]
{{- end -}}

{{- define "enc-operator.rules.webhook.own" -}}
{{- if include "enc-operator.webhook.ownCertificates" . }}
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ include "enc-operator.webhook.secret" . }}]
  verbs: [get, update]
{{- end }}
{{- if include "enc-operator.webhook.tries" . }}
# A name cannot bound what is created; the fence does, and lets it be tried alone.
- apiGroups: [enc-operator.io]
  resources: [secretgrants]
  verbs: [create]
# Is any replica ready? Before the first one is, nobody can be reached.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list]
{{- end }}
{{- end -}}

{{/* A role and its binding: root, kind (Role or ClusterRole), name, namespace (empty for none), account, annotations, rules. */}}
{{- define "enc-operator.role" -}}
{{- $binding := ternary "ClusterRoleBinding" "RoleBinding" (eq .kind "ClusterRole") -}}
{{- range $kind := list .kind $binding }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ $.name }}
  {{- with $.namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "enc-operator.labels" $.root | nindent 4 }}
  {{- with $.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if eq $kind $.kind }}
rules: {{- $.rules | nindent 2 }}
{{- else }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ $.kind }}, name: {{ $.name }}}
subjects:
  - {kind: ServiceAccount, name: {{ $.account }}, namespace: {{ $.root.Release.Namespace }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* The Jobs' permissions are there as long as the Jobs are. */}}
{{- define "enc-operator.rules.crds" -}}
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  resourceNames: [agenttargets.enc-operator.io, clustersecretgrants.enc-operator.io, secretgrants.enc-operator.io]
  verbs: [get, create, patch]
{{- end -}}

{{- define "enc-operator.rules.takeBack" -}}
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [list, delete]
- apiGroups: [enc-operator.io]
  resources: [agenttargets]
  verbs: [list, patch]
{{- if .Values.crds.remove }}
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  resourceNames: [agenttargets.enc-operator.io, clustersecretgrants.enc-operator.io, secretgrants.enc-operator.io]
  verbs: [delete]
{{- end }}
{{- end -}}

{{- define "enc-operator.rules.stop" -}}
- apiGroups: [apps]
  resources: [deployments/scale]
  resourceNames: [{{ include "enc-operator.fullname" . }}]
  verbs: [patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
{{- end -}}
