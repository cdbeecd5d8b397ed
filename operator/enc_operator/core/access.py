"""May this referrer use this Secret? The decision, as a value.

In this order: the same namespace; a grant by the Secret's owner or the cluster's; for pods, the pod's own ServiceAccount by
RBAC. What cannot be known yet and could change the answer is denied. The answer is the same whether or not the Secret exists.
Asking the API server does not belong here: `questions` lists what to ask, the answers come in as values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from enc_operator.core.inventory import GrantFact, GrantFrom, GrantTo, Question, Selector
from enc_operator.core.references.model import Referrer, ReferrerKind, SecretTarget

NAME_LABEL = "kubernetes.io/metadata.name"
"""The one namespace label that the API server sets itself (KEP-2161)."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may; `why` names the rule or the grant.

    `as_pod` says that it may because a pod there could read the Secret anyway: who cannot make pods has no such right.
    """

    why: str
    as_pod: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Denied:
    """It may not; `fix` names exactly what would allow it."""

    code: str
    message: str
    fix: str


Decision = Allowed | Denied


@dataclass(frozen=True, slots=True)
class Authority:
    """What decides: the grants, the labels of namespaces and which of them count, the answers by RBAC, and the time.

    `deputies` are ServiceAccounts (namespace, name) that read for others, for whom RBAC says nothing about the referrer.
    """

    grants: Sequence[GrantFact]
    namespaces: Mapping[str, Mapping[str, str]]
    trusted_labels: frozenset[str]
    answers: Mapping[Question, bool]
    deputies: frozenset[tuple[str, str]]
    now: datetime
    by_secret: Mapping[str, Sequence[tuple[GrantFact, GrantTo]]] = field(default_factory=dict)

    @staticmethod
    def of(
        grants: Iterable[GrantFact],
        namespaces: Mapping[str, Mapping[str, str]],
        trusted_labels: frozenset[str],
        answers: Mapping[Question, bool],
        deputies: frozenset[tuple[str, str]],
        now: datetime,
    ) -> "Authority":
        """Index the grants that are in force by the name of the Secret that they open."""
        valid = sorted(
            (grant for grant in grants if grant.expires is None or now < grant.expires),
            key=lambda grant: (grant.namespace, grant.name),
        )
        index: dict[str, list[tuple[GrantFact, GrantTo]]] = {}
        for grant in valid:
            for opened in grant.opens:
                index.setdefault(opened.secret_name, []).append((grant, opened))
        return Authority(valid, namespaces, trusted_labels, answers, deputies, now, index)


def question_of(referrer: Referrer, target: SecretTarget, authority: Authority) -> Question | None:
    """Return what to ask of RBAC for a pod whose reference neither its namespace nor a grant allows."""
    if referrer.kind is not ReferrerKind.POD or target.name is None or not referrer.service_account:
        return None
    if (referrer.namespace, referrer.service_account) in authority.deputies:
        return None
    if isinstance(_by_consent(referrer, target, authority), Allowed):
        return None
    return Question(referrer.namespace, referrer.service_account, target.namespace, target.name)


def decide(referrer: Referrer, target: SecretTarget, authority: Authority) -> Decision:
    """Decide whether a referrer may use a key of a Secret."""
    if referrer.kind is ReferrerKind.OUTSIDE:
        return Allowed("outside Kubernetes")
    if target.volume is not None and referrer.kind is not ReferrerKind.AGENT:
        refused = _refused_by_volume(referrer, target, authority)
        if refused:
            return refused
    consented = _by_consent(referrer, target, authority)
    if consented:
        return consented
    question = question_of(referrer, target, authority)
    if question and authority.answers.get(question, False):
        account = f"{referrer.namespace}/{referrer.service_account}"
        return Allowed(f"RBAC lets the pod's own ServiceAccount {account} get it", as_pod=True)
    return _denied(referrer, target, authority)


def _by_consent(referrer: Referrer, target: SecretTarget, authority: Authority) -> Allowed | None:
    if referrer.namespace == target.namespace:
        return Allowed("same namespace", as_pod=True)
    for grant, opened in authority.by_secret.get(target.name or "", ()):
        if _opens(opened, target, authority) and any(
            _admits(who, referrer, authority) for who in grant.admits
        ):
            kind = "SecretGrant" if grant.namespace else "ClusterSecretGrant"
            return Allowed(f"{kind} {grant.namespace + '/' if grant.namespace else ''}{grant.name}")
    return None


def _opens(opened: GrantTo, target: SecretTarget, authority: Authority) -> bool:
    """Tell whether a grant's item opens the key; an undetermined key needs all of them."""
    if "*" not in opened.keys and (target.key is None or target.key not in opened.keys):
        return False
    if opened.selector is not None:
        return matches_namespace(opened.selector, target.namespace, authority)
    return "*" in opened.namespaces or target.namespace in opened.namespaces


