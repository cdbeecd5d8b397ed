"""What to change so that a permission goes away: a value of the vendor's chart, a field of a DatadogAgent, or a rule.

The names of the vendor's roles are those of its Helm chart (`charts/datadog/templates/*rbac.yaml`) and of datadog-operator
(`internal/controller/datadogagent`). What a permission comes to does not belong here (reach).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from enc_operator.core.inventory import RoleFact, Rule, Subject
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.rbac.evaluation import Given

Value = bool | tuple[str, ...]
BUILT_IN = "<built in>"
"""What stands for the file of a role that the API server brings."""
_CHART = "helm.sh/chart"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_INSTANCE = "app.kubernetes.io/instance"
_OPERATOR = "datadog-operator"
_DATADOG_CHART = re.compile(r"datadog-\d")
_SIDECAR_SECRET = ("datadog-secret",)


@dataclass(frozen=True, slots=True)
class Change:
    """What to do about a permission.

    `owner` says whose `setting` (a dotted path) gets the `value`, where the vendor has one. `loses` is what of the Agent stops
    working with it, `purpose` the feature of the Agent itself for which it has the permission. `keeps` says that the Secrets
    that are needed stay readable by the same rule.
    """

    text: str
    owner: str = ""
    setting: str = ""
    value: Value = False
    loses: str = ""
    purpose: str = ""
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class _Setting:
    """A setting of the vendor's, by the kind of the role that it makes and a part of that role's name."""

    kind: str
    fragment: str
    path: str
    value: Value = False
    loses: str = ""
    purpose: str = ""


_GLOBAL = _Setting("ClusterRole", "", "datadog.secretBackend.enableGlobalPermissions")
_METRICS = "the metrics kubernetes_state.secret.*"
_HELM = "the check of Helm releases"
_WEBHOOK = "its admission controller keeps its certificate in a Secret of its own namespace"
_SIDECAR = "it copies that Secret for the sidecars that it injects"
_OF_CHART = (
    _Setting("ClusterRole", "-ksm-core", "datadog.kubeStateMetricsCore.collectSecretMetrics", loses=_METRICS),
    _Setting("ClusterRole", "-helm-check", "datadog.helmCheck.enabled", loses=_HELM),
    _Setting("Role", "-secret-reader-", "datadog.secretBackend.roles", ()),
    _Setting("Role", "-cluster-agent-main", "clusterAgent.admissionController.enabled", purpose=_WEBHOOK),
    _Setting(
        "Role",
        "-dca-flare",
        "clusterAgent.rbac.flareAdditionalPermissions",
        purpose="its flares show the values of its own release, which Helm keeps in Secrets",
    ),
    _Setting(
        "Role",
        "-private-action-runner",
        "clusterAgent.privateActionRunner.enabled",
        purpose="its private action runner keeps its identity in a Secret",
    ),
)
_OF_CHART_SIDECARS = _Setting(
    "ClusterRole", "", "clusterAgent.admissionController.agentSidecarInjection.enabled", purpose=_SIDECAR
)
_OF_OPERATOR = (
    _Setting("ClusterRole", "-secret-backend", "spec.global.secretBackend.enableGlobalPermissions"),
    _Setting("Role", "-secret-backend", "spec.global.secretBackend.roles", ()),
    _Setting(
        "ClusterRole",
        "-ksm-core-",
        "spec.features.kubeStateMetricsCore.collectSecretMetrics",
        loses=_METRICS,
    ),
    _Setting("ClusterRole", "-helm-check-", "spec.features.helmCheck.enabled", loses=_HELM),
)
_OF_OPERATOR_WEBHOOK = _Setting("Role", "", "spec.features.admissionController.enabled", purpose=_WEBHOOK)


def change_of(given: Given, needed: Iterable[str] = (), *, shared: bool = False) -> Change:
    """Return what to change about a permission, of which the Secrets in `needed` are needed.

    `shared` says that others hold the role too, and would lose what they may need.
    """
    kept = tuple(needed)
    labels = given.role.labels
    if MANAGED_BY in labels:
        return _ours(given)
    if _DATADOG_CHART.match(labels.get(_CHART, "")):
        release = labels.get(_INSTANCE, "")
        owner = f"the values of Helm release {release} (chart {labels[_CHART]})"
        found = _setting_of_chart(given.role, given.rule)
    elif labels.get(_MANAGED_BY) == _OPERATOR:
        owner = _datadog_agent(given, labels)
        found = _setting_of_operator(given.role, given.rule)
    else:
        return _edit(given, kept, shared)
    return _set(given, owner, found, kept) if found else _edit(given, kept, shared)


def _ours(given: Given) -> Change:
    """Return what to do about a Role of enc-operator's own: what is planned holds only what is needed."""
    text = f"apply the plan again, or delete {given.role.where.ref} and its binding: no reference asks for all of it any more"
    return Change(text, keeps=True)


