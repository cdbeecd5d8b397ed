"""What has to go: only what this install wrote, bindings first, each on the condition that it is still what was read."""

from typing import Any

import pytest

from enc_operator.core.removal import FINALIZER, Injected, Leftovers, Loss, find_losses, plan_removal

INSTALL = "enc.prod"


def made(name: str, *, install: str = INSTALL, **metadata: Any) -> dict[str, Any]:
    """Return an object with a label."""
    labels = {"enc-operator.io/managed-by": install}
    own = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": "7", "labels": labels}
    return {"metadata": {**own, **metadata}}


def test_bindings_go_before_roles() -> None:
    """Every right has ended when the first Role goes; within a kind the order is that of namespaces and names."""
    steps = plan_removal([made("b"), made("a", namespace="zoo"), made("a")], [made("a")], [], INSTALL)

    assert [str(step) for step in steps] == [
        "delete RoleBinding shop/a", "delete RoleBinding shop/b", "delete RoleBinding zoo/a", "delete Role shop/a",
    ]  # fmt: skip


def test_a_deletion_has_conditions() -> None:
    """An object that was replaced in the meantime is not deleted."""
    (step,) = plan_removal([], [made("a")], [], INSTALL)

    assert (step.method, step.path) == (
        "DELETE",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/a",
    )
    assert step.body == {"preconditions": {"uid": "uid-a", "resourceVersion": "7"}}


def test_what_others_wrote_stays() -> None:
    """Objects without a label, and those of another install, are nobody's business here."""
    others = [
        made("a", install="enc.other"),
        made("b", labels={}),
        {"metadata": {"name": "c", "namespace": "shop"}},
    ]

    assert plan_removal(others, others, others, INSTALL) == ()


def test_a_target_is_released() -> None:
    """Our finalizer goes and others' stay; so do annotations, but for the framework's bookkeeping."""
    notes = {"kopf.zalando.org/last-handled-configuration": "{}", "example.com/a": "b"}
    target = made("agents", finalizers=["example.com/stay", FINALIZER], annotations=notes)

    (step,) = plan_removal([], [], [target], INSTALL)

    assert (step.method, str(step)) == ("PATCH", "release AgentTarget shop/agents")
    assert step.path == "/apis/enc-operator.io/v1alpha1/namespaces/shop/agenttargets/agents"
    assert step.body == {
        "metadata": {
            "resourceVersion": "7",
            "finalizers": ["example.com/stay"],
            "annotations": {"kopf.zalando.org/last-handled-configuration": None},
        }
    }


def test_the_last_finalizer_leaves_no_list() -> None:
    """A target that only we held has no finalizers afterwards; annotations that are not there are not spoken of."""
    (step,) = plan_removal([], [], [made("agents", finalizers=[FINALIZER])], INSTALL)

    assert step.body == {"metadata": {"resourceVersion": "7", "finalizers": None}}


def bound(name: str, account: str, **metadata: Any) -> dict[str, Any]:
    """Return a binding of a Role of its own name."""
    subject = {"kind": "ServiceAccount", "namespace": "dd", "name": account}
    return {**made(name, **metadata), "roleRef": {"name": name}, "subjects": [subject]}


def naming(name: str, *secrets: str, **metadata: Any) -> dict[str, Any]:
    """Return a Role that names Secrets."""
    return {**made(name, **metadata), "rules": [{"resourceNames": [*secrets]}]}


def test_losses() -> None:
    """What an Agent loses is said by namespace, each Secret once; without a Role of this install nothing is lost."""
    roles = [naming("a", "y", "x"), naming("b", "x", "z"), naming("c", "w", install="enc.other")]
    bindings = [bound(name, "node") for name in "abc"] + [
        bound("a", "cluster"),
        bound("a", "node", namespace="zoo"),
    ]

    found = find_losses(bindings, roles, INSTALL)

    assert found == (Loss("dd/cluster", "shop", ("x", "y")), Loss("dd/node", "shop", ("x", "y", "z")))
    assert [str(each) for each in (found[1], Loss("dd/node", "shop", ("x",)))] == [
        "dd/node can no longer read 3 Secrets of namespace shop",
        "dd/node can no longer read 1 Secret of namespace shop",
    ]


def test_injections_are_taken_out_first() -> None:
    """Of marked workloads alone, on the condition that they are still what was read; the ConfigMaps go last."""
    mark = {"enc-operator.io/injected": INSTALL}
    spec = {
        "template": {
            "spec": {"containers": [{"name": "agent"}], "initContainers": [{"name": "enc-resolver"}]}
        }
    }
    workloads = [{**made("node", annotations=mark), "spec": spec}, {**made("other"), "spec": spec}]

    steps = plan_removal([made("a")], [], [], INSTALL, Injected({"DaemonSet": workloads}, [made("payload")]))

    assert [str(step) for step in steps] == [
        "take the injection out of DaemonSet shop/node",
        "delete RoleBinding shop/a",
        "delete ConfigMap shop/payload",
    ]
    assert (steps[0].method, steps[0].path) == ("PATCH", "/apis/apps/v1/namespaces/shop/daemonsets/node")
    assert isinstance(steps[0].body, tuple)
    assert [each["op"] for each in steps[0].body] == ["test", "test", "remove", "remove"]
    assert steps[2].path == "/api/v1/namespaces/shop/configmaps/payload"


@pytest.mark.parametrize(
    ("namespaces", "workloads"),
    [(None, "/apis/apps/v1"), (frozenset({"b", "a"}), "/apis/apps/v1/namespaces/a"), (frozenset[str](), "")],
    ids=["everywhere", "where Agents run", "nowhere"],
)
def test_what_is_listed(namespaces: frozenset[str] | None, workloads: str) -> None:
    """Bindings, Roles and ConfigMaps by the install's label; workloads, which carry none, only where they may be read."""
    asked: list[tuple[str, str]] = []

    def listed(path: str, label: str) -> list[dict[str, Any]]:
        asked.append((path, label))
        return [made("a")] if path.endswith("/roles") else []

    found = Leftovers(listed, INSTALL, namespaces)

    assert [str(step) for step in found.plan()] == ["delete Role shop/a"]
    ours = {
        path.rpartition("/")[2] for path, label in asked if label == f"enc-operator.io/managed-by={INSTALL}"
    }
    assert ours == {"rolebindings", "roles", *(["configmaps"] if workloads else [])}
    assert [path for path, label in asked if path.endswith("/daemonsets")][:1] == (
        [f"{workloads}/daemonsets"] if workloads else []
    )
    assert found.losses() == ()
