"""Template variables in handles: whose values they are, which may decide, and what is not known yet."""

import json
from typing import Any

import pytest

from agent_manifests import (
    agent,
    check,
    confd,
    env,
    idle_codes,
    pod,
    problem_codes,
    references,
    resolved_by,
    secret,
    secrets_of,
    service,
    target,
)
from enc_operator.core.references.model import Reference

VICTIM = "ENC[k8s_secret@dd/victim/key]"
KEYS = secret("keys", {"handle": VICTIM, "plain": "canary"})
SOURCES = [
    *env(LITERAL=VICTIM, PLAIN="a", NAME="victim"),
    {"name": "HANDLE", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "handle"}}},
    {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "plain"}}},
    {"name": "UNKNOWN", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "x"}}},
    {"name": "NODE_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
]
OPEN = target(crossNamespace=True)


def from_pod(value: str, **options: Any) -> list[Reference]:
    """Return the references of a pod's value."""
    return references(pod(value, **options), agent(env=SOURCES), KEYS, OPEN)


def from_service(value: str) -> list[Reference]:
    """Return the references of a Service's value."""
    return references(service(value), agent("cluster-agent", env=SOURCES), KEYS)


def from_file(value: str, **fields: Any) -> list[Reference]:
    """Return the references of a value in the Agent's own check file."""
    return references(*confd({"a.yaml": check(value, **fields)}, env=SOURCES), KEYS, OPEN)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("%%env_LITERAL%%", ["variable-refused"], id="a handle of the Agent's"),
        pytest.param(" %%env_LITERAL%%\t", ["variable-refused"], id="with blanks"),
        pytest.param("%%env_HANDLE%%", ["variable-refused"], id="a Secret of the Agent's that is a handle"),
        pytest.param("ENC[k8s_secret@shop/%%env_PLAIN%%/key]", ["variable-refused"], id="a name from it"),
        pytest.param("ENC[k8s_secret@%%env_PLAIN%%/a/key]", ["variable-refused"], id="a namespace from it"),
        pytest.param("ENC[k8s_secret@shop/a/key%%env_NOTHING%%]", ["variable-refused"], id="an absent one"),
        pytest.param("%%env_UNKNOWN%%", ["handle-undetermined"], id="one that may be a handle"),
        pytest.param("EN%%env_UNKNOWN%%", ["handle-undetermined"], id="one that may complete a handle"),
        pytest.param("EN%%env_SECRET%%", ["handle-undetermined"], id="a Secret that may complete a handle"),
        pytest.param("%%env_SECRET%%", [], id="a Secret that is no handle"),
        pytest.param("%%env_NODE_IP%%", [], id="an address"),
        pytest.param("http://%%env_SECRET%%:80", [], id="a Secret inside another text"),
        pytest.param("%%env_PLAIN%%", [], id="a plain text"),
        pytest.param("%%env_NOTHING%%", [], id="nothing"),
    ],
)
@pytest.mark.parametrize(
    "read", [pytest.param(from_pod, id="in a pod"), pytest.param(from_service, id="in a Service")]
)
def test_environment_of_the_agent(read: Any, value: str, expected: list[str]) -> None:
    """The Agent's environment never decides for a pod or a Service, and is never theirs to read."""
    found = read(value)

    assert problem_codes(found) == expected
    assert secrets_of(found) == []


def test_unknown_environment() -> None:
    """Where a source of the Agent's environment is not in the input, any variable may be a handle.

    Without an Agent nobody resolves anything: an app team's lone variable is no alarm.
    """
    open_ended = agent(envFrom=[{"secretRef": {"name": "gone"}}])

    assert problem_codes(references(pod("%%env_X%%"), open_ended)) == ["handle-undetermined"]
    assert references(pod("%%env_X%%")) == []
    assert problem_codes(references(pod("ENC[k8s_secret@shop/%%env_X%%/key]"))) == ["variable-refused"]


def test_environment_where_the_cluster_agent_dispatches() -> None:
    """Variables are the Cluster Agent's that substitutes them, also where a runner resolves."""
    skips = env(DD_SECRET_BACKEND_SKIP_CHECKS="true", LITERAL=VICTIM)

    found = references(
        service("%%env_LITERAL%%"), agent("cluster-agent", env=skips), agent("cluster-checks-runner")
    )

    assert problem_codes(found) == ["variable-refused"]
    assert resolved_by(found) == ["runner"]


@pytest.mark.parametrize(
    ("value", "secrets", "problems"),
    [
        pytest.param("%%env_LITERAL%%", ["dd/victim/key"], [], id="a handle"),
        pytest.param("%%env_HANDLE%%", ["dd/victim/key"], [], id="a Secret that is a handle"),
        pytest.param("ENC[k8s_secret@dd/%%env_NAME%%/key]", ["dd/victim/key"], [], id="a name"),
        pytest.param("ENC[k8s_secret@%%env_PLAIN%%/a/key]", [], ["variable-refused"], id="a namespace"),
        pytest.param(
            "ENC[k8s_secret@dd/%%env_SECRET%%/key]", [], ["handle-undetermined"], id="a hidden name"
        ),
        pytest.param("%%env_UNKNOWN%%", [], ["handle-undetermined"], id="an unknown text"),
        pytest.param("%%env_SECRET%%", [], [], id="a Secret that is no handle"),
    ],
)
def test_environment_in_own_files(value: str, secrets: list[str], problems: list[str]) -> None:
    """In the Agent's own files its environment counts, as far as it is known, and never for the namespace."""
    found = from_file(value)

    assert (secrets_of(found), problem_codes(found)) == (secrets, problems)


