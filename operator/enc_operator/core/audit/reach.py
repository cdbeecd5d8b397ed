"""What a rule of RBAC comes to, for whoever wants to read Secrets.

Not counted, since they need a pod that already holds the Secret: `pods/exec`, `nodes/proxy`, creating pods or workloads.
"""

from collections.abc import Iterable, Iterator

from enc_operator.core.audit.changes import BUILT_IN
from enc_operator.core.audit.model import EVERY_VERB
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import RoleFact, Rule
from enc_operator.core.rbac.evaluation import Given, allows
from enc_operator.core.syntax import Source

READING_VERBS = ("get", "list", "watch", "patch", "deletecollection")
"""The verbs whose answer holds a Secret's content: the API server answers a patch with the whole object and the deletion of a
collection with the objects, also on a dry run."""

_RBAC = "rbac.authorization.k8s.io"
_ROLES = ("roles", "clusterroles")
_BINDINGS = ("rolebindings", "clusterrolebindings")
_WRITING = ("create", "update", "patch")


def reading_verbs(rule: Rule) -> tuple[str, ...]:
    """Return the verbs with which a rule shows what Secrets hold; `*` stands for all."""
    if EVERY_VERB in rule.verbs and allows(rule, "get", "", "secrets"):
        return (EVERY_VERB,)
    return tuple(verb for verb in READING_VERBS if allows(rule, verb, "", "secrets"))


def amounts_to(given: Given, others: Iterable[Given]) -> Iterator[str]:
    """Yield how a rule lets a ServiceAccount read Secrets without a verb on Secrets; `others` are all its rules.

    Source: the API server's impersonation filter, its TokenRequest, and RBAC's escalation check (`pkg/registry/rbac`).
    """
    rule, scope = given.rule, given.scope
    kinds = [kind for kind in ("users", "groups") if not scope and allows(rule, "impersonate", "", kind)]
    if allows(rule, "impersonate", "", "serviceaccounts"):
        kinds.append("serviceaccounts")
    if kinds:
        yield f"impersonate {_which(rule, ', '.join(kinds))}: it reads what they may read"
    if allows(rule, "create", "", "serviceaccounts/token"):
        yield f"create tokens of {_which(rule, 'serviceaccounts')}: it reads what they may read"
    if _any(rule, ("escalate",), _ROLES) and _with(given, others, _ROLES):
        yield "escalate: it may write rules into roles that it does not have itself"
    if _any(rule, ("bind",), _ROLES) and _with(given, others, _BINDINGS):
        yield f"bind: it may bind itself {_which(rule, 'roles')}"


def _which(rule: Rule, kind: str) -> str:
    return f"the {kind} {', '.join(rule.names)}" if rule.names else f"all {kind}"


def _any(rule: Rule, verbs: tuple[str, ...], resources: tuple[str, ...]) -> bool:
    return any(allows(rule, verb, _RBAC, resource) for verb in verbs for resource in resources)


def _with(given: Given, others: Iterable[Given], resources: tuple[str, ...]) -> bool:
    """Tell whether the ServiceAccount may also write what the rule lets it widen, where both hold."""
    return any(
        _any(other.rule, _WRITING, resources)
        for other in others
        if "" in (given.scope, other.scope) or given.scope == other.scope
    )


def _built_in(name: str, *rules: Rule) -> RoleFact:
    return RoleFact(Where(Source(BUILT_IN), ObjectRef("ClusterRole", "", name)), "", name, rules)


_ALL = ("*",)
_SECRETS = ("get", "list", "watch", "create", "delete", "deletecollection", "patch", "update")
_EDITS = (
    Rule(_SECRETS, ("",), ("secrets",)),
    Rule(("impersonate",), ("",), ("serviceaccounts",), index=1),
    Rule(("create",), ("",), ("serviceaccounts/token",), index=2),
)
BUILT_IN_ROLES = (
    _built_in("cluster-admin", Rule(_ALL, _ALL, _ALL)),
    _built_in("admin", *_EDITS),
    _built_in("edit", *_EDITS),
    _built_in("view"),
    _built_in("system:auth-delegator"),
    _built_in("system:basic-user"),
    _built_in("system:discovery"),
    _built_in("system:public-info-viewer"),
    _built_in("system:service-account-issuer-discovery"),
    _built_in("system:monitoring"),
)
"""ClusterRoles that the API server brings, as far as Secrets go (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy`); a
manifest of the same name counts instead."""
BUILT_IN_NO_READERS = frozenset({("kube-system", "extension-apiserver-authentication-reader")})
"""Roles that the API server brings and that read no Secret."""
