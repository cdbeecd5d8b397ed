{{/* Alerts on the metrics of the operator: root, of (the label by which this release's series are known). */}}
{{- define "enc-operator.alerts.operator" -}}
{{- $enforcing := and (include "enc-operator.webhook.enabled" .root) (eq .root.Values.webhook.mode "enforce") -}}
- alert: EncOperatorHasNoLeader
  expr: (max(enc_leader{ {{- .of -}} }) or vector(0)) == 0
  for: 3m
  labels: {severity: critical}
  annotations:
    summary: No replica of enc-operator leads
    description: >-
      Nothing is written: new references get no permission, and revoked ones keep theirs. The value is 0 too where Prometheus
      reaches no replica.
    action: >-
      kubectl -n {{ .root.Release.Namespace }} get pods,lease; the log of the replicas says what keeps them from leading
- alert: EncOperatorBlind
  expr: max by (namespace, pod, collection) (enc_watch_age_seconds{ {{- .of -}} }) > 150
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: enc-operator does not see {{ `{{ $labels.collection }}` }}
    description: >-
      The API server has said nothing of {{ `{{ $labels.collection }}` }} to {{ `{{ $labels.pod }}` }} for {{ `{{ $value | humanizeDuration }}` }}. What
      changes there is not acted upon, a revoked grant included.
    action: >-
      Read the pod's log for the call that fails: a missing right (is the chart's ClusterRole as it was?), a network policy, an
      API server with too much to do
- alert: EncOperatorFenceNotHeld
  expr: max by (namespace, pod) (enc_fence_holds{ {{- .of -}} }) == 0
  for: 3m
  labels: {severity: critical}
  annotations:
    summary: The fence around enc-operator does not hold
    description: >-
      The API server did not refuse to {{ `{{ $labels.pod }}` }} what the fence must refuse, or could not be asked. The operator writes nothing until
      it does; a stolen token of it could write any Role.
    action: >-
      helm test {{ .root.Release.Name }} -n {{ .root.Release.Namespace }} says which policy; helm upgrade installs it again. Find out who changed it
- alert: EncOperatorWritesRefused
  expr: max by (namespace) (enc_namespaces_failing{ {{- .of -}} }) > 0
  for: 5m
  labels: {severity: warning}
  annotations:
    summary: Writes of Roles are refused in {{ `{{ $value }}` }} namespaces
    description: >-
      Agents there lack permissions that they are to have, or keep some that they are not to have.
    action: >-
      kubectl get agenttargets -A -o yaml: the condition PermissionsWritten has the API server's words (a quota, a policy, a Role of
      somebody else's under our name)
- alert: EncOperatorNotConverged
  expr: enc_converged{ {{- .of -}} } == 0 and on (namespace, pod) enc_leader{ {{- .of -}} } == 1
  for: 10m
  labels: {severity: warning}
  annotations:
    summary: enc-operator has not come to an end for ten minutes
    description: >-
      Something that {{ `{{ $labels.pod }}` }} knows of is not written yet.
    action: >-
      Read its log, and look for EncOperatorWritesRefused, EncOperatorAccessUnanswered and EncOperatorFenceNotHeld
- alert: EncOperatorSlow
  expr: histogram_quantile(0.99, sum by (namespace, le) (rate(enc_convergence_seconds_bucket{ {{- .of -}} }[10m]))) > 10
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: Permissions come late
    description: >-
      One change in a hundred takes more than {{ `{{ $value | humanizeDuration }}` }} until its Roles are written. An Agent that asks earlier fails, and
      asks again only when its pod changes.
    action: >-
      Compare with the API server's latency and the operator's CPU limit (resources)
- alert: EncOperatorAccessUnanswered
  expr: max by (namespace) (enc_access_unanswered{ {{- .of -}} }) > 0
  for: 10m
  labels: {severity: warning}
  annotations:
    summary: Questions to RBAC have no answer
    description: >-
      {{ `{{ $value }}` }} references wait for the API server to say whether a pod's own ServiceAccount may get a Secret; until then they are denied.
    action: >-
      Read the operator's log for subjectaccessreviews; see that its ClusterRole may still create them
- alert: EncReferencesCapped
  expr: max by (namespace) (enc_objects_capped{ {{- .of -}} }) > 0
  for: 10m
  labels: {severity: warning}
  annotations:
    summary: Objects hold more references than the caps allow
    description: >-
      Nothing is given for {{ `{{ $value }}` }} objects. That is a mistake in a template, somebody who tries out names, or a cap that is too small.
    action: >-
      kubectl get agenttargets -A -o yaml: the condition ReferencesAllowed names the objects; raise caps.referencesPerObject or .referencesPerNamespace if they are right
- alert: EncReferencesResidual
  expr: max by (namespace, component) (enc_references{ {{- .of }}, decision="residual"}) > 0
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: Refused references resolve all the same
    description: >-
      {{ `{{ $value }}` }} references of the component {{ `{{ $labels.component }}` }} are refused, but the same Agent reads their Secret for an allowed
      one. RBAC cannot tell them apart.
    action: >-
      kubectl get events -A --field-selector reason=ReferenceResidual; grant them, or have them removed
{{- if $enforcing }}
- alert: EncUnauthorizedStands
  expr: max by (namespace, kind, code) (enc_references_unauthorized{ {{- .of -}} }) > 0
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: What the webhook would refuse stands in the cluster
    description: >-
      {{ `{{ $value }}` }} references or texts in objects of the kind {{ `{{ $labels.kind }}` }} ({{ `{{ $labels.code }}` }}) came in before the webhook
      enforced, or past it.
    action: >-
      kubectl get events -A --field-selector reason=ReferenceDenied (and TextRefused): each has the grant that would allow it
{{- else }}
- alert: EncReferencesDenied
  expr: max by (namespace, kind, code) (enc_references_unauthorized{ {{- .of -}} }) > 0
  for: 1h
  labels: {severity: info}
  annotations:
    summary: References are refused
    description: >-
      {{ `{{ $value }}` }} references or texts in objects of the kind {{ `{{ $labels.kind }}` }} may not be used ({{ `{{ $labels.code }}` }}); their checks
      stay silent.
    action: >-
      kubectl get events -A --field-selector reason=ReferenceDenied (and TextRefused): each has the grant that would allow it
{{- end }}
{{- end -}}
