"""Which rules a ServiceAccount has, and what gives them."""

from agent_manifests import agent
from assessing import inventory_of
from chart_shapes import binding, bound, manifest, rule
from enc_operator.core.rbac.evaluation import Evaluator

ME = {"kind": "ServiceAccount", "name": "node", "namespace": "dd"}
ALL = {"kind": "Group", "name": "system:authenticated"}
GET, LIST = rule("get"), rule("list")


def given(*texts: str) -> list[tuple[str, int, str, str]]:
    """Return role, rule's index, scope and subject of all that dd/node has."""
    inventory = inventory_of(agent(), *texts)
    found = Evaluator(inventory.roles, inventory.bindings).given_to(("dd", "node"))
    return [(item.role.name, item.rule.index, item.scope, item.subject.kind) for item in found]


def test_order() -> None:
    """Cluster-wide rules come first, then those of each namespace."""
    named = bound("shop", "named", [GET, LIST], "node", home="dd")
    wide = bound("", "wide", [GET], "node", home="dd")

    assert given(*named, *wide) == [
        ("wide", 0, "", "ServiceAccount"),
        ("named", 0, "shop", "ServiceAccount"),
        ("named", 1, "shop", "ServiceAccount"),
    ]


def test_once() -> None:
    """A subject that is named twice has a rule once; the same rule written twice is two."""
    role = manifest("Role", "shop", "r", {}, rules=[GET, GET])

    assert given(role, binding("shop", "b", "Role", "r", [ALL, ME])) == [
        ("r", 0, "shop", "ServiceAccount"),
        ("r", 1, "shop", "ServiceAccount"),
    ]


def test_aggregated() -> None:
    """Of an aggregated ClusterRole, the member that states a rule is named."""
    selector = {"clusterRoleSelectors": [{"matchLabels": {"part": "yes"}}]}
    whole = manifest("ClusterRole", "", "whole", {}, rules=[], aggregationRule=selector)
    part = manifest("ClusterRole", "", "part", {"part": "yes"}, rules=[LIST, GET])

    assert given(whole, part, binding("", "b", "ClusterRole", "whole", [ME])) == [
        ("part", 0, "", "ServiceAccount"),
        ("part", 1, "", "ServiceAccount"),
    ]


def test_index_skips_nothing() -> None:
    """A rule that cannot be read keeps its place: the index is the manifest's."""
    broken = {**GET, "resourceNames": [1]}

    assert given(*bound("shop", "r", [broken, GET], "node", home="dd")) == [
        ("r", 1, "shop", "ServiceAccount")
    ]


def test_unknown_roles() -> None:
    """A binding whose role is not known is listed once; a ClusterRoleBinding of a Role binds nothing."""
    texts = [
        binding("", "a", "ClusterRole", "gone", [ME, ALL]),
        binding("", "b", "Role", "r", [ME]),
        *bound("shop", "known", [GET], "node", home="dd"),
    ]
    inventory = inventory_of(*texts)
    found = Evaluator(inventory.roles, inventory.bindings).unknown_to(("dd", "node"))

    assert [item.name for item in found] == ["a", "b"]
