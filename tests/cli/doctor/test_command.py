"""`encctl doctor` as a user meets it, on what a kubectl answers."""

import json
import sys
from datetime import UTC, datetime

import pytest
import yaml

from assessing import NODE_AGENT, pod
from doctoring import ADMISSION, FORBIDDEN, NOT_FOUND, SETTINGS_TEXT, listed, running
from enc_operator.cli.main import main
from enc_operator.cli.scan.kinds import TARGETS
from kubectl_stand_in import StandIn

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def install(kubectl: StandIn) -> StandIn:
    """Show an install that runs, without Agents."""
    running(kubectl, datetime.now(UTC).isoformat())  # noqa: TID251 - a Lease that is fresh
    return kubectl


def told(capsys: Captured, *arguments: str) -> tuple[int, list[str]]:
    """Return the exit code, and what is said of each check."""
    code = main(["doctor", *arguments])
    return code, capsys.readouterr().out.splitlines()


def test_an_install(install: StandIn, capsys: Captured) -> None:
    """Each check is a line; with nothing that failed the exit code is 0."""
    code, lines = told(capsys, "--context", "prod")

    assert code == 0
    assert lines[:6] == [
        "ok      cluster: Kubernetes 1.36.0",
        "ok      crds: 3 CRDs of version 0.1.0",
        "ok      operator: Deployment enc-operator/enc-operator: 2 of 2 pods are ready",
        "ok      agents: the install lists datadog/datadog, datadog/datadog-cluster-agent",
        "ok      fence: 6 policies with their bindings refuse what they must",
        "ok      leader: Lease enc-operator/enc-operator: a holds it",
    ]
    assert lines[-1] == "8 ok, 2 warn, 0 fail, 0 unknown"
    assert all("--context=prod" in asked for asked in install.asked)
    assert not any("secrets" in asked.replace("secretgrants", "") for asked in install.asked)


def test_data(install: StandIn, capsys: Captured) -> None:
    """JSON has a check's status, name, place, what and fix, and the counts."""
    assert main(["doctor", "-o", "json"]) == 0

    data = json.loads(capsys.readouterr().out)
    assert data["checks"][2] == {
        "status": "ok",
        "check": "operator",
        "where": "Deployment enc-operator/enc-operator",
        "what": "2 of 2 pods are ready",
        "fix": None,
    }
    assert data["summary"] == {"ok": 8, "warn": 2, "fail": 0, "unknown": 0}
    assert install.asked


def test_nothing_installed(kubectl: StandIn, capsys: Captured) -> None:
    """Without an install that is said, and the rest that there is."""
    code, lines = told(capsys, "-n", "ops")

    assert code == 1
    assert any("no Deployment of the operator is in namespace ops" in line for line in lines)
    assert not any(line.split()[1] == "fence:" for line in lines)
    assert kubectl.asked


def test_missing_rights(kubectl: StandIn, capsys: Captured) -> None:
    """Where Deployments may not be listed the way out is said; what depends on them is left out."""
    kubectl.answer("/version", {"major": "1", "minor": "36", "gitVersion": "v1.36.0"})
    kubectl.refuse("/apis/apps/v1/deployments", FORBIDDEN)

    _, lines = told(capsys)
    assert 'unknown operator: could not be looked at: User "u" may not' in lines
    assert any("name the install's namespace with --namespace" in line for line in lines)
    kubectl.refuse("/apis/apps/v1/namespaces/ops/deployments", FORBIDDEN)
    _, lines = told(capsys, "-n", "ops")
    assert "          fix: it takes the right to list deployments.apps in namespace ops" in lines


def test_no_cluster(kubectl: StandIn, capsys: Captured) -> None:
    """A cluster that does not answer is no check that failed."""
    kubectl.refuse("/version", "The connection to the server was refused\n")

    assert main(["doctor"]) == 2
    assert "refused" in capsys.readouterr().err


def test_settings_that_are_gone(install: StandIn, capsys: Captured) -> None:
    """What is in the settings cannot be compared then, and the rest is looked at."""
    path = "/api/v1/namespaces/enc-operator/configmaps/enc-operator"
    (install.folder / f"{path.lstrip('/')}@").unlink()
    install.refuse(path, NOT_FOUND)

    code, lines = told(capsys)

    assert code == 1
    assert "fail    settings: ConfigMap enc-operator/enc-operator: it does not exist" in lines
    assert lines[-1].startswith("5 ok")


