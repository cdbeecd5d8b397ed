"""The mutating door: what is added to whom, and whom nothing happens to."""

import json
from typing import Any

import pytest

from enc_operator.core.admission.model import Verdict
from enc_operator.core.admission.mutation import mutate
from living import Manifest
from mutating import (
    BUILTIN,
    COMMAND,
    FILES,
    asking_world,
    mutated,
    patch_of,
    patched,
    pod_spec,
    stored,
    workload,
)
from reviewing import bare_world, document, told

WORLD = asking_world()


def test_an_agent_without_a_backend_is_given_one() -> None:
    """In mode builtin its own helper, behind the guard; the audit log says what was added."""
    manifest = workload()
    answer = mutated(manifest)

    assert (answer.verdict, answer.allowed) == (Verdict.INJECTED, True)
    env = pod_spec(patched(manifest, answer))["containers"][0]["env"]
    assert env[:2] == [
        COMMAND,
        {"name": "DD_SECRET_BACKEND_ARGUMENTS", "value": "/opt/datadog-agent/bin/agent/agent"},
    ]
    assert answer.document["response"]["auditAnnotations"] == {
        "verdict": "injected",
        "changes": "init container enc-resolver; volumes enc-resolver, enc-payload; resolver in agent",
    }


def test_dry_run_alike() -> None:
    """A request that is only tried gets the same answer."""
    assert mutated(workload(), dryRun=True) == mutated(workload())


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment", "StatefulSet"])
def test_every_kind_that_runs_agents(kind: str) -> None:
    """The kind decides nothing, also where the name is not made yet."""
    manifest = {**workload(), "kind": kind}
    manifest["metadata"] = {"generateName": "agent-", "labels": manifest["metadata"]["labels"]}

    assert mutated(manifest, namespace="dd").verdict is Verdict.INJECTED


def other_account(manifest: Manifest) -> None:
    """Run as a ServiceAccount that the install does not list."""
    pod_spec(manifest)["serviceAccountName"] = "somebody"


def other_labels(manifest: Manifest) -> None:
    """Run something else."""
    manifest["metadata"]["labels"] = {}
    manifest["spec"]["template"]["metadata"]["labels"] = {}
    pod_spec(manifest)["containers"][0].update(image="redis:8", name="app")


def terminating(manifest: Manifest) -> None:
    """Be about to be deleted."""
    manifest["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "request_", "spec"),
    [
        (None, {}, {"manage": "RBAC"}),
        (None, {}, {"manage": "Plan"}),
        (None, {}, {"resolver": {"mode": "none"}}),
        (None, {"operation": "DELETE"}, {}),
        (None, {"namespace": "shop"}, {}),
        (None, {"resource": "daemonsets/status"}, {}),
        (None, {"kind": {"group": "apps", "version": "v1", "kind": "ReplicaSet"}}, {}),
        (None, {"kind": {"group": "example.com", "version": "v1", "kind": "DaemonSet"}}, {}),
        (other_account, {}, {}),
        (other_labels, {}, {}),
        (terminating, {}, {}),
    ],
    ids=["manage RBAC", "manage Plan", "mode none", "a deletion", "another namespace", "its status", "a ReplicaSet",
         "a namesake of another group", "another ServiceAccount", "no Agent", "one that is about to go"],
)  # fmt: skip
def test_nothing_happens_to_others(change: Any, request_: dict[str, Any], spec: dict[str, Any]) -> None:
    """What nobody asks for is let through, unseen."""
    manifest = workload()
    if change:
        change(manifest)

    answer = mutated(manifest, asking_world(**spec), **request_)

    assert (answer.verdict, patch_of(answer)) == (Verdict.NOT_JUDGED, [])


def test_without_an_agent_target() -> None:
    """Nobody has asked for anything."""
    assert mutated(workload(), bare_world(*FILES)).verdict is Verdict.NOT_JUDGED


def test_no_rollout_is_started() -> None:
    """An update that leaves the pods' template as it is gets nothing; one that changes it does."""
    old, manifest = workload(), workload()
    manifest["metadata"]["annotations"] = {"a": "b"}
    assert mutated(manifest, old=old).verdict is Verdict.NOT_JUDGED

    pod_spec(manifest)["containers"][0]["image"] = "example.com/agent:8"
    assert mutated(manifest, old=old).verdict is Verdict.INJECTED


