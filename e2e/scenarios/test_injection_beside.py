"""Injection beside others who write the same workloads, on a real API server: deployers, datadog-operator, users; and StackState's Agents."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
import yaml

from e2e.scenarios.audit_trail import AuditTrail
from e2e.scenarios.datadog_operator import owning, variables_of
from e2e.scenarios.injected_workloads import COMMAND, OURS, Manifest, command_of, payloads, spec_of, stored
from e2e.scenarios.operated_world import BUILT_IN, Clusterful, agent
from e2e.scenarios.running_operator import Install, OperatorProcess, installed, within

MARK = "enc-operator.io/injected"
SERVED = ("--server-side", "--field-manager=argocd-controller", "--force-conflicts")
STACKSTATE = {"image": "example.com/stackstate-agent-2:2", "env": [{"name": "STS_SITE", "value": "a"}]}


@pytest.fixture(scope="module")
def injecting(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Install the chart with injection."""
    names, folder = tenants.names, tmp_path_factory.mktemp("beside")
    agents = {names["agents"]: ["node", "cluster"]}
    with installed(tenants.cluster, names["operator"], folder, agents, injection={"enabled": True}) as found:
        yield found


@pytest.fixture(scope="module")
def serving(injecting: Install) -> Iterator[OperatorProcess]:
    """Run the operator."""
    with injecting.operator() as process:
        yield process.ready().leading()


@pytest.fixture
def operator(serving: OperatorProcess) -> Iterator[OperatorProcess]:
    """Have the operator run until after the test."""
    yield serving
    assert serving.process.poll() is None


def node(tenants: Clusterful, name: str, **container: Any) -> Manifest:
    """Return a node Agent's workload without a backend; nothing runs it."""
    found = agent(tenants.names["agents"])
    found["metadata"]["name"] = name
    found["spec"]["selector"]["matchLabels"] = {"app": name}
    found["spec"]["template"]["metadata"]["labels"]["app"] = name
    del spec_of(found)["containers"][0]["env"]
    spec_of(found)["containers"][0] |= container
    return found


def asking(tenants: Clusterful, name: str, **spec: Any) -> Manifest:
    """Return an AgentTarget that asks for the injection of one DaemonSet, of its name."""
    workloads = [{"kind": "DaemonSet", "name": name, "component": "agent"}]
    return tenants.target("Full", name, workloads=workloads, crossNamespace=False, **spec)


@pytest.fixture(scope="module")
def before(tenants: Clusterful, helm: list[str], serving: OperatorProcess) -> dict[str, Manifest]:
    """Have Agents by several deployers, and return them as they were before all were injected."""
    plain = [
        node(tenants, "applied"),
        node(tenants, "scripted", env=[BUILT_IN]),
        node(tenants, "stackstate", **STACKSTATE),
    ]
    tenants.apply(*plain)
    apply(tenants, node(tenants, "served"), *SERVED)
    tenants.cluster.helm(*helm, "--set=tag=7")
    found = everything(tenants)
    targets = [asking(tenants, name) for name in ("applied", "scripted", "served", "released")]
    tenants.apply(*targets, asking(tenants, "stackstate", flavour="stackstate"))
    for name in (*(each["metadata"]["name"] for each in targets), "stackstate"):
        injected(tenants, name)
    assert serving.process.poll() is None
    return found


def everything(tenants: Clusterful) -> dict[str, Manifest]:
    """Return all DaemonSets by name."""
    text = tenants.cluster.kubectl("-n", tenants.names["agents"], "get", "daemonsets", "-o", "json")
    return {each["metadata"]["name"]: each for each in json.loads(text)["items"]}


