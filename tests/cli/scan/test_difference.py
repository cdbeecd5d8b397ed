"""What a plan would change of the Roles that there are, in words."""

from copy import deepcopy
from typing import Any

import pytest

from enc_operator.cli.scan.difference import find_changes, install_of
from enc_operator.core.rbac.planning import Permission
from enc_operator.errors import UsageError

LABEL = "enc-operator.io/managed-by"
ROLE = Permission("enc-a", "shop", "dd", "node", ("db", "queue"), 2)


def there(install: str = "enc-operator") -> list[dict[str, Any]]:
    """Return what a cluster holds after the plan was applied."""
    found = [deepcopy(dict(item)) for item in ROLE.objects()]
    for item in found:
        item["metadata"] = {**item["metadata"], "labels": {**item["metadata"]["labels"], LABEL: install}}
    return found


def test_nothing_to_change() -> None:
    """What was applied is as it should be."""
    assert find_changes([ROLE], there(), "enc-operator") == []


def test_creation_and_removal() -> None:
    """What is missing is made, what nothing needs goes; rights are taken away first."""
    other = Permission("enc-b", "shop", "dd", "cluster", ("web",), 1)

    assert find_changes([other], there(), "enc-operator") == [
        ("delete", "shop", "RoleBinding enc-a", "-ServiceAccount dd/node"),
        ("delete", "shop", "Role enc-a", "-db, -queue"),
        ("create", "shop", "Role enc-b", "+web"),
        ("create", "shop", "RoleBinding enc-b", "+ServiceAccount dd/cluster"),
    ]


def test_changes_of_others() -> None:
    """A Secret that was added goes, one that was taken comes back; a rule of another kind is shown whole."""
    role, binding = there()
    role["rules"][0]["resourceNames"] = ["db", "theirs"]
    role["rules"].append(
        {"verbs": ["*"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["x"]}
    )
    binding["metadata"]["finalizers"] = ["a/b"]

    assert find_changes([ROLE], [role, binding], "enc-operator") == [
        (
            "replace",
            "shop",
            "Role enc-a",
            '-theirs, -{"apiGroups": [""], "resourceNames": ["x"], "resources": ["secrets"], "verbs": ["*"]}, +queue',
        ),
        ("replace", "shop", "RoleBinding enc-a", "not its rights: labels, annotations or owners"),
    ]


def test_another_install() -> None:
    """Roles of another install are not looked at, nor are ClusterRoles that carry the label."""
    cluster_role = {"kind": "ClusterRole", "metadata": {"name": "c", "labels": {LABEL: "enc-operator"}}}

    rows = find_changes([], [*there("ns.other"), cluster_role], "enc-operator")

    assert rows == []


def test_installs() -> None:
    """The install is the only one there is, unless it is named."""
    assert install_of([], "") == "enc-operator"
    assert install_of(there("ns.op"), "") == "ns.op"
    assert install_of([*there("ns.op"), *there("b.c")], "b.c") == "b.c"
    with pytest.raises(UsageError, match=r"several installs: b\.c, ns\.op"):
        install_of([*there("ns.op"), *there("b.c")], "")