@pytest.mark.parametrize(
    ("env", "code", "said"),
    [
        ([{**COMMAND, "value": "/mine"}], "backend-conflict", "(/mine)"),
        (
            [{"name": "DD_SECRET_BACKEND_TYPE", "value": "aws.secrets"}],
            "backend-kept",
            "stays as it is",
        ),
        ([BUILTIN], "injection-kept", "env DD_SECRET_BACKEND_COMMAND"),
    ],
    ids=["a command", "a type", "the built-in script"],
)
def test_a_backend_of_the_users_own_wins(env: list[Manifest], code: str, said: str) -> None:
    """It is left alone with all the rest, and the user is told."""
    answer = mutated(workload(env=env))

    assert (answer.verdict, told(answer), patch_of(answer)) == (Verdict.ALLOWED, [code], [])
    assert said in " ".join(answer.document["response"]["warnings"])


@pytest.mark.parametrize(
    ("volume", "known"),
    [
        ({"configMap": {"name": "later"}}, False),
        ({"projected": {"sources": [{"configMap": {"name": "later"}}]}}, False),
        ({"configMap": {"name": "later", "optional": True}}, True),
        ({"secret": {"secretName": "later"}}, True),
    ],
    ids=["a ConfigMap", "one among others", "one that need not be there", "a Secret"],
)
def test_configuration_that_is_not_known_yet(volume: Manifest, known: bool) -> None:  # noqa: FBT001
    """It could hold a backend of the user's own, so nothing is added."""
    manifest = workload()
    pod_spec(manifest)["volumes"].append({"name": "more", **volume})

    answer = mutated(manifest)

    assert answer.verdict is (Verdict.INJECTED if known else Verdict.NOT_JUDGED)
    assert ("later" in json.dumps(answer.document["response"].get("auditAnnotations"))) is not known


@pytest.mark.parametrize(
    "container",
    [
        {"envFrom": [{"configMapRef": {"name": "later"}}]},
        {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "a"}}}]},
    ],
    ids=["as a whole", "by its key"],
)
def test_an_environment_that_is_not_known_yet(container: Manifest) -> None:
    """Nor is anything added to variables that nobody knows."""
    assert mutated(workload(**container)).verdict is Verdict.NOT_JUDGED


def test_a_list_of_namespaces_is_not_guessed() -> None:
    """With crossNamespace the Agent is kept to the namespaces in use, which are not known here."""
    answer = mutated(workload(), asking_world(crossNamespace=True))

    assert answer.verdict is Verdict.NOT_JUDGED
    assert "namespaces" in answer.document["response"]["auditAnnotations"]["reasons"]


def test_what_was_not_read_whole_is_left_alone() -> None:
    """What lies too deep could be anything."""
    answer = mutate(document(workload()), WORLD, whole=False)

    assert answer.verdict is Verdict.NOT_JUDGED
    assert "too deep" in answer.document["response"]["auditAnnotations"]["reasons"]


def test_windows_is_refused_with_a_warning() -> None:
    """What cannot take the resolver is let through, and its author is told why it gets none."""
    manifest = workload()
    pod_spec(manifest)["os"] = {"name": "windows"}

    assert told(mutated(manifest)) == ["agent-refused"]


def test_another_webhook_in_between() -> None:
    """What others add, also to our own init container, is neither undone nor done again."""
    manifest = workload()
    once = patched(manifest, mutated(manifest))
    for container in (*pod_spec(once)["initContainers"], *pod_spec(once)["containers"]):
        container.setdefault("env", []).insert(0, {"name": "HTTP_PROXY", "value": "p"})
        container["volumeMounts"].insert(0, {"name": "token", "mountPath": "/token"})
    pod_spec(once)["containers"].insert(0, {"name": "proxy", "image": "envoy:1"})

    assert mutated(stored(once)).verdict is Verdict.NOT_JUDGED


@pytest.mark.parametrize(
    "asked",
    [
        None,
        {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "u-1"}},
        {**document(workload()), "apiVersion": "admission.k8s.io/v1beta1"},
    ],
    ids=["nothing", "no request", "another version"],
)
def test_what_is_no_review(asked: Any) -> None:
    """It is let through without a patch where somebody can be told so."""
    answer = mutate(asked, WORLD)

    assert patch_of(answer) == []
    assert (answer.allowed, answer.is_open) == (bool(asked), bool(asked))
