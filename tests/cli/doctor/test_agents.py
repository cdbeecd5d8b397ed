"""AgentTargets, Agents' workloads, what they may read, and the references: as `encctl doctor` says them of a cluster."""

import json
from typing import Any

import pytest
import yaml

from agent_manifests import agent, env, target
from assessing import pod
from chart_shapes import bound, rule
from doctoring import SETTINGS
from enc_operator.cli.doctor.agents import check_access, check_workloads
from enc_operator.cli.doctor.model import Check, Status, Unreadable
from enc_operator.cli.doctor.references import check_references, check_sources
from enc_operator.cli.doctor.targets import check_targets
from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.loading import Options
from enc_operator.cli.main import main
from enc_operator.cli.scan.assessing import Scanned, assess_held
from enc_operator.cli.scan.reading import ClusterReader, Held
from enc_operator.cli.scan.report import View
from enc_operator.cli.scan.standing import as_they_stand
from enc_operator.process.settings import Settings, parse_settings
from kubectl_stand_in import StandIn, kinds
from scanning import DENIED, Captured

BUILT_IN = env(DD_SECRET_BACKEND_COMMAND="/readsecret_multiple_providers.sh")
NODE = agent(env=BUILT_IN)
READS_DB = "\n---\n".join(bound("shop", "r", [rule("get", names=["db"])], "node", labels={}, home="dd"))
EVERYTHING = "\n---\n".join(bound("", "all", [rule("get")], "node", labels={}, home="dd"))
OURS = parse_settings(
    "lease: {namespace: ops, name: a}\nagents: [{namespace: dd, serviceAccounts: [node, cluster]}]\n"
)
Looked = tuple[Held, Scanned]


def look() -> Looked:
    """Read and assess what a kubectl in PATH shows, as the doctor does."""
    held = ClusterReader(Kubectl(), Options(), "").read(lambda *_: None)
    as_they_stand(held.inventory)
    return held, assess_held(held, Kubectl(), "")


def lines(checks: Any) -> list[tuple[str, str]]:
    """Return status and words."""
    found: list[Check] = list(checks)
    return [(str(each.status), each.what) for each in found]


def _injected(kubectl: StandIn, capsys: Captured) -> str:
    """Return the DaemonSet as the plan injects it."""
    kubectl.hold(NODE, pod(), target(manage="Full"))
    main(["scan", "-o", "yaml"])
    return next(text for text in capsys.readouterr().out.split("---\n") if "\nkind: DaemonSet" in text)


@pytest.mark.parametrize(
    ("texts", "settings", "expected"),
    [
        pytest.param([NODE], OURS, ("ok", "node Agent: resolves by the Agent's built-in script; not injected: there is no AgentTarget in its namespace"), id="as it stands"),
        pytest.param([NODE, target(manage="RBAC")], None, ("ok", "node Agent: resolves by the Agent's built-in script; not injected: manage is RBAC"), id="not to be injected"),
        pytest.param([agent()], OURS, ("fail", "node Agent: it has no secret backend, so it resolves nothing; not injected: there is no AgentTarget in its namespace"), id="without a backend"),
        pytest.param([NODE, target(manage="Full")], OURS, ("fail", "node Agent: not injected, though manage is Full: it came in while the webhook did not inject"), id="not injected though it should"),
        pytest.param([agent(env=env(DD_SECRET_BACKEND_COMMAND="/own")), target(manage="Full")], OURS, ("fail", "node Agent: not injected: node has a secret backend of its own (/own), which stays as it is"), id="refused"),
        pytest.param([NODE], SETTINGS, ("fail", "node Agent: it runs as dd/node, which the install does not list: it gets nothing"), id="not listed"),
        pytest.param([], OURS, ("warn", "no workload is known to run an Agent"), id="no Agent"),
    ],
)  # fmt: skip
def test_workloads(
    kubectl: StandIn, texts: list[str], settings: Settings | None, expected: tuple[str, str]
) -> None:
    """Each workload is a line: whether it is listed, injected, or why not."""
    kubectl.hold(*texts)

    assert lines(check_workloads(*look(), settings)) == [expected]


def test_injected_workloads(kubectl: StandIn, capsys: Captured) -> None:
    """It is said whether the resolver is that of this version."""
    written = _injected(kubectl, capsys)
    kubectl.hold(written, target(manage="Full"))
    assert lines(check_workloads(*look(), OURS)) == [
        ("ok", "node Agent: injected with the resolver of version 0.1.0")
    ]
    manifest = yaml.safe_load(written)
    for volume in manifest["spec"]["template"]["spec"]["volumes"]:
        if "configMap" in volume:
            volume["configMap"]["name"] = "enc-resolver-" + "0" * 64
    kubectl.hold(json.dumps(manifest), target(manage="Full"))

    ((status, what),) = lines(check_workloads(*look(), OURS))

    assert (status, what) == (
        "warn",
        "node Agent: injected with another resolver than that of version 0.1.0 (000000000000)",
    )