def _admits(who: GrantFrom, referrer: Referrer, authority: Authority) -> bool:
    """Tell whether a grant's item admits the referrer; a Service has no ServiceAccount, so it needs `*`."""
    if referrer.kind is ReferrerKind.AGENT:
        return who.agent_namespace == referrer.namespace
    if who.agent_namespace is not None:
        return False
    account = referrer.service_account if referrer.kind is ReferrerKind.POD else ""
    if "*" not in who.service_accounts and (not account or account not in who.service_accounts):
        return False
    if who.selector is not None:
        return matches_namespace(who.selector, referrer.namespace, authority)
    return who.namespace == referrer.namespace


def matches_namespace(selector: Selector, namespace: str, authority: Authority) -> bool:
    """Tell whether a selector matches a namespace by labels that its tenants cannot change.

    `namespaces/status` is enough to change labels, so only the name's label and those that the install trusts count; a
    requirement on any other key matches nothing. A selector without a requirement matches nothing.
    """
    keys = {*selector.labels, *(key for key, _, _ in selector.expressions)}
    if not keys or not all(key == NAME_LABEL or key in authority.trusted_labels for key in keys):
        return False
    if namespace not in authority.namespaces and keys != {NAME_LABEL}:
        return False  # labels that nobody shows could be any
    return selector.matches({**authority.namespaces.get(namespace, {}), NAME_LABEL: namespace})


def _refused_by_volume(referrer: Referrer, target: SecretTarget, authority: Authority) -> Denied | None:
    volume = target.volume
    if volume is None or any(_admits(who, referrer, authority) for who in volume.allowed_from):
        return None
    return Denied(
        "file-refused",
        f"the secret volume {volume.name} is not open to {referrer}",
        f"add {_from_text(referrer)} to the volume's allowedFrom in the AgentTarget",
    )


def _denied(referrer: Referrer, target: SecretTarget, authority: Authority) -> Denied:
    if target.name is None:
        what = f"which Secret of namespace {target.namespace} it is, is only known when the pod runs"
        return Denied(
            "handle-undetermined",
            what,
            "write the Secret's name out, or keep the Secret in the pod's own namespace",
        )
    keys = f'["{target.key}"]' if target.key else '["*"]'
    grant = (
        f"in namespace {target.namespace}, apply a SecretGrant with spec: "
        f"{{from: [{_from_text(referrer)}], to: [{{secretName: {target.name}, keys: {keys}}}]}}"
    )
    message = f"{referrer} may not use Secret {target.namespace}/{target.name}"
    return Denied("access-denied", message, grant + _role_text(referrer, target, authority))


def _from_text(referrer: Referrer) -> str:
    if referrer.kind is ReferrerKind.AGENT:
        return f"{{agent: {{namespace: {referrer.namespace}}}}}"
    account = (
        referrer.service_account if referrer.kind is ReferrerKind.POD and referrer.service_account else '"*"'
    )
    return f"{{namespace: {referrer.namespace}, serviceAccounts: [{account}]}}"


def _role_text(referrer: Referrer, target: SecretTarget, authority: Authority) -> str:
    """Return what RBAC could say instead; for an Agent's own ServiceAccount it is never asked."""
    if referrer.kind is not ReferrerKind.POD or not referrer.service_account:
        return ""
    if (referrer.namespace, referrer.service_account) in authority.deputies:
        return ""
    return (
        f"; or let ServiceAccount {referrer.namespace}/{referrer.service_account} `get` secrets "
        f'with resourceNames ["{target.name}"] by a Role there'
    )
