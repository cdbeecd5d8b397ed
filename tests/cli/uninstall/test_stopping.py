"""What is said before an install is taken back: which handles stop resolving, by Agent and namespace."""

from typing import Any

import yaml

from agent_manifests import agent, env
from assessing import pod
from chart_shapes import bound, rule
from enc_operator.cli.main import main
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.rbac.planning import Permission
from kubectl_stand_in import StandIn, kinds
from scanning import Captured

NODE = agent(env=env(DD_SECRET_BACKEND_COMMAND="/readsecret_multiple_providers.sh"))
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def written(kubectl: StandIn) -> str:
    """Have an install's Role with its binding in the cluster."""
    found: list[dict[str, Any]] = [
        dict(each) for each in Permission("enc-a", "shop", "dd", "node", ("db", "kv"), 1).objects()
    ]
    for each in found:
        own = {"labels": {MANAGED_BY: "enc-operator.enc-operator"}, "uid": "u", "resourceVersion": "7"}
        each["metadata"] = {**each["metadata"], **own}
    for each, plural in zip(found, ("roles", "rolebindings"), strict=True):
        kubectl.answer(f"{RBAC}/{plural}", {"items": [each], "metadata": {}})
    return yaml.safe_dump_all(found)


def told(capsys: Captured) -> list[str]:
    """Return what a trial says, without the steps."""
    assert main(["uninstall", "--dry-run"]) == 0
    return [
        line
        for line in capsys.readouterr().out.splitlines()[1:]
        if "  delete " not in line and " stop D" not in line
    ]


def test_handles(kubectl: StandIn, capsys: Captured) -> None:
    """Each handle is named below the number of its Agent and namespace; one that was refused stops, too."""
    spy = pod("ENC[k8s_secret@shop/db/password]", name="spy", namespace="zoo")
    kubectl.hold(NODE, pod(), spy, written(kubectl))

    assert told(capsys) == [
        "  these handles stop resolving, as soon as their Agent restarts or refreshes:",
        "    node Agent dd/node: 1 handle in namespace shop",
        "      ENC[k8s_secret@shop/db/password] of Pod shop/web",
        "    node Agent dd/node: 1 handle in namespace zoo",
        "      ENC[k8s_secret@shop/db/password] of Pod zoo/spy",
    ]


def test_what_others_give(kubectl: StandIn, capsys: Captured) -> None:
    """A handle whose Secret somebody else's Role gives as well goes on."""
    other = bound("shop", "r", [rule("get", names=["db"])], "node", labels={}, home="dd")
    ours = written(kubectl)
    both = list(yaml.safe_load_all("\n---\n".join([ours, *other])))
    kubectl.hold(NODE, pod())
    for kind, plural in (("Role", "roles"), ("RoleBinding", "rolebindings")):
        items = [each for each in both if each and each["kind"] == kind]
        for each in items:
            each["metadata"].setdefault("labels", {})
        kubectl.answer(f"{RBAC}/{plural}", {"items": items, "metadata": {}})

    assert told(capsys) == ["  no handle stops resolving: nothing that an Agent resolves now needs its Roles"]


def test_without_rights(kubectl: StandIn, capsys: Captured) -> None:
    """Who may not list pods is told what the Roles name."""
    kubectl.hold(NODE, written(kubectl))
    kubectl.forbid(kinds("Pod"))

    assert told(capsys)[1] == "    dd/node can no longer read 2 Secrets of namespace shop: db, kv"


def test_nothing_to_lose(kubectl: StandIn, capsys: Captured) -> None:
    """Without a Role nothing stops, of which nothing is said, and nothing is read."""
    assert told(capsys) == []
    assert not any("/pods" in asked for asked in kubectl.asked)