OWNED = {"apiVersion": "datadoghq.com/v2alpha1", "kind": "DatadogAgent", "name": "d", "uid": "u"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (False, ("fail", "node Agent: not injected: datadog-operator writes it from the DatadogAgent dd/d")),
        (True, ("ok", "node Agent: the DatadogAgent dd/d says the Agent's own script")),
    ],
    ids=["not yet", "written"],
)
def test_a_workload_of_datadog_operator(
    kubectl: StandIn, *, written: bool, expected: tuple[str, str]
) -> None:
    """The fix is the text for its DatadogAgent, until it stands there."""
    manifest = yaml.safe_load(NODE)
    manifest["metadata"]["ownerReferences"] = [OWNED]
    if written:
        more = {"BACKEND_TIMEOUT": "25", "SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE": "true"}
        variables = [{"name": f"DD_SECRET_{name}", "value": value} for name, value in more.items()]
        manifest["spec"]["template"]["spec"]["containers"][0]["env"] += variables
    kubectl.hold(json.dumps(manifest), target(manage="Full"))

    (found,) = check_workloads(*look(), OURS)

    assert (str(found.status), found.what) == expected
    assert ("enableGlobalPermissions" in found.fix) is not written


def test_an_injection_that_is_left(kubectl: StandIn) -> None:
    """Where injection.enabled is off, whatever carries the install's mark stays until it is on again."""
    manifest = yaml.safe_load(NODE)
    manifest["metadata"]["annotations"] = {"enc-operator.io/injected": OURS.install}
    kubectl.hold(json.dumps(manifest), target(manage="Full"))

    (found,) = check_workloads(*look(), OURS)

    assert (str(found.status), "may no longer change" in found.what) == ("fail", True)
    assert "injection.enabled" in found.fix


def test_unknown_agents(kubectl: StandIn) -> None:
    """Where workloads may not be listed nobody can say that there is none."""
    kubectl.forbid(kinds("DaemonSet"))

    assert lines(check_workloads(*look(), None)) == [("unknown", "no workload is known to run an Agent")]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([READS_DB], ("ok", "it may read shop/db, which it needs, and nothing more"), id="exactly what it needs"),
        pytest.param([EVERYTHING], ("warn", "it may get every Secret of the cluster, by ClusterRole all; it needs shop/db"), id="everything, before anything is written"),
        pytest.param([EVERYTHING, target(manage="RBAC")], ("fail", "it may get every Secret of the cluster, by ClusterRole all; it needs shop/db"), id="everything"),
        pytest.param([], ("warn", "it may not read shop/db, which is asked for"), id="nothing, before anything is written"),
        pytest.param([target(manage="RBAC")], ("fail", "it may not read shop/db, which is asked for"), id="nothing"),
    ],
)  # fmt: skip
def test_access(kubectl: StandIn, texts: list[str], expected: tuple[str, str]) -> None:
    """What is too much, and what is missing, weighs more once permissions are written."""
    kubectl.hold(NODE, pod(), *texts)

    assert lines(check_access(*look())) == [expected]


def test_access_by_other_means(kubectl: StandIn) -> None:
    """What amounts to reading is said; so is a binding of a role that does not exist, and what is more than a line holds."""
    impersonating = {**rule("impersonate"), "resources": ["serviceaccounts"]}
    roles = list(bound("", "imp", [impersonating], "node", labels={}, home="dd"))
    unseen = list(bound("shop", "gone", [], "node", labels={}, home="dd"))[-1:]
    many = [pod(f"ENC[k8s_secret@shop/s{number}/k]", name=f"p{number}") for number in range(6)]
    kubectl.hold(NODE, *roles, *unseen, *many)

    found = lines(check_access(*look()))

    assert found[0][1].startswith(
        "ClusterRole imp lets it impersonate all serviceaccounts: it reads what they may read"
    )
    assert found[0][1].endswith("it needs shop/s0, shop/s1, shop/s2, shop/s3, shop/s4 and 1 more")
    assert ("warn", "RoleBinding shop/gone binds Role gone, which does not exist") in found


def test_access_that_is_not_shown(kubectl: StandIn) -> None:
    """Without RBAC or references nothing can be compared."""
    kubectl.hold(NODE)
    kubectl.forbid(kinds("Pod", "Role"))

    (check,) = check_access(*look())

    assert check.status is Status.UNKNOWN
    assert check.fix == "it takes the right to list pods, roles in all namespaces"


