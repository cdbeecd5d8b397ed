"""The RBAC evaluator: subjects, rules, bindings, aggregation, as the API server reads them."""

import pytest

from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import BindingFact, Question, RoleFact, Rule, Selector, Subject
from enc_operator.core.rbac.evaluation import Evaluator
from enc_operator.core.syntax import Source

WHERE = Where(Source("f"), ObjectRef("Role", "db", "r"))
QUESTION = Question("shop", "web", "db", "orders")
GET = Rule(("get",), ("",), ("secrets",))
ME = Subject("ServiceAccount", "web", "shop")


def role(*rules: Rule, namespace: str = "db", name: str = "r") -> RoleFact:
    """Return a Role, or with an empty namespace a ClusterRole."""
    return RoleFact(WHERE, namespace, name, rules)


def binding(
    *subjects: Subject, kind: str = "Role", namespace: str = "db", role_name: str = "r"
) -> BindingFact:
    """Return a binding of the role."""
    return BindingFact(WHERE, namespace, "b", kind, role_name, subjects)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(GET, True, id="every Secret of the namespace"),
        pytest.param(Rule(("get",), ("",), ("secrets",), ("orders",)), True, id="this Secret by name"),
        pytest.param(Rule(("get",), ("",), ("secrets",), ("other",)), False, id="another Secret by name"),
        pytest.param(Rule(("*",), ("*",), ("*",)), True, id="wildcards"),
        pytest.param(Rule(("list", "watch"), ("",), ("secrets",)), False, id="another verb"),
        pytest.param(Rule(("get",), ("apps",), ("secrets",)), False, id="another API group"),
        pytest.param(Rule(("get",), ("",), ("configmaps",)), False, id="another resource"),
        pytest.param(Rule(("get",), ("",), ("secrets/status",)), False, id="a subresource only"),
        pytest.param(Rule(("get",), (), ("secrets",)), False, id="no API group at all"),
    ],
)
def test_rules(rule: Rule, *, expected: bool) -> None:
    """A rule allows what its verbs, groups, resources and names cover, and nothing else."""
    assert Evaluator([role(rule)], [binding(ME)]).may_get(QUESTION) is expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(ME, True, id="the ServiceAccount"),
        pytest.param(
            Subject("ServiceAccount", "web"), False, id="without namespace it is the binding's, another one"
        ),
        pytest.param(Subject("ServiceAccount", "other", "shop"), False, id="another ServiceAccount"),
        pytest.param(Subject("ServiceAccount", "web", "other"), False, id="the name in another namespace"),
        pytest.param(Subject("User", "system:serviceaccount:shop:web"), True, id="its user name"),
        pytest.param(Subject("User", "web"), False, id="another user"),
        pytest.param(Subject("Group", "system:serviceaccounts"), True, id="all ServiceAccounts"),
        pytest.param(Subject("Group", "system:serviceaccounts:shop"), True, id="those of its namespace"),
        pytest.param(Subject("Group", "system:serviceaccounts:db"), False, id="those of another namespace"),
        pytest.param(Subject("Group", "system:authenticated"), True, id="everybody who is known"),
        pytest.param(Subject("Group", "system:unauthenticated"), False, id="everybody who is not"),
        pytest.param(Subject("Robot", "web", "shop"), False, id="an unknown kind"),
    ],
)
def test_subjects(subject: Subject, *, expected: bool) -> None:
    """A subject is the ServiceAccount, its user name, or one of its groups."""
    assert Evaluator([role(GET)], [binding(subject)]).may_get(QUESTION) is expected


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        pytest.param(binding(ME), True, id="a RoleBinding of a Role"),
        pytest.param(
            binding(ME, kind="ClusterRole", role_name="c"), True, id="a RoleBinding of a ClusterRole"
        ),
        pytest.param(
            binding(ME, kind="ClusterRole", role_name="c", namespace=""), True, id="a ClusterRoleBinding"
        ),
        pytest.param(
            binding(ME, kind="ClusterRole", role_name="c", namespace="x"),
            False,
            id="bound in another namespace",
        ),
        pytest.param(binding(ME, namespace=""), False, id="a ClusterRoleBinding cannot bind a Role"),
        pytest.param(binding(ME, role_name="gone"), False, id="a role that is not there"),
        pytest.param(binding(), False, id="no subject"),
    ],
)
def test_bindings(bound: BindingFact, *, expected: bool) -> None:
    """A binding gives its role in its namespace, a ClusterRoleBinding everywhere."""
    roles = [role(GET), role(GET, namespace="", name="c")]

    assert Evaluator(roles, [bound]).may_get(QUESTION) is expected


