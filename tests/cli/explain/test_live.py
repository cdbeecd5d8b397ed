"""`encctl explain --live`, on what a kubectl answers."""

import pytest
import yaml

from agent_manifests import agent, env
from assessing import pod
from enc_operator.cli.main import main
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.rbac.planning import Permission
from kubectl_stand_in import StandIn, kinds
from scanning import Captured, replica

NODE = agent(env=env(DD_SECRET_BACKEND_COMMAND="/readsecret_multiple_providers.sh"))
HANDLE = "ENC[k8s_secret@shop/db/password]"
SPY = pod(HANDLE, name="spy", namespace="zoo")
REFERENCES = "References (1)"


def role(names: tuple[str, ...] = ("db",)) -> str:
    """Return a Role of the operator with its binding, as it stands in a cluster."""
    found = [dict(each) for each in Permission("enc-a", "shop", "dd", "node", names, 1).objects()]
    for each in found:
        times = {"creationTimestamp": "2026-01-01T00:00:00Z"}
        each["metadata"] = {**each["metadata"], **times, "labels": {MANAGED_BY: "ops.enc"}}
    return yaml.safe_dump_all(found)


def told(capsys: Captured, subject: str, *arguments: str) -> str:
    """Explain something of a cluster, and return what is said."""
    assert main(["explain", "--live", subject, *arguments]) == 0
    return capsys.readouterr().out


def test_a_pod(kubectl: StandIn, capsys: Captured) -> None:
    """Its handles are said with their verdicts, and no place in a file, since there is none."""
    kubectl.hold(NODE, pod(), role())

    out = told(capsys, "pod/shop/web", "--context", "prod")

    assert out.startswith(f"Pod shop/web\n{REFERENCES}\n{HANDLE}\n")
    assert "    allowed: same namespace\n" in out
    assert all("--context=prod" in asked for asked in kubectl.asked)


def test_a_workload(kubectl: StandIn, capsys: Captured) -> None:
    """A workload refers to nothing by itself: one of its pods is shown."""
    kubectl.hold(NODE, *(replica(f"web-6d4-{number}") for number in range(2)))

    out = told(capsys, "deployment/shop/web")

    assert out.startswith("Deployment shop/web\nits pods are alike; what follows is of Pod shop/web-6d4-0\n")
    assert REFERENCES in out


def test_a_secret(kubectl: StandIn, capsys: Captured) -> None:
    """Which Role lets whom read it is said; of what is refused and resolves all the same, since when and for whom it does."""
    kubectl.hold(NODE, pod(), SPY, role())

    out = told(capsys, "secret/shop/db")

    assert "Secrets are not read" in out
    assert "read by dd/node today: get on Secret db of namespace shop, by Role shop/enc-a" in out
    assert out.endswith(
        f"residual: {HANDLE} of Pod zoo/spy is denied and resolves all the same\n"
        "    dd/node reads the Secret by Role shop/enc-a, which is there since 2026-01-01T00:00:00Z\n"
        "    which it has for Pod shop/web\n"
    )


def test_a_secret_that_others_let_read(kubectl: StandIn, capsys: Captured) -> None:
    """Of a Role that is not ours it is not known since when."""
    foreign = role().replace(f"{MANAGED_BY}: ops.enc", "a: b")
    kubectl.hold(NODE, SPY, foreign, role(("other",)).replace("enc-a", "enc-b"))

    assert told(capsys, HANDLE).endswith("    dd/node reads the Secret by Role shop/enc-a\n")


def test_agents(kubectl: StandIn, capsys: Captured) -> None:
    """The Agents are said as they stand."""
    kubectl.hold(NODE, pod())

    out = told(capsys, "agent")

    assert "    runs as DaemonSet dd/node\n" in out
    assert "    secret backend: the Agent's built-in script\n" in out


def test_nothing(kubectl: StandIn, capsys: Captured) -> None:
    """What nothing refers to is said of the cluster."""
    kubectl.hold(NODE)

    assert "no reference of the cluster stands in it or names it: Pod shop/web" in told(
        capsys, "pod/shop/web"
    )


def test_missing_rights(kubectl: StandIn, capsys: Captured) -> None:
    """What could not be read is said, and that this is no whole answer."""
    kubectl.hold(NODE, pod())
    kubectl.forbid(kinds("Service"))

    assert main(["explain", "--live", "pod/shop/web"]) == 2
    told_ = capsys.readouterr()
    assert "encctl: services may not be listed" in told_.err
    assert REFERENCES in told_.out


def test_files_and_a_cluster(kubectl: StandIn, capsys: Captured, tmp_path: object) -> None:
    """It is one or the other."""
    assert main(["explain", "--live", "pod/shop/web", str(tmp_path)]) == 2
    assert "leave --live or the paths out" in capsys.readouterr().err
    assert not kubectl.asked


@pytest.mark.parametrize("subject", ["access-denied"])
def test_a_code(subject: str, kubectl: StandIn, capsys: Captured) -> None:
    """Of a finding's code the cluster's findings are shown."""
    kubectl.hold(NODE, SPY)

    assert "error[access-denied]" in told(capsys, subject)