def _references(looked: Looked) -> list[tuple[str, str]]:
    held, scanned = looked
    return lines(check_references(View(scanned, held.owners, narrowed=False), held))


def test_references(kubectl: StandIn) -> None:
    """What is denied fails; where nothing resolves it, it only warns; where a grant may be unread, it is not known."""
    kubectl.hold(NODE, DENIED)
    ((status, what),) = _references(look())
    assert (status, what[:43]) == ("fail", "ENC[k8s_secret@db/orders/password] is denie")
    kubectl.forbid(kinds("SecretGrant"))
    kubectl.answer("/apis/enc-operator.io/v1alpha1", {"resources": [{"name": "secretgrants"}]})
    ((status, what),) = _references(look())
    assert status == "unknown"
    assert what.endswith("unless what could not be read allows it")


def test_idle_references(kubectl: StandIn) -> None:
    """What nobody resolves is denied without harm."""
    kubectl.hold(agent(), DENIED)

    ((status, what),) = _references(look())

    assert status == "warn"
    assert "not resolved as things stand" in what


def test_residual_references(kubectl: StandIn) -> None:
    """What is denied and resolves all the same is a line of its own."""
    kubectl.hold(NODE, DENIED, EVERYTHING)

    assert [(status, "resolves too" in what) for status, what in _references(look())] == [
        ("fail", False),
        ("fail", True),
    ]


def test_no_references(kubectl: StandIn) -> None:
    """None is denied; where sources may not be listed, of what could be read."""
    kubectl.hold(NODE, pod())
    assert _references(look()) == [("ok", "1 reference, none denied")]
    kubectl.forbid(kinds("Service"))
    assert _references(look()) == [("unknown", "of what could be read: 1 reference, none denied")]


def test_sources(kubectl: StandIn) -> None:
    """Each kind that may not be listed is a line, with what it hides; and what nobody can list is said."""
    kubectl.hold(NODE)
    assert [status for status, _ in lines(check_sources(look()[0]))] == ["ok"]
    kubectl.forbid(kinds("Service"))
    kubectl.forbid(kinds("ConfigMap"), "dd")

    assert lines(check_sources(look()[0])) == [
        (
            "unknown",
            "configmaps of namespace dd may not be listed: not judged are the Agents' own configuration",
        ),
        ("unknown", "services may not be listed: not judged are handles in annotations of Services"),
    ]


def condition(kind: str, status: str, reason: str = "R") -> dict[str, str]:
    """Return a condition."""
    return {"type": kind, "status": status, "reason": reason, "message": "m"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param({"observedGeneration": 1, "conditions": [condition("Ready", "True")]}, ("ok", "manage Plan, enforcement audit; references: 0 allowed, 0 denied, 0 residual"), id="ready"),
        pytest.param({"observedGeneration": 1, "conditions": [condition("ReferencesAllowed", "False")]}, ("ok", "manage Plan, enforcement audit; references: 0 allowed, 0 denied, 0 residual"), id="what other checks say"),
        pytest.param({"observedGeneration": 1, "conditions": [condition("SafeToDropGlobalPermission", "False"), condition("Injected", "False", "NotAsked")]}, ("ok", "manage Plan, enforcement audit; references: 0 allowed, 0 denied, 0 residual"), id="what nobody asked for"),
        pytest.param({"observedGeneration": 1, "conditions": [condition("Injected", "False", "Refused")]}, ("fail", "Injected is False (Refused): m"), id="an injection that was asked for"),
        pytest.param({"observedGeneration": 1, "conditions": [condition("Ready", "False"), condition("FenceHolds", "False")]}, ("fail", "FenceHolds is False (R): m"), id="a condition that does not hold"),
        pytest.param({"observedGeneration": 0, "conditions": [condition("Ready", "True")]}, ("warn", "its status is of an earlier specification"), id="an earlier status"),
        pytest.param({}, ("fail", "the operator has not said anything of it yet"), id="no status"),
    ],
)  # fmt: skip
def test_targets(status: dict[str, Any], expected: tuple[str, str]) -> None:
    """Each condition that does not hold is said in the operator's own words."""
    metadata = {"name": "t", "namespace": "dd", "generation": 1}

    assert lines(check_targets([{"metadata": metadata, "status": status}])) == [expected]


def test_no_targets() -> None:
    """Without one nothing is written; that they may not be listed is another thing."""
    assert lines(check_targets([])) == [("warn", "there is no AgentTarget: nothing is written")]
    assert lines(check_targets(Unreadable("list", "no"))) == [("unknown", "could not be looked at: no")]
