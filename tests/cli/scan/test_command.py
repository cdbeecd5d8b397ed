"""`encctl scan` as a user meets it, on what a kubectl answers."""

import json
from pathlib import Path

import pytest
import yaml

from assessing import CLUSTER_AGENT, EXAMPLES, NODE_AGENT, pod
from enc_operator.cli.main import main
from enc_operator.cli.scan.kinds import KINDS, TARGETS
from kubectl_stand_in import StandIn, kinds
from scanning import DENIED, Captured, data_of, replica

POSITIONS = ("file", "line", "column", "endLine", "endColumn")


def test_what_plan_says(kubectl: StandIn, tmp_path: Path, capsys: Captured) -> None:
    """References, permissions, workloads, findings and objects are those of a plan of the same objects."""
    texts = [(EXAMPLES / "agents" / name).read_text() for name in ("agenttarget.yaml", "install.yaml")]
    texts += [(EXAMPLES / "shop" / name).read_text() for name in ("grants.yaml", "namespaces.yaml")]
    texts += [pod(), DENIED, pod("ENC[k8s_secret@database/database-secret/%%host%%]", name="late")]
    (tmp_path / "all.yaml").write_text("\n---\n".join(texts))
    kubectl.hold(*texts)

    scanned = data_of(capsys, "scan")
    planned = data_of(capsys, "plan", str(tmp_path / "all.yaml"))

    assert (scanned.pop("complete"), scanned.pop("notes")) == (True, [])
    for key in ("references", "findings"):
        for item in scanned[key]:
            assert (item.pop("owner"), item.pop("count")) == (None, 1)
            assert item.keys().isdisjoint(POSITIONS)
        # A plan's items say more: where in the file.
        fields = scanned[key][0].keys()
        planned[key] = sorted(
            ({field: item[field] for field in fields} for item in planned[key]), key=json.dumps
        )
        scanned[key].sort(key=json.dumps)
    assert scanned == {key: planned[key] for key in scanned}
    assert {"references", "permissions", "workloads", "findings", "objects"} <= scanned.keys()
    assert len(scanned["references"]) == 5


@pytest.mark.parametrize("output", ["table", "json", "yaml"])
def test_exit_codes(output: str, kubectl: StandIn) -> None:
    """0 where nothing is wrong, 1 for findings of level error, 2 where the cluster does not answer."""
    kubectl.hold(NODE_AGENT, pod())
    assert main(["scan", "-o", output]) == 0
    kubectl.hold(NODE_AGENT, DENIED)
    assert main(["scan", "-o", output, "-A"]) == 1
    kubectl.refuse("/api/v1/pods", "The connection to the server was refused\n")
    assert main(["scan", "-o", output]) == 2


def test_replicas(kubectl: StandIn, capsys: Captured) -> None:
    """What a workload's pods share is one finding, one row and one reference, with their number."""
    kubectl.hold(NODE_AGENT, *(replica(f"web-6d4-{number}") for number in range(3)))

    main(["scan"])
    out = capsys.readouterr().out
    assert out.count("[access-denied]") == 1
    assert "    in Pod shop/web-6d4-0 and 2 more of Deployment shop/web metadata.annotations" in out
    assert "Deployment shop/web (3 pods)" in out
    assert out.endswith("1 reference, 1 denied; 0 Roles for 0 ServiceAccounts; 0 workloads to change; 1 error, 0 warnings\n")  # fmt: skip
    data = data_of(capsys, "scan")
    for key in ("references", "findings"):
        [item] = data[key]
        assert (item["object"], item["owner"], item["count"]) == (
            "Pod shop/web-6d4-0",
            "Deployment shop/web",
            3,
        )


def test_templates_grant_nothing(kubectl: StandIn, capsys: Captured) -> None:
    """A Deployment without pods refers to nothing: its pods do."""
    template = yaml.safe_load(pod())
    workload = {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": template},
    }
    kubectl.hold(NODE_AGENT, yaml.safe_dump(workload))

    assert data_of(capsys, "scan")["references"] == []