def test_fix_of_an_unknown_variable() -> None:
    """What is missing in the input is named."""
    (found,) = from_file("%%env_UNKNOWN%%")

    assert found.problem
    assert "ConfigMaps and Secrets" in found.problem.fix


@pytest.mark.parametrize(
    ("value", "secrets", "problems", "idle"),
    [
        pytest.param("ENC[k8s_secret@%%kube_namespace%%/a/key]", ["shop/a/key"], [], [], id="its namespace"),
        pytest.param(
            "ENC[k8s_secret@%%kube_namespace%%-db/a/key]", ["shop-db/a/key"], [], [], id="a part of it"
        ),
        pytest.param("ENC[k8s_secret@shop/%%kube_pod_name%%/key]", ["shop/web/key"], [], [], id="its name"),
        pytest.param(
            "ENC[k8s_secret@shop/a-%%kube_pod_uid%%/key]", ["shop/…/key"], [], [], id="its unknown uid"
        ),
        pytest.param("ENC[k8s_secret@shop/a/%%host%%]", ["shop/a/…"], [], [], id="an unknown key"),
        pytest.param("ENC[k8s_secret@shop/a/%%port_http%%]", ["shop/a/…"], [], [], id="a port"),
        pytest.param(
            "ENC[k8s_secret@shop/a/%%host_bridge%%]", ["shop/a/…"], [], [], id="a network's address"
        ),
        pytest.param(
            "EN%%hostname%%C[k8s_secret@shop/a/key]", ["shop/a/key"], [], [], id="an empty hostname"
        ),
        pytest.param(
            "ENC[k8s_secret@%%host%%/a/key]", [], ["variable-refused"], [], id="a host as namespace"
        ),
        pytest.param(
            "ENC[k8s_secret@sh%%hostname%%op/a/key]",
            [],
            ["variable-refused"],
            [],
            id="even an empty one inside it",
        ),
        pytest.param(
            "ENC[k8s_secret@%%extra_namespace%%/a/key]", [], ["variable-refused"], [], id="its other spelling"
        ),
        pytest.param(
            "ENC%%host%%[k8s_secret@shop/a/key]", [], ["handle-undetermined"], [], id="maybe no handle"
        ),
        pytest.param(
            "ENC[k8s_secret@shop/a/%%kube_nothing%%]",
            ["shop/a/…"],
            [],
            ["variable-unknown"],
            id="a variable that pods do not have",
        ),
        pytest.param(
            "ENC[k8s_secret@shop/a/%%nonsense%%]",
            ["shop/a/…"],
            [],
            ["variable-unknown"],
            id="a variable that there is not",
        ),
        pytest.param(
            "ENC[k8s_secret@shop/a/%%extra_nothing%%]",
            [],
            ["handle-undetermined"],
            ["variable-unknown"],
            id="what only other listeners have",
        ),
    ],
)
def test_variables_of_pods(value: str, secrets: list[str], problems: list[str], idle: list[str]) -> None:
    """A pod's own values are known or follow later; only its namespace may stand in the namespace."""
    found = from_pod(value)

    assert (secrets_of(found), problem_codes(found), idle_codes(found)) == (secrets, problems, idle)


@pytest.mark.parametrize(
    ("value", "secrets", "problems", "idle"),
    [
        pytest.param("ENC[k8s_secret@shop/a/%%host%%]", ["shop/a/…"], [], [], id="its address"),
        pytest.param("ENC[k8s_secret@shop/a/%%port%%]", ["shop/a/…"], [], [], id="its port"),
        pytest.param(
            "ENC[k8s_secret@%%kube_namespace%%/a/key]",
            [],
            ["handle-undetermined"],
            ["variable-unknown"],
            id="no namespace",
        ),
        pytest.param(
            "ENC[k8s_secret@shop/a/%%hostname%%]", ["shop/a/…"], [], ["variable-unknown"], id="no hostname"
        ),
        pytest.param("%%hostname%%", [], [], [], id="a hostname is no handle"),
    ],
)
def test_variables_of_services(value: str, secrets: list[str], problems: list[str], idle: list[str]) -> None:
    """A Service has an address and ports; with any other variable the Agent drops the template."""
    found = from_service(value)

    assert (secrets_of(found), problem_codes(found), idle_codes(found)) == (secrets, problems, idle)


@pytest.mark.parametrize(
    ("fields", "idle"),
    [
        pytest.param({}, ["variable-unknown"], id="a plain file has no host"),
        pytest.param({"cel_selector": {"containers": ["x"]}}, [], id="a template has one"),
    ],
)
def test_variables_of_files(fields: dict[str, Any], idle: list[str]) -> None:
    """A file that waits for nothing knows only the environment."""
    assert idle_codes(from_file("ENC[k8s_secret@dd/a/%%host%%]", **fields)) == idle


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        pytest.param("ENC[k8s_secret@%%kube_namespace%%/a/key]", ["handle-undetermined"], id="a namespace"),
        pytest.param("ENC[k8s_secret@dd/a/%%extra_x%%]", ["handle-undetermined"], id="any text"),
        pytest.param("ENC[k8s_secret@dd/a/%%hostname%%]", [], id="a hostname"),
    ],
)
def test_variables_of_unknown_containers(value: str, problems: list[str]) -> None:
    """Where nothing says which container an expression matches, its values may be any."""
    assert problem_codes(from_file(value, cel_selector={"containers": ["x"]})) == problems


def test_addresses() -> None:
    """A running pod's address is known."""
    manifest = json.loads(pod("ENC[k8s_secret@shop/db-%%host%%/key]"))
    manifest["status"] = {"podIP": "10.0.0.1"}

    assert secrets_of(references(json.dumps(manifest), agent())) == ["shop/db-10.0.0.1/key"]
