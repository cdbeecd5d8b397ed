"""The mutating door on a real API server, with the chart's own configuration, rights and fence: Agents' workloads that come in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.scenarios.another_webhook import adding_webhook
from e2e.scenarios.fenced_install import send
from e2e.scenarios.operated_world import Clusterful, agent
from e2e.scenarios.running_operator import within
from e2e.scenarios.running_webhook import ACCOUNT, AdmissionInstall, WebhookReplica, admission
from enc_operator.core.injection.writing import MARK, decide_removal, patch_of

COMMAND = "DD_SECRET_BACKEND_COMMAND"
OURS = "/etc/enc/bin/resolver"
INJECTED = '{code="",decision="injected"}'
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def admitting(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdmissionInstall]:
    """Install the chart with a webhook that injects, and an AgentTarget that asks for the built-in helper."""
    with admission(tenants, tmp_path_factory.mktemp("webhook"), injection={"enabled": True}) as found:
        found.bring_resolver()
        target = tenants.target("Full")
        target["spec"] |= {"crossNamespace": False, "resolver": {"mode": "builtin"}}
        tenants.apply(target)
        yield found


@pytest.fixture(scope="module")
def serving(admitting: AdmissionInstall) -> Iterator[WebhookReplica]:
    """Run a replica that the API server asks."""
    with admitting.replica("webhook") as replica:
        replica.ready()
        tried = fresh(admitting.tenants, "tried")
        within(20, "the API server asks", lambda: command_of(dry(admitting.tenants, tried)) == [OURS])
        yield replica


@pytest.fixture
def webhook(serving: WebhookReplica, tenants: Clusterful) -> Iterator[WebhookReplica]:
    """Clear away what a test leaves."""
    yield serving
    tenants.cluster.kubectl(*place(tenants), "delete", "daemonset", "fresh", "--ignore-not-found")


def fresh(tenants: Clusterful, name: str = "fresh", **container: Any) -> Manifest:
    """Return a node Agent without a backend; nothing runs it."""
    found = agent(tenants.names["agents"])
    found["metadata"]["name"] = name
    found["spec"]["template"]["spec"]["containers"][0] |= {"env": [{"name": "A", "value": "b"}], **container}
    return found


def place(tenants: Clusterful) -> list[str]:
    """Return the option that names the Agents' namespace."""
    return ["-n", tenants.names["agents"]]


def dry(tenants: Clusterful, manifest: Manifest) -> Manifest:
    """Return what would be stored."""
    text = tenants.cluster.kubectl(
        "create", "--dry-run=server", "-o", "json", "-f", "-", text=json.dumps(manifest)
    )
    found: Manifest = json.loads(text)
    return found


def stored(tenants: Clusterful, name: str = "fresh") -> Manifest:
    """Return what is stored."""
    found: Manifest = json.loads(
        tenants.cluster.kubectl(*place(tenants), "get", "daemonset", name, "-o", "json")
    )
    return found


def command_of(manifest: Manifest, container: str = "agent") -> list[str]:
    """Return every backend command of a container."""
    containers = manifest["spec"]["template"]["spec"]["containers"]
    env = next(each for each in containers if each["name"] == container).get("env", [])
    return [each["value"] for each in env if each["name"] == COMMAND]


def applied(tenants: Clusterful, manifest: Manifest, *options: str) -> Manifest:
    """Apply as a user does, and return what is stored."""
    tenants.cluster.kubectl("apply", *options, "-f", "-", text=json.dumps(manifest))
    return stored(tenants, manifest["metadata"]["name"])


def test_an_agent_is_injected_once_however_often_it_is_applied(
    webhook: WebhookReplica, tenants: Clusterful
) -> None:
    """It needs one rollout: the same manifest, applied again from either side, changes nothing."""
    before = webhook.decisions().get(INJECTED, 0)
    once = applied(tenants, fresh(tenants))

    spec = once["spec"]["template"]["spec"]
    assert command_of(once) == [OURS]
    assert [each["name"] for each in spec["initContainers"]] == ["enc-resolver"]
    assert [each["name"] for each in spec["volumes"]] == ["enc-resolver", "enc-payload"]
    assert webhook.decisions()[INJECTED] == before + 1
    for options in ([], ["--server-side", "--force-conflicts"], ["--server-side"], []):
        again = applied(tenants, fresh(tenants), *options)
        assert again["metadata"]["generation"] == 1
        assert again["spec"] == once["spec"]


def test_one_that_is_applied_on_the_server_is_injected_too(
    webhook: WebhookReplica, tenants: Clusterful
) -> None:
    """A new image is a rollout, which keeps what was injected."""
    assert webhook.process.poll() is None
    once = applied(tenants, fresh(tenants), "--server-side")
    assert command_of(once) == [OURS]

    manifest = fresh(tenants)
    manifest["spec"]["template"]["metadata"]["labels"] |= {"a": "b"}
    again = applied(tenants, manifest, "--server-side")

    assert again["metadata"]["generation"] == 2
    assert again["spec"]["template"]["spec"] == once["spec"]["template"]["spec"]


