"""The self-test's requests, and what an answer to one of them means; that they are refused is shown on a real API server."""

import pytest

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.controller.fence import (
    PREFIX,
    Missing,
    Probe,
    explain,
    probe_of_payload,
    probe_of_target,
    probe_of_workload,
    probes_of,
)
from enc_operator.core.rbac.convergence import EPOCH
from enc_operator.process.settings import AgentAccounts, LeaseName, Settings

SETTINGS = Settings(
    LeaseName("enc-system", "leader"), (AgentAccounts("datadog", ("dd",)),), install="enc-system.enc"
)
WORKLOAD = {
    "metadata": {"namespace": "datadog", "name": "agent"},
    "spec": {"template": {"spec": {"hostIPC": True}}},
}
CALL = Call("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", {"dryRun": "All"}, {})
PROBE = Probe("rbac", "a Role that lists Secrets", CALL)


def test_every_probe_is_a_trial() -> None:
    """Nothing of the self-test is ever stored."""
    target = {"metadata": {"namespace": "datadog", "name": "agents"}, "spec": {}}

    probes = (*probes_of(SETTINGS, 3), probe_of_target(target), probe_of_payload(SETTINGS))
    for probe in (*probes, probe_of_workload(WORKLOAD)):
        assert probe.call.query == {"dryRun": "All"}


def test_a_probe_has_one_fault() -> None:
    """Each probe has this install's label and, but for one, the epoch: only the rule in question refuses it."""
    probes = [probe for probe in probes_of(SETTINGS, 3) if probe.policy in {"rbac", "epoch"}]

    assert {probe.call.body["metadata"]["labels"]["enc-operator.io/managed-by"] for probe in probes} == {
        "enc-system.enc"
    }
    assert [probe.what for probe in probes if probe.call.body["metadata"]["annotations"][EPOCH] != "3"] == [
        "a Role of another leader"
    ]


@pytest.mark.parametrize(
    ("settings", "namespace"),
    [
        (SETTINGS, "default"),
        (Settings(LeaseName("enc", "l"), namespaces=frozenset({"shop", "db"})), "db"),
        (Settings(LeaseName("enc", "l"), SETTINGS.agents, protected_namespaces=frozenset({"default"})), "datadog"),
        (Settings(LeaseName("enc", "l"), protected_namespaces=frozenset({"default"})), "enc"),
    ],
    ids=["everywhere", "of the install's namespaces", "where default is protected", "where all is protected"],
)  # fmt: skip
def test_probes_are_sent_where_the_operator_may_write(settings: Settings, namespace: str) -> None:
    """A namespace that is refused anyway would hide that a rule is missing."""
    assert probes_of(settings, 3)[0].call.body["metadata"]["namespace"] == namespace


def test_a_workload_is_probed_by_its_opposite() -> None:
    """What the probe changes is no injection, whatever the workload says now."""
    call = probe_of_workload(WORKLOAD).call

    assert call.body == {"spec": {"template": {"spec": {"hostIPC": False}}}}
    assert call.path == "/apis/apps/v1/namespaces/datadog/daemonsets/agent"


def test_an_agenttarget_is_probed_by_its_opposite() -> None:
    """The probe changes the spec, whatever it says now."""
    target = {"metadata": {"namespace": "datadog", "name": "agents"}, "spec": {"crossNamespace": True}}

    probe = probe_of_target(target)

    assert (probe.call.method, probe.call.body) == ("PATCH", {"spec": {"crossNamespace": False}})
    assert probe.call.path == "/apis/enc-operator.io/v1alpha1/namespaces/datadog/agenttargets/agents"


@pytest.mark.parametrize(
    ("probe", "refusal", "reason"),
    [
        (
            PROBE,
            ApiError(CALL, 403, "Forbidden", f"403 denied request: {PREFIX}a Role must have one rule"),
            "",
        ),
        (PROBE, None, "a Role that lists Secrets was let through (policy rbac)"),
        (
            PROBE,
            ApiError(CALL, 403, "Forbidden", "403 roles is forbidden"),
            "a Role that lists Secrets was refused, but not by the fence (policy rbac): 403 roles is forbidden",
        ),
        (
            PROBE,
            ApiError(CALL, 422, "Invalid", f"422 {PREFIX}"),
            "a Role that lists Secrets was refused, but not by the fence (policy rbac): 422 enc-operator fence: ",
        ),
        (Probe("resources", "another spec", CALL), ApiError(CALL, 404, "NotFound", "404 not found"), ""),
    ],
    ids=["the fence", "nobody", "RBAC", "validation that quotes the fence", "an AgentTarget that has gone"],
)
def test_only_the_fences_own_refusal_counts(probe: Probe, refusal: ApiError | None, reason: str) -> None:
    """Whoever else refuses a request may let it through tomorrow."""
    assert explain(probe, refusal) == reason


def test_what_is_missing_is_said_with_a_fix() -> None:
    """The text names each probe, and both ways out."""
    text = str(Missing(("a was let through (policy rbac)", "b was let through (policy epoch)")))

    assert text.startswith("the fence does not hold: a was let through (policy rbac); b was let through")
    assert "fence.enabled=false" in text
