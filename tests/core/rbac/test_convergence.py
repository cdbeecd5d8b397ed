"""The least writes from what there is to what there should be, in a safe order."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from enc_operator.core.rbac.convergence import Write, Written, converge, read_written
from enc_operator.core.rbac.planning import Need, Permission, plan_permissions

PERMISSION = plan_permissions([(Need("shop", "dd", "node", "db"), 2)])[0]
LIST = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}


def stored(permission: Permission = PERMISSION, install: str = "here") -> list[dict[str, Any]]:
    """Return what an API server holds once the writes are done."""
    writes = [write for step in converge([permission], [], install) for write in step]
    found = [copy.deepcopy(dict(write.manifest or {})) for write in writes]
    for number, manifest in enumerate(found):
        manifest["metadata"] |= {"uid": f"uid-{number}", "resourceVersion": "7"}
    return found


def read(manifests: list[dict[str, Any]]) -> list[Written]:
    """Read them back."""
    return [read_written(manifest["kind"], manifest) for manifest in manifests]


def shown(steps: list[tuple[Write, ...]]) -> list[list[str]]:
    """Return writes as text."""
    return [[f"{write.action} {write.kind}" for write in step] for step in steps]


def test_nothing_there_makes_the_role_and_then_its_binding() -> None:
    """A binding never comes before its Role; both carry the install's label."""
    steps = list(converge([PERMISSION], [], "here"))

    assert shown(steps) == [["create Role", "create RoleBinding"]]
    labels = [write.manifest["metadata"]["labels"] for step in steps for write in step if write.manifest]
    assert (
        labels == [{"enc-operator.io/managed-by": "here", "app.kubernetes.io/managed-by": "enc-operator"}] * 2
    )


def test_what_is_as_it_should_be_is_left_alone() -> None:
    """Also when another number of references asks for it, and with what the API server and the operator add."""
    manifests = stored()
    for manifest in manifests:
        manifest["metadata"]["annotations"] |= {
            "enc-operator.io/references": "9",
            "enc-operator.io/epoch": "3",
        }
        manifest["metadata"]["managedFields"] = [{"manager": "enc-operator"}]
    manifests[1]["subjects"][0]["apiGroup"] = ""

    assert list(converge([PERMISSION], read(manifests), "here")) == []


@pytest.mark.parametrize(("said", "epoch"), [("7", 7), ("", 0), ("x", 0), ("-1", 0), ("9" * 30, 0)], ids=repr)
def test_the_epoch_of_the_writer_is_read(said: str, epoch: int) -> None:
    """What is no number of a Lease counts as none."""
    role = stored()[0]
    role["metadata"]["annotations"]["enc-operator.io/epoch"] = said

    assert read([role])[0].epoch == epoch


def test_a_binding_whose_role_is_gone_goes_before_the_role_is_made_anew() -> None:
    """The Role's name may be somebody else's by now, and what he grants there is not ours to bind."""
    binding = [each for each in read(stored()) if each.kind == "RoleBinding"]

    steps = list(converge([PERMISSION], binding, "here"))

    assert shown(steps) == [["delete RoleBinding", "create Role", "create RoleBinding"]]


def test_what_somebody_holds_is_let_go_before_it_is_deleted() -> None:
    """A finalizer would keep the right that the deletion is to take; the rights themselves are written as they are."""
    held = stored()
    for manifest in held:
        manifest["metadata"] |= {"finalizers": ["example.com/mine"], "ownerReferences": [{"uid": "x"}]}

    (step,) = converge([], read(held), "here")

    assert shown([step]) == [["replace RoleBinding", "replace Role"]]
    freed = [{**(write.manifest or {})} for write in step]
    assert [each["kind"] for each in freed] == ["RoleBinding", "Role"]
    assert all(each["metadata"].keys() == {"namespace", "name", "labels", "annotations"} for each in freed)
    for each in freed:
        each["metadata"] |= {"uid": "uid", "resourceVersion": "8"}
    again = read(freed)
    assert [each.content for each in reversed(again)] == [each.content for each in read(stored())]
    assert shown(list(converge([], again, "here"))) == [["delete RoleBinding", "delete Role"]]


def test_what_nobody_asks_for_goes_binding_first() -> None:
    """With what was seen of it, so that only that is deleted."""
    steps = list(converge([], read(stored()), "here"))

    assert shown(steps) == [["delete RoleBinding", "delete Role"]]
    assert [(write.old.uid, write.old.version) for step in steps for write in step if write.old] == [
        ("uid-1", "7"),
        ("uid-0", "7"),
    ]


def test_what_takes_rights_away_comes_first() -> None:
    """Whatever the names' order is."""
    other = plan_permissions([(Need("shop", "dd", "cluster", "db"), 1)])[0]

    for kept, gone in ((PERMISSION, other), (other, PERMISSION)):
        assert shown(list(converge([kept], read(stored(gone)), "here")))[0][0] == "delete RoleBinding"


def test_half_of_a_pair_that_is_left_goes_too() -> None:
    """A Role without a binding is nobody's."""
    assert shown(list(converge([], read(stored()[:1]), "here"))) == [["delete Role"]]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda role, _: role["rules"].append(LIST), ["replace Role"]),
        (lambda role, _: role["rules"][0]["resourceNames"].append("other"), ["replace Role"]),
        (lambda role, _: role.pop("rules"), ["replace Role"]),
        (lambda role, _: role["metadata"].update(ownerReferences=[{"uid": "x"}]), ["replace Role"]),
        (lambda role, _: role["metadata"]["labels"].pop("app.kubernetes.io/managed-by"), ["replace Role"]),
        (lambda role, _: role["metadata"]["annotations"].clear(), ["replace Role"]),
        (
            lambda _, binding: binding["subjects"].append({"kind": "User", "name": "x"}),
            ["replace RoleBinding"],
        ),
        (lambda _, binding: binding.pop("subjects"), ["replace RoleBinding"]),
        (
            lambda _, binding: binding["roleRef"].update(kind="ClusterRole", name="admin"),
            ["delete RoleBinding", "create RoleBinding"],
        ),
    ],
    ids=[
        "a rule more",
        "a Secret more",
        "no rules",
        "an owner",
        "a label less",
        "no annotations",
        "a subject more",
        "no subjects",
        "another roleRef",
    ],
)
def test_what_somebody_changed_is_put_right(
    spoil: Callable[[dict[str, Any], dict[str, Any]], Any], expected: list[str]
) -> None:
    """A roleRef cannot be changed, so such a binding is made anew."""
    manifests = stored()
    spoil(*manifests)

    assert shown(list(converge([PERMISSION], read(manifests), "here"))) == [expected]


def test_a_binding_that_is_missing_is_made_over_a_role_that_is_right() -> None:
    """And over one that is put right first."""
    role = stored()[0]
    assert shown(list(converge([PERMISSION], read([role]), "here"))) == [["create RoleBinding"]]

    role["rules"] = [LIST]
    assert shown(list(converge([PERMISSION], read([role]), "here"))) == [
        ["replace Role", "create RoleBinding"]
    ]