def test_agents(install: StandIn, capsys: Captured) -> None:
    """Agents are judged as they stand: without an AgentTarget nothing will be injected."""
    install.hold(NODE_AGENT, pod())

    code, lines = told(capsys)

    assert code == 1
    expected = "fail    injection: DaemonSet dd/node: node Agent: it runs as dd/node, which the install does not list: it gets nothing"
    assert expected in lines


def test_a_resolver_that_was_not_installed(install: StandIn, capsys: Captured) -> None:
    """The pods of an injected workload are asked."""
    injected = yaml.safe_load(NODE_AGENT)
    injected["spec"]["selector"] = {"matchLabels": {"app": "agent"}}
    injected["spec"]["template"]["spec"]["initContainers"] = [{"name": "enc-resolver"}]
    install.hold(json.dumps(injected), pod())
    ended = {"name": "enc-resolver", "state": {"terminated": {"message": "no resolver in /etc/enc/payload"}}}
    fallen = {"metadata": {"name": "node-1"}, "status": {"initContainerStatuses": [ended]}}
    install.answer("/api/v1/namespaces/dd/pods", listed([fallen]))

    _, lines = told(capsys)

    expected = "fail    injection: DaemonSet dd/node: 1 of 1 pods run the built-in script in place of our resolver: node-1: no resolver in /etc/enc/payload"
    assert expected in lines
    assert any("labelSelector=app%3Dagent" in each for each in install.asked)


def test_targets(install: StandIn, capsys: Captured) -> None:
    """An AgentTarget that the operator has not spoken of is said."""
    install.answer(TARGETS.path(), listed([{"metadata": {"name": "t", "namespace": "dd"}, "spec": {}}]))

    code, lines = told(capsys)

    assert code == 1
    assert "fail    targets: AgentTarget dd/t: the operator has not said anything of it yet" in lines


HOOKED = (
    SETTINGS_TEXT
    + """
webhook:
  mode: enforce
  certificates: {secret: tls, names: [a], configuration: enc-operator.enc-operator}
  probe: {name: enc-operator-trial, service: enc-operator-webhook}
"""
)


def test_a_webhook(install: StandIn, capsys: Captured) -> None:
    """Where the webhook is installed its Deployment, its configurations, its Service and the way to it are looked at."""
    path = "/api/v1/namespaces/enc-operator/configmaps/enc-operator"
    install.answer(path, {"data": {"settings.yaml": HOOKED}})
    client = {"service": {"namespace": "enc-operator", "name": "hook"}}
    for kind in ("validating", "mutating"):
        found = {"webhooks": [{"name": "pods.enc-operator.io", "clientConfig": client}]}
        install.answer(f"{ADMISSION}/{kind}webhookconfigurations/enc-operator.enc-operator", found)
    install.answer("/api/v1/namespaces/enc-operator/services/hook", {"kind": "Service"})
    install.refuse("reviews", "")
    (install.folder / "reviews.err").write_text(
        'admission webhook "probe.enc-operator.io" denied the request\n'
    )

    code, lines = told(capsys)

    assert code == 1
    said = [line for line in lines if line.split()[1] in ("webhook:", "certificate:", "trial:")]
    assert [line.split(": ", 2)[1] for line in said if line.startswith("fail")] == [
        "Deployment enc-operator/enc-operator-webhook",
        "ValidatingWebhookConfiguration enc-operator.enc-operator",
        "MutatingWebhookConfiguration enc-operator.enc-operator",
        "Service enc-operator/hook",
    ]
    assert said[-1] == "ok      trial: the API server reaches the webhook"


def test_a_webhook_that_is_gone(install: StandIn, capsys: Captured) -> None:
    """Without its configurations there is no Service to look for."""
    path = "/api/v1/namespaces/enc-operator/configmaps/enc-operator"
    hooked = HOOKED.replace(
        "certificates: {", "certificates: {mutatingConfiguration: enc-operator.enc-operator, "
    )
    install.answer(path, {"data": {"settings.yaml": hooked}})
    for kind in ("validating", "mutating"):
        install.refuse(f"{ADMISSION}/{kind}webhookconfigurations/enc-operator.enc-operator", NOT_FOUND)

    _, lines = told(capsys)

    gone = [
        line.rpartition(": ")[2] for line in lines if "Configuration" in line and "does not exist" in line
    ]
    assert gone == ["nobody is asked, everything comes in", "no Agent is injected"]
    assert not any("Service " in line for line in lines)


def test_a_terminal(install: StandIn, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the status has a colour."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    assert "\033[32mok     \033[0m cluster: Kubernetes 1.36.0" in told(capsys)[1]
    assert install.asked