def test_only_what_is_needed_is_asked_for(kubectl: StandIn) -> None:
    """Only lists, ConfigMaps only where Agents are, no ended pods, and never Secrets."""
    kubectl.hold(NODE_AGENT, pod())

    main(["scan", "--context", "prod", "--as", "jane"])

    words = [line.split() for line in kubectl.asked]
    assert {tuple(each[:-1]) for each in words} == {
        ("--context=prod", "--request-timeout=30s", "--as=jane", "get", "--raw")
    }
    paths = [each[-1].partition("?")[0] for each in words]
    expected = [kind.path() for kind in (TARGETS, *KINDS)] + ["/api/v1/namespaces/dd/configmaps"]
    assert sorted(paths) == sorted(expected)
    assert not any("secrets" in path for path in paths)
    assert any("status.phase%21%3DSucceeded" in each[-1] for each in words)


def test_one_namespace(kubectl: StandIn, capsys: Captured) -> None:
    """Of one namespace its pods and Services are judged; Roles are not said, since they depend on the others."""
    kubectl.hold(NODE_AGENT, pod(), pod(namespace="other", handle="ENC[x]"))

    data = data_of(capsys, "scan", "-n", "shop")
    assert [item["object"] for item in data["references"]] == ["Pod shop/web"]
    assert {"permissions", "workloads", "objects"}.isdisjoint(data)
    assert main(["scan", "-n", "shop"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("1 reference; 0 errors, 0 warnings\n")
    assert "Permissions" not in out


@pytest.mark.parametrize("arguments", [["--diff"], ["-o", "yaml"]], ids=" ".join)
def test_roles_of_one_namespace(arguments: list[str], kubectl: StandIn, capsys: Captured) -> None:
    """Roles of a part of the cluster would take permissions away: they are refused, and so where something is unread."""
    assert main(["scan", "-n", "shop", *arguments]) == 2
    assert "leave -n out" in capsys.readouterr().err
    assert kubectl.asked == []
    kubectl.forbid(kinds("Service"))
    assert main(["scan", *arguments]) == 2
    assert "may need Roles" in capsys.readouterr().err


def test_diff(kubectl: StandIn, capsys: Captured) -> None:
    """`--diff` shows what a plan would write; once it is written there is nothing left."""
    kubectl.hold(NODE_AGENT, CLUSTER_AGENT, pod())
    assert main(["scan", "--diff"]) == 0
    out = capsys.readouterr().out
    assert "What the plan would change (2)" in out
    assert "+db" in out
    assert out.endswith("2 writes to make it so\n")
    main(["scan", "-o", "yaml"])
    kubectl.hold(CLUSTER_AGENT, pod(), capsys.readouterr().out)

    data = data_of(capsys, "scan", "--diff")

    assert data["changes"] == []
    assert data["workloads"][0]["changes"] == []


def test_changes_as_data(kubectl: StandIn, capsys: Captured) -> None:
    """JSON has the changes where they are asked for."""
    kubectl.hold(NODE_AGENT, pod())

    changes = data_of(capsys, "scan", "--diff")["changes"]

    assert [(item["change"], item["namespace"], item["what"]) for item in changes] == [
        ("create", "shop", "+db"),
        ("create", "shop", "+ServiceAccount dd/node"),
    ]


def test_objects_come_once(kubectl: StandIn, capsys: Captured) -> None:
    """A list that was begun again gives each object once."""
    listed = {"items": [yaml.safe_load(DENIED)], "metadata": {"continue": "x"}}
    kubectl.hold(NODE_AGENT)
    kubectl.answer("/api/v1/pods", listed)
    kubectl.answer("/api/v1/pods", {**listed, "metadata": {}}, following="x")

    assert len(data_of(capsys, "scan")["references"]) == 1