def test_of_two_bindings_under_one_name_the_later_counts() -> None:
    """The second of two files that are applied replaces what the first one bound."""
    earlier, later = binding(ME), binding(Subject("ServiceAccount", "other", "shop"))

    assert not Evaluator([role(GET)], [earlier, later]).may_get(QUESTION)
    assert Evaluator([role(GET)], [later, earlier]).may_get(QUESTION)


OWN = Rule(("*",), ("*",), ("*",))
BOUND = binding(ME, kind="ClusterRole", role_name="all", namespace="")


def aggregated(
    *selectors: Selector,
    name: str = "all",
    labels: dict[str, str] | None = None,
    own: tuple[Rule, ...] = (OWN,),
) -> RoleFact:
    """Return an aggregated ClusterRole, whose own rules the controller overwrites with what it gathers."""
    return RoleFact(WHERE, "", name, own, labels or {}, selectors)


def test_aggregation() -> None:
    """An aggregated ClusterRole has the rules of those that it selects, through others too; its own do not count."""
    leaf = RoleFact(WHERE, "", "leaf", (GET,), {"to": "middle"})
    middle = aggregated(Selector({"to": "middle"}), name="middle", labels={"to": "all"})
    top = aggregated(Selector({"to": "all"}))

    part = binding(ME, kind="ClusterRole", role_name="middle")

    evaluator = Evaluator([top, middle, leaf], [BOUND, part])
    assert evaluator.may_get(QUESTION)
    assert not evaluator.may("delete", ("shop", "web"), "db", "orders")


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param([aggregated(Selector({"to": "all"}))], True, id="nothing is selected"),
        pytest.param(
            [aggregated(Selector({"to": "all"})), RoleFact(WHERE, "", "empty", (), {"to": "all"})],
            True,
            id="what is selected has no rules",
        ),
        pytest.param(
            [aggregated(Selector({"to": "all"}), labels={"to": "all"})], True, id="it selects itself"
        ),
        pytest.param(
            [
                aggregated(Selector({"to": "all"}), own=()),
                aggregated(Selector({"to": "nothing"}), name="middle", labels={"to": "all"}),
            ],
            True,
            id="another that gathers nothing is selected",
        ),
        pytest.param(
            [
                aggregated(Selector({"to": "all"})),
                aggregated(Selector({"to": "no"}), name="middle", labels={"to": "all"}, own=(GET,)),
            ],
            False,
            id="what is selected keeps its own and gives them",
        ),
    ],
)
def test_rules_stay_where_there_is_nothing_to_gather(roles: list[RoleFact], *, expected: bool) -> None:
    """The controller takes rules away only when it has others, so an aggregated ClusterRole may keep its own."""
    assert Evaluator(roles, [BOUND]).may("delete", ("shop", "web"), "db", "orders") is expected


def test_a_role_aggregates_nothing() -> None:
    """The API server drops the aggregationRule of a Role, whose own rules count."""
    everything = RoleFact(WHERE, "", "all", (OWN,))
    selecting = RoleFact(WHERE, "db", "r", (GET,), aggregates=(Selector(),))

    evaluator = Evaluator([everything, selecting], [binding(ME)])
    assert evaluator.may_get(QUESTION)
    assert not evaluator.may("delete", ("shop", "web"), "db", "orders")


def test_aggregation_in_a_circle_ends() -> None:
    """Which rules of ClusterRoles that select each other stay is a race, so none of their own count."""
    one = aggregated(Selector({"to": "one"}), name="all", labels={"to": "two"})
    two = aggregated(Selector({"to": "two"}), name="two", labels={"to": "one"})

    assert not Evaluator([one, two], [BOUND]).may_get(QUESTION)