def test_a_new_image_takes_the_operators_injection_along(
    webhook: WebhookReplica, tenants: Clusterful
) -> None:
    """An Agent's upgrade is one rollout; what is taken out with its mark stays out, though the AgentTarget still asks."""
    assert webhook.process.poll() is None
    applied(tenants, fresh(tenants))
    tenants.cluster.kubectl(*place(tenants), "annotate", "daemonset", "fresh", f"{MARK}=enc-operator")

    upgraded = applied(tenants, fresh(tenants, image="example.com/agent:8"))
    removal = json.dumps(patch_of(upgraded, decide_removal(upgraded, "enc-operator"), "enc-operator"))
    patch = ("patch", "daemonset", "fresh", "--type=json", "--field-manager=enc-operator")
    tenants.cluster.kubectl(*place(tenants), *patch, f"--patch={removal}")
    removed = stored(tenants)

    spec = upgraded["spec"]["template"]["spec"]
    assert [each["image"] for each in (*spec["initContainers"], *spec["containers"])] == [
        "example.com/agent:8"
    ] * 2
    assert (command_of(upgraded), upgraded["metadata"]["generation"]) == ([OURS], 2)
    assert (command_of(removed), "initContainers" in removed["spec"]["template"]["spec"]) == ([], False)


def test_what_starts_no_rollout_costs_no_call(webhook: WebhookReplica, tenants: Clusterful) -> None:
    """Neither labels and the status, nor a workload that runs as somebody else, nor one of another namespace."""
    tenants.apply(fresh(tenants))
    before = webhook.decisions()
    other = fresh(tenants, "other")
    other["spec"]["template"]["spec"]["serviceAccountName"] = "somebody"
    elsewhere = fresh(tenants, "elsewhere")
    elsewhere["metadata"]["namespace"] = tenants.names["shop"]

    tenants.cluster.kubectl(*place(tenants), "label", "daemonset", "fresh", "a=b")
    tenants.cluster.kubectl(*place(tenants), "scale", "deployment", "cluster-agent", "--replicas=2")
    status = '-p={"status": {"numberReady": 1}}'
    tenants.cluster.kubectl(
        *place(tenants), "patch", "daemonset", "fresh", "--subresource=status", "--type=merge", status
    )

    assert (command_of(dry(tenants, other)), command_of(dry(tenants, elsewhere))) == ([], [])
    assert webhook.decisions() == before


def test_a_command_of_the_users_own_wins(webhook: WebhookReplica, tenants: Clusterful) -> None:
    """Nothing is added beside it; the reason is counted."""
    manifest = fresh(tenants, env=[{"name": COMMAND, "value": "/mine"}])

    found = applied(tenants, manifest)

    assert command_of(found) == ["/mine"]
    assert "initContainers" not in found["spec"]["template"]["spec"]
    assert webhook.decisions()['{code="backend-conflict",decision="approved"}'] >= 1


def test_what_another_webhook_adds_is_injected_too(webhook: WebhookReplica, tenants: Clusterful) -> None:
    """A container that comes after the first call is seen in the second one, and nothing is added twice."""
    assert webhook.process.poll() is None
    container = {"name": "trace-agent", "image": "example.com/agent:7"}
    with adding_webhook(tenants.cluster, tenants.names["agents"], container):
        within(
            20, "the other webhook is asked", lambda: len(containers_of(dry(tenants, fresh(tenants)))) == 2
        )
        found = applied(tenants, fresh(tenants))

    assert containers_of(found) == ["trace-agent", "agent"]
    assert (command_of(found), command_of(found, "trace-agent")) == ([OURS], [OURS])
    assert len(found["spec"]["template"]["spec"]["initContainers"]) == 1


def containers_of(manifest: Manifest) -> list[str]:
    """Return the names of a workload's containers."""
    return [each["name"] for each in manifest["spec"]["template"]["spec"]["containers"]]


@pytest.mark.parametrize(
    "change",
    [
        {"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"},
        {"op": "replace", "path": "/webhooks/0/reinvocationPolicy", "value": "Never"},
        {"op": "replace", "path": "/webhooks/0/clientConfig/url", "value": "https://example.com/mutate"},
    ],
    ids=["what happens without an answer", "how often it is asked", "who is asked"],
)
def test_the_fence_holds_for_the_mutating_configuration(
    webhook: WebhookReplica, admitting: AdmissionInstall, change: Manifest
) -> None:
    """A stolen token changes no Agent by it: RBAC lets the webhook patch it, the fence the caBundle alone."""
    assert webhook.process.poll() is None
    path = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{admitting.configuration}"

    with admitting.cluster.api_of(admitting.install.namespace, ACCOUNT) as stolen:
        status, message = send(stolen, "PATCH", path, [change], "application/json-patch+json")

    assert (status, "only its caBundle" in message) == (403, True)


def test_without_the_webhook_an_agent_comes_in_as_it_is(webhook: WebhookReplica, tenants: Clusterful) -> None:
    """Nobody who rolls an Agent out waits for it."""
    webhook.kill()  # so this test is the last one

    found = applied(tenants, fresh(tenants))

    assert command_of(found) == []
    assert containers_of(found) == ["agent"]
