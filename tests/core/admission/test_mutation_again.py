"""The mutating door and workloads that are injected already: renewed with a rollout, left, or taken out."""

import json
from typing import Any

import pytest

from enc_operator.core.admission.model import Verdict
from enc_operator.core.injection.writing import MARK
from living import Manifest, target
from mutating import FILES, PAYLOAD, asking_world, mutated, patch_of, patched, pod_spec, workload
from reviewing import bare_world, told

OLDER = f"enc-resolver-{'a' * 64}"


def older(manifest: Manifest) -> Manifest:
    """Return a workload as an earlier release injected it, and an operator answers for it."""
    once = patched(manifest, mutated(manifest))
    once["metadata"]["annotations"] = {MARK: "here.enc-operator"}
    payload_of(once)["name"] = OLDER
    return once


def payload_of(manifest: Manifest) -> dict[str, Any]:
    """Return what an injected workload says of the ConfigMap with the resolver."""
    found: dict[str, Any] = next(
        each["configMap"] for each in pod_spec(manifest)["volumes"] if each["name"] == "enc-payload"
    )
    return found


def rolled_out(manifest: Manifest) -> Manifest:
    """Return a workload as `kubectl rollout restart` changes it."""
    found: Manifest = json.loads(json.dumps(manifest))
    found["spec"]["template"]["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "now"}
    return found


def test_a_rollout_brings_the_newer_resolver() -> None:
    """It is the one rollout that somebody asked for, and ends as if it had been injected by this release."""
    stored_one = older(workload())
    manifest = rolled_out(stored_one)

    answer = mutated(manifest, old=stored_one)

    fresh = workload()
    assert answer.verdict is Verdict.INJECTED
    assert pod_spec(patched(manifest, answer)) == pod_spec(patched(fresh, mutated(fresh)))


def test_a_new_image_takes_its_init_container_along() -> None:
    """An Agent's upgrade is one rollout, too."""
    stored_one = older(workload())
    payload_of(stored_one)["name"] = PAYLOAD["metadata"]["name"]
    manifest = rolled_out(stored_one)
    pod_spec(manifest)["containers"][0]["image"] = "example.com/agent:8"

    answer = mutated(manifest, old=stored_one)

    found = pod_spec(patched(manifest, answer))
    assert [each["image"] for each in (*found["initContainers"], *found["containers"])] == [
        "example.com/agent:8"
    ] * 2
    assert mutated(patched(manifest, answer), old=stored_one).verdict is Verdict.NOT_JUDGED


def test_a_renewal_keeps_the_namespaces_that_the_operator_wrote() -> None:
    """With crossNamespace only the operator knows them, and they stay its own."""
    stored_one = older(workload())
    init = next(each for each in pod_spec(stored_one)["initContainers"])
    record = json.loads(init["env"][0]["value"])
    del record["set"]["DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE"]
    record["set"]["DD_SECRET_ALLOWED_K8S_NAMESPACE"] = "bank shop"
    init["env"][0]["value"] = json.dumps(record)
    env = pod_spec(stored_one)["containers"][0]["env"]
    env[-1] = {"name": "DD_SECRET_ALLOWED_K8S_NAMESPACE", "value": "bank shop"}
    manifest = rolled_out(stored_one)

    answer = mutated(manifest, asking_world(crossNamespace=True), old=stored_one)

    found = patched(manifest, answer)
    assert payload_of(found)["name"] == PAYLOAD["metadata"]["name"]
    assert pod_spec(found)["containers"][0]["env"] == env


@pytest.mark.parametrize(
    ("manager", "verdict"),
    [("enc-operator", Verdict.NOT_JUDGED), ("kubectl-replace", Verdict.INJECTED)],
    ids=["by us", "by the workload as its author has it"],
)
def test_what_is_taken_out_with_its_mark_stays_out(manager: str, verdict: Verdict) -> None:
    """Who uninstalls is not undone while an AgentTarget still asks; who replaces a workload says nothing of the injection."""
    answer = mutated(workload(), old=older(workload()), options={"fieldManager": manager})

    assert answer.verdict is verdict


def test_an_injection_that_nobody_answers_for_is_not_renewed() -> None:
    """Who applied it by hand is told."""
    stored_one = older(workload())
    del stored_one["metadata"]["annotations"]

    answer = mutated(rolled_out(stored_one), old=stored_one)

    assert (told(answer), patch_of(answer)) == (["injection-kept"], [])


@pytest.mark.parametrize("known", [True, False], ids=["a rollout", "the first one"])
def test_nothing_is_added_before_its_config_map_is_there(known: bool) -> None:  # noqa: FBT001
    """The first pods would take the Agent's own script, and nobody would be told."""
    without = bare_world(target("Full", crossNamespace=False, resolver={"mode": "builtin"}), *FILES)
    stored_one = older(workload()) if known else None
    manifest = rolled_out(stored_one or workload())

    answer = mutated(manifest, without, old=stored_one)

    assert (answer.verdict, patch_of(answer)) == (Verdict.NOT_JUDGED, [])
    assert "with the resolver" in answer.document["response"]["auditAnnotations"]["reasons"]