@pytest.fixture(scope="module")
def helm(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the command that deploys an Agent with the built-in script and an image's tag."""
    folder = tmp_path_factory.mktemp("agents")
    text = yaml.safe_dump(node(tenants, "released", env=[BUILT_IN]))
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("{apiVersion: v2, name: agents, version: 1.0.0}")
    (folder / "templates/a.yaml").write_text(text.replace("agent:7", "agent:{{ .Values.tag }}"))
    return ["upgrade", "--install", "agents", str(folder), f"--namespace={tenants.names['agents']}"]


def injected(tenants: Clusterful, name: str, reason: str = "Injected") -> Manifest:
    """Wait until an AgentTarget says that its workload is injected, and return that."""
    within(60, "it is injected", lambda: tenants.condition("Injected", name=name)[:2] == ("True", reason))
    return stored(tenants, name=name)


def forget(tenants: Clusterful, *names: str) -> None:
    """Delete AgentTargets, which go when their workloads are as they were."""
    tenants.cluster.kubectl("-n", tenants.names["agents"], "delete", "agt", *names, "--timeout=60s")


def apply(tenants: Clusterful, manifest: Manifest, *options: str) -> Manifest:
    """Apply as a deployer does, and return what is stored."""
    text = tenants.cluster.kubectl("apply", *options, "-o", "json", "-f", "-", text=json.dumps(manifest))
    found: Manifest = json.loads(text)
    return found


def test_nothing_is_written_while_nothing_happens(
    operator: OperatorProcess, before: dict[str, Manifest], injecting: Install, tenants: Clusterful
) -> None:
    """An install with injected Agents writes nothing at all in 20 seconds."""
    assert (len(payloads(tenants)), operator.metric('enc_injections{state="Injected"}')) == (1, 5)
    within(
        60, "every status is written", lambda: {each[0] for each in readiness(tenants, before)} == {"True"}
    )
    audit, ended = AuditTrail(tenants.cluster, injecting), time.monotonic() + 20

    within(60, "time passes", lambda: time.monotonic() > ended)

    assert audit.writes() == []


def readiness(tenants: Clusterful, names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield what AgentTargets say of themselves, but for Agents that nobody asks for."""
    return (tenants.condition("Ready", name=name) for name in names if name != "agent")


@pytest.mark.parametrize(
    ("name", "options"),
    [("applied", ()), ("served", SERVED)],
    ids=["by what it last applied", "on the server"],
)
def test_who_leaves_what_he_does_not_name_is_nobody_to_fight(
    name: str,
    options: Sequence[str],
    operator: OperatorProcess,
    before: dict[str, Manifest],
    injecting: Install,
    tenants: Clusterful,
) -> None:
    """A deployer that applies its own text again, and a changed one, keeps the injection: nothing is written beside it."""
    assert "initContainers" not in spec_of(before[name])
    manifest, once = node(tenants, name), stored(tenants, name=name)
    audit = AuditTrail(tenants.cluster, injecting)

    assert apply(tenants, manifest, *options)["spec"] == once["spec"]
    manifest["spec"]["template"]["metadata"]["labels"]["rolled"] = "out"
    again = apply(tenants, manifest, *options)

    assert again["metadata"]["generation"] == once["metadata"]["generation"] + 1
    assert spec_of(again) == spec_of(once)
    seen = operator.metric("enc_injection_writes_total")
    within(60, "it is looked at", lambda: tenants.condition("Injected", name=name)[0] == "True")
    assert (audit.changed(f"daemonsets/{name}"), operator.metric("enc_injection_writes_total")) == ([], seen)


def test_an_upgrade_by_helm_is_no_fight(
    operator: OperatorProcess,
    before: dict[str, Manifest],
    helm: list[str],
    injecting: Install,
    tenants: Clusterful,
) -> None:
    """A release that names the Agent's own script writes it again with each upgrade: the injection is written once more, and no more."""
    audit, writes = AuditTrail(tenants.cluster, injecting), operator.metric("enc_injection_writes_total")

    tenants.cluster.helm(*helm, "--set=tag=8")
    within(60, "it is written once more", lambda: operator.metric("enc_injection_writes_total") > writes)

    found = injected(tenants, "released")
    assert command_of(found) == [OURS]
    assert spec_of(found)["initContainers"][0]["image"].endswith("agent:8")
    assert command_of(before["released"]) == [BUILT_IN["value"]]
    assert len(audit.changed("daemonsets/released")) == 1
    assert "InjectionContested" not in tenants.events("agents")


def test_stackstates_agent(
    operator: OperatorProcess, before: dict[str, Manifest], tenants: Clusterful
) -> None:
    """Its variables begin with STS_, its helper is its own, and it is as it was afterwards."""
    spec = spec_of(injected(tenants, "stackstate"))

    variables = {each["name"]: each.get("value", "") for each in spec["containers"][0]["env"]}
    assert variables["STS_SECRET_BACKEND_COMMAND"] == OURS
    assert "STS_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE" in variables
    assert not [each for each in variables if each.startswith("DD_")]
    assert spec["initContainers"][0]["image"] == STACKSTATE["image"]
    writes = operator.metric("enc_injection_writes_total")
    tenants.apply(asking(tenants, "stackstate", flavour="stackstate", resolver={"mode": "builtin"}))
    within(60, "it is changed", lambda: operator.metric("enc_injection_writes_total") > writes)
    again = spec_of(stored(tenants, name="stackstate"))
    assert again["initContainers"][0]["command"][-1] == "/opt/stackstate-agent/bin/agent/agent"
    forget(tenants, "stackstate")
    assert stored(tenants, name="stackstate")["spec"] == before["stackstate"]["spec"]


def test_a_backend_of_the_users_own_has_ours_taken_out(
    operator: OperatorProcess, before: dict[str, Manifest], tenants: Clusterful
) -> None:
    """Who sets one after the injection has it as if there had been none, and the condition says why."""
    assert operator.process.poll() is None
    setting = ["-n", tenants.names["agents"], "set", "env", "daemonset/scripted", "-c", "agent"]

    tenants.cluster.kubectl(*setting, f"{COMMAND}=/mine")
    within(60, "ours is out", lambda: "initContainers" not in spec_of(stored(tenants, name="scripted")))

    after, mine = stored(tenants, name="scripted"), {"name": COMMAND, "value": "/mine"}
    assert spec_of(after)["containers"][0] == {**spec_of(before["scripted"])["containers"][0], "env": [mine]}
    assert MARK not in after["metadata"].get("annotations", {})
    within(60, "it is said", lambda: tenants.condition("Injected", name="scripted")[1] == "Refused")
    assert "a secret backend of its own (/mine)" in tenants.condition("Injected", name="scripted")[2]
    tenants.cluster.kubectl(*setting, f"{COMMAND}-")
    assert command_of(injected(tenants, "scripted")) == [OURS]


@pytest.fixture
def owner(tenants: Clusterful) -> Iterator[Manifest]:
    """Have a DatadogAgent, and return the reference of what is written from it."""
    with owning(tenants) as found:
        yield found


def test_what_datadog_operator_writes_is_left_to_it(
    operator: OperatorProcess,
    before: dict[str, Manifest],
    injecting: Install,
    owner: Manifest,
    tenants: Clusterful,
) -> None:
    """The condition says what to write where, and is content when it is there; what the door put in is marked, and taken out again."""
    bare, audit = node(tenants, "owned"), AuditTrail(tenants.cluster, injecting)
    bare["metadata"]["ownerReferences"] = [owner]
    old = apply(tenants, bare)
    tenants.apply(asking(tenants, "owned"))
    within(60, "it is said", lambda: tenants.condition("Injected", name="owned")[1] == "OwnedByDatadogAgent")
    message = tenants.condition("Injected", name="owned")[2]
    assert f"the DatadogAgent {tenants.names['agents']}/dd" in message
    said, _ = json.JSONDecoder().raw_decode(message.partition("spec: ")[2])
    spec_of(bare)["containers"][0]["env"] = variables_of(said)
    apply(tenants, bare)
    injected(tenants, "owned", "DeclaredInDatadogAgent")
    assert audit.changed("daemonsets/owned") == []

    spec_of(bare).update(
        spec_of(stored(tenants, name="applied"))
    )  # as the door would: `applied` is the same Agent
    once = apply(tenants, bare)
    within(60, "it is marked", lambda: MARK in stored(tenants, name="owned")["metadata"]["annotations"])
    assert injected(tenants, "owned")["metadata"]["generation"] == once["metadata"]["generation"]
    forget(tenants, "owned")

    assert spec_of(stored(tenants, name="owned")) == spec_of(old) == spec_of(before["applied"])
    assert len(audit.changed("daemonsets/owned")) == 2  # the mark, and out
    assert operator.metric("enc_leader") == 1


def test_what_is_left_when_it_is_switched_off_is_told(
    serving: OperatorProcess, before: dict[str, Manifest], injecting: Install, tenants: Clusterful
) -> None:
    """Without injection.enabled nothing may be taken out: condition and Event say what to do, which then is enough."""
    serving.stop()  # so this test is the last one

    with injecting.operator(injection=False) as without:
        without.ready().leading()
        within(60, "it is said", lambda: tenants.condition("Injected", name="applied")[1] == "InjectionLeft")
        assert "/applied" in tenants.condition("Injected", name="applied")[2]
        within(60, "it is told", lambda: "InjectionLeft" in tenants.events("agents"))
    with injecting.operator() as again:
        again.ready().leading()
        names = ("applied", "served")
        forget(tenants, *names)
        after = everything(tenants)
        assert [spec_of(after[name]) for name in names] == [spec_of(before[name]) for name in names]
