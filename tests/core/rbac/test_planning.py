"""The Roles and RoleBindings that are planned: exact, named apart, stable, split before they grow too large."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.rbac.planning import MAX_NAMES, Need, plan_permissions, role_name

NAMES = st.sampled_from(["a", "b", "c-d", "c"])
NEEDS = st.tuples(st.builds(Need, NAMES, NAMES, NAMES, NAMES), st.integers(1, 3))


def test_objects() -> None:
    """A permission is a Role with `get` on named Secrets and a RoleBinding of one ServiceAccount, both of one name."""
    permission = plan_permissions(
        [(Need("db", "dd", "node", "orders"), 2), (Need("db", "dd", "node", "carts"), 1)]
    )[0]

    role, binding = permission.objects()

    name = role_name("dd", "node")
    labels = {"enc-operator.io/managed-by": "enc-operator", "app.kubernetes.io/managed-by": "enc-operator"}
    annotations = {"enc-operator.io/agent": "dd/node", "enc-operator.io/references": "3"}
    metadata = {"name": name, "namespace": "db", "labels": labels, "annotations": annotations}
    rule = {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": ["carts", "orders"],
        "verbs": ["get"],
    }
    assert role == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata,
        "rules": [rule],
    }
    assert binding == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "node", "namespace": "dd"}],
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("a", "bc"), ("ab", "c"), id="the border between namespace and name moves"),
        pytest.param(("a", "b"), ("b", "a"), id="they change places"),
    ],
)
def test_names_differ(one: tuple[str, str], other: tuple[str, str]) -> None:
    """No two pairs of namespace and ServiceAccount share a Role's name."""
    assert role_name(*one) != role_name(*other)


@given(NAMES, NAMES, st.integers(0, 9))
def test_names_are_what_the_fence_expects(namespace: str, account: str, number: int) -> None:
    """A name is `enc-` and 26 characters of base32."""
    name = role_name(namespace, account, number)

    assert name.startswith("enc-")
    assert len(name) == 30
    assert set(name[4:]) <= set("abcdefghijklmnopqrstuvwxyz234567")


@given(st.lists(NEEDS, max_size=12))
def test_plan_is_exactly_the_needs(needs: list[tuple[Need, int]]) -> None:
    """What is planned is what is needed, nothing more; names of Secrets are sorted and never empty."""
    planned = plan_permissions(needs)

    given_out = {
        Need(item.secret_namespace, item.namespace, item.service_account, name)
        for item in planned
        for name in item.secret_names
    }
    assert given_out == {need for need, _ in needs}
    assert all(
        item.secret_names and list(item.secret_names) == sorted(set(item.secret_names)) for item in planned
    )
    assert sum(item.references for item in planned) == sum(count for _, count in needs)


@given(st.lists(NEEDS, max_size=8).flatmap(lambda needs: st.tuples(st.just(needs), st.permutations(needs))))
def test_plan_is_stable(orders: tuple[list[tuple[Need, int]], list[tuple[Need, int]]]) -> None:
    """The plan is the same whatever order the needs came in."""
    assert plan_permissions(orders[0]) == plan_permissions(orders[1])


def test_large_roles_are_split() -> None:
    """More Secrets than one Role may name make several Roles with names of their own."""
    needs = [(Need("db", "dd", "node", f"s{number:04}"), 1) for number in range(MAX_NAMES * 2 + 1)]

    planned = plan_permissions(needs)

    assert [len(item.secret_names) for item in planned] == [MAX_NAMES, MAX_NAMES, 1]
    assert all(one.name != other.name for one, other in pairwise(planned))
