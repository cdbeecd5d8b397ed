"""What a rule comes to: verbs that show a Secret's content, and other verbs that come to the same."""

import pytest

from enc_operator.core.audit.reach import BUILT_IN_ROLES, amounts_to, reading_verbs
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import BindingFact, RoleFact, Rule, Subject
from enc_operator.core.rbac.evaluation import Given
from enc_operator.core.syntax import Source

RBAC = ("rbac.authorization.k8s.io",)
CORE = ("",)
ROLES = ("clusterroles",)


@pytest.mark.parametrize(
    ("rule", "verbs"),
    [
        pytest.param(Rule(("get",), CORE, ("secrets",)), ("get",), id="get"),
        pytest.param(
            Rule(("watch", "list"), CORE, ("pods", "secrets")), ("list", "watch"), id="list and watch"
        ),
        pytest.param(Rule(("*",), ("*",), ("*",)), ("*",), id="wildcards"),
        pytest.param(Rule(("*",), CORE, ("secrets",), ("a",)), ("*",), id="every verb on one Secret"),
        pytest.param(
            Rule(("patch",), CORE, ("secrets",)), ("patch",), id="a patch is answered with the whole"
        ),
        pytest.param(
            Rule(("deletecollection",), CORE, ("*",)), ("deletecollection",), id="so is the deletion of all"
        ),
        pytest.param(
            Rule(("update", "create", "delete"), CORE, ("secrets",)), (), id="writing shows nothing"
        ),
        pytest.param(Rule(("get",), ("apps",), ("*",)), (), id="another API group"),
        pytest.param(Rule(("*",), CORE, ("secrets/x",)), (), id="a subresource"),
    ],
)
def test_reading_verbs(rule: Rule, verbs: tuple[str, ...]) -> None:
    """The verbs with which a rule shows Secrets, as a real API server answers them."""
    assert reading_verbs(rule) == verbs


def given(rule: Rule, scope: str = "") -> Given:
    """Return a rule as a binding gives it, in a namespace or everywhere."""
    where = Where(Source("f"), ObjectRef("ClusterRole", "", "r"))
    subject = Subject("ServiceAccount", "a", "b")
    binding = BindingFact(where, scope, "b", "ClusterRole", "r", (subject,))
    return Given(RoleFact(where, "", "r", (rule,)), rule, binding, subject)


def rule(verb: str, *resources: str, groups: tuple[str, ...] = CORE, names: tuple[str, ...] = ()) -> Rule:
    """Return a rule with one verb."""
    return Rule((verb,), groups, resources, names)


IMPERSONATE = rule("impersonate", "users", "groups", "serviceaccounts")
TOKEN = rule("create", "serviceaccounts/token")
ESCALATE = rule("escalate", "roles", groups=RBAC)
BIND = rule("bind", "clusterroles", groups=RBAC)
WRITE_ROLES = rule("patch", "roles", groups=RBAC)
WRITE_BINDINGS = rule("create", "rolebindings", groups=RBAC)


@pytest.mark.parametrize(
    ("item", "others", "starts"),
    [
        pytest.param(
            given(IMPERSONATE), (), ["impersonate all users, groups, serviceaccounts"], id="impersonate"
        ),
        pytest.param(
            given(IMPERSONATE, "x"), (), ["impersonate all serviceaccounts"], id="users stand in no namespace"
        ),
        pytest.param(
            given(rule("impersonate", "users", names=("root",))),
            (),
            ["impersonate the users root"],
            id="one user",
        ),
        pytest.param(given(TOKEN), (), ["create tokens of all serviceaccounts"], id="tokens"),
        pytest.param(
            given(rule("create", "*/token", names=("ci",)), "x"),
            (),
            ["create tokens of the serviceaccounts ci"],
            id="tokens of one, by a wildcard",
        ),
        pytest.param(given(ESCALATE), (), [], id="escalate alone does nothing"),
        pytest.param(given(ESCALATE), (given(WRITE_ROLES),), ["escalate"], id="escalate and write roles"),
        pytest.param(
            given(ESCALATE, "x"), (given(WRITE_ROLES, "y"),), [], id="roles are written in another namespace"
        ),
        pytest.param(
            given(ESCALATE, "x"), (given(WRITE_ROLES, "x"),), ["escalate"], id="roles of the same namespace"
        ),
        pytest.param(given(BIND), (), [], id="bind alone does nothing"),
        pytest.param(given(BIND), (given(WRITE_BINDINGS, "x"),), ["bind"], id="bind and make bindings"),
        pytest.param(given(rule("get", "pods")), (), [], id="nothing of all this"),
        pytest.param(given(rule("create", "pods/exec")), (), [], id="a shell in a pod is not counted"),
    ],
)
def test_amounts_to(item: Given, others: tuple[Given, ...], starts: list[str]) -> None:
    """What lets a ServiceAccount read Secrets without a verb on Secrets, given its other rules."""
    found = list(amounts_to(item, others))

    assert len(found) == len(starts)
    assert all(text.startswith(start) for text, start in zip(found, starts, strict=True))


def test_cluster_admin() -> None:
    """Who may do everything may do all of these."""
    everything = given(Rule(("*",), ("*",), ("*",)))

    assert len(list(amounts_to(everything, [everything]))) == 4


def test_built_in() -> None:
    """Of the API server's own roles, those that read Secrets are known to."""
    readers = {role.name for role in BUILT_IN_ROLES if any(map(reading_verbs, role.rules))}

    assert readers == {"cluster-admin", "admin", "edit"}