def _setting_of_chart(role: RoleFact, rule: Rule) -> _Setting | None:
    if rule.names == _SIDECAR_SECRET and not role.namespace:
        return _OF_CHART_SIDECARS
    return _named(role, _OF_CHART) or (_GLOBAL if not role.namespace and _gets_all(rule) else None)


def _setting_of_operator(role: RoleFact, rule: Rule) -> _Setting | None:
    if rule.names == _SIDECAR_SECRET and not role.namespace:
        return _Setting("ClusterRole", "", "", purpose=_SIDECAR)
    webhook = bool(role.namespace) and not rule.names and "create" in rule.verbs
    return _named(role, _OF_OPERATOR) or (_OF_OPERATOR_WEBHOOK if webhook else None)


def _gets_all(rule: Rule) -> bool:
    return (rule.verbs, rule.resources, rule.names) == (("get",), ("secrets",), ())


def _named(role: RoleFact, settings: Iterable[_Setting]) -> _Setting | None:
    kind = "Role" if role.namespace else "ClusterRole"
    return next((item for item in settings if item.kind == kind and item.fragment in role.name), None)


def _datadog_agent(given: Given, labels: Mapping[str, str]) -> str:
    name = labels.get("agent.datadoghq.com/name", "")
    return f"the DatadogAgent {given.subject.namespace}/{name}" if name else "the DatadogAgent"


def _set(given: Given, owner: str, setting: _Setting, kept: tuple[str, ...]) -> Change:
    if setting.value == () and kept and set(given.rule.verbs) == {"get"}:
        unneeded = ", ".join(name for name in given.rule.names if name not in kept)
        text = f"in {owner}, take {unneeded} of namespace {given.scope} out of {setting.path}"
        return Change(text, owner, keeps=True)
    if not setting.path:
        return Change(f"nothing: {owner} always gives it", owner, purpose=setting.purpose)
    shown = "[]" if setting.value == () else "false"
    text = f"in {owner}, set {setting.path}: {shown}"
    return Change(text, owner, setting.path, setting.value, setting.loses, setting.purpose)


def _edit(given: Given, kept: tuple[str, ...], shared: bool) -> Change:  # noqa: FBT001
    """Return what to edit where no setting of the vendor's makes the rule."""
    role, binding, rule = given.role, given.binding, given.rule
    made_by = role.labels.get(_CHART, "")
    source = f" (chart {made_by})" if made_by else ""
    if given.subject.kind != "ServiceAccount" or role.where.source.file == BUILT_IN:
        return Change(f"take {_subject(given.subject)} out of the subjects of {binding.where.ref}")
    if shared:
        return Change(
            f"take {_subject(given.subject)} out of the subjects of {binding.where.ref}: others hold {role.where.ref} too"
        )
    place = f"rules[{rule.index}] of {role.where.ref}{source}"
    if kept and given.scope:
        names = ", ".join(kept)
        return Change(f'in {place}, write verbs: ["get"] and resourceNames: [{names}]', keeps=True)
    if len(rule.resources) > 1 and "secrets" in rule.resources:
        return Change(f"take secrets out of {place}")
    return Change(f"remove {place}, or {_subject(given.subject)} from {binding.where.ref}")


def _subject(subject: Subject) -> str:
    return f"{subject.kind} {subject.name}"
