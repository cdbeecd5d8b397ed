"""Who resolves what: from the pod, before the Cluster Agent dispatches, or where it dispatches to."""

from typing import Any

import pytest

from agent_manifests import agent, env, mode_none, pod, references, resolved_by, service
from enc_operator.core.references.model import Reference

HANDLE = "ENC[k8s_secret@shop/a/key]"
SKIPS = env(DD_SECRET_BACKEND_SKIP_CHECKS="true")
TAKES = env(DD_EXTRA_CONFIG_PROVIDERS="clusterchecks endpointschecks")
BACKEND = env(DD_SECRET_BACKEND_COMMAND="/readsecret_multiple_providers.sh")
NODE = agent(env=TAKES)
SKIPPING = agent("cluster-agent", env=SKIPS)
RUNNER = agent("cluster-checks-runner")
STACKSTATE = agent(name="sts", image="stackstate/stackstate-agent-2:2")


def hops(found: list[Reference]) -> list[str]:
    """Return how each reference reaches its Agent."""
    return [item.hop for item in found]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([NODE], ["node"], id="the node Agent"),
        pytest.param([NODE, agent("cluster-agent"), RUNNER], ["node"], id="no other component"),
        pytest.param(
            [NODE, agent(namespace="b", name="other")], ["other", "node"], id="each of two installs"
        ),
        pytest.param([NODE, STACKSTATE], ["node"], id="not StackState's"),
        pytest.param([agent(env=SKIPS)], [], id="none that skips checks"),
        pytest.param([NODE, mode_none()], [], id="none without a backend"),
    ],
)
def test_pods(texts: list[str], expected: list[str]) -> None:
    """Pod annotations are resolved by each node Agent of their flavour that has a backend."""
    assert resolved_by(references(pod(HANDLE), *texts)) == expected


def test_pods_of_stackstate() -> None:
    """StackState's annotations are its Agent's."""
    annotations = {"ad.stackstate.com/app.logs": f'[{{"service": "{HANDLE}"}}]'}

    assert resolved_by(references(pod(annotations=annotations), NODE, STACKSTATE)) == ["sts"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([NODE, agent("cluster-agent")], ["cluster"], id="the Cluster Agent first"),
        pytest.param([NODE, agent("cluster-agent"), RUNNER], ["cluster"], id="although there are runners"),
        pytest.param([NODE, SKIPPING, RUNNER], ["runner"], id="runners where it skips checks"),
        pytest.param(
            [NODE, SKIPPING], ["node"], id="node Agents that take cluster checks where it skips them"
        ),
        pytest.param([agent(), SKIPPING], [], id="no node Agent that does not take them"),
        pytest.param(
            [agent(env=[*TAKES, *BACKEND]), agent("cluster-agent"), mode_none()],
            ["node"],
            id="node Agents where it has no backend",
        ),
        pytest.param([NODE, agent("cluster-agent"), mode_none()], [], id="nobody without any backend"),
        pytest.param(
            [NODE, SKIPPING, agent("cluster-checks-runner", namespace="b")],
            ["node"],
            id="no runner of another install",
        ),
        pytest.param(
            [agent("cluster-agent"), agent("cluster-agent", namespace="b", name="other")],
            ["other", "cluster"],
            id="each of two installs",
        ),
        pytest.param(
            [SKIPPING, agent("cluster-agent", namespace="b", name="other"), RUNNER],
            ["other", "runner"],
            id="one install skips, the other does not",
        ),
        pytest.param([SKIPPING, STACKSTATE], [], id="no Agent of another flavour"),
    ],
)
def test_services(texts: list[str], expected: list[str]) -> None:
    """A Service's checks are resolved by the first process on their way that has a backend and skips nothing."""
    assert resolved_by(references(service(HANDLE), *texts)) == expected


@pytest.mark.parametrize(
    ("options", "texts", "expected"),
    [
        pytest.param({}, [NODE, agent("cluster-agent"), RUNNER], ["cluster"], id="the Cluster Agent first"),
        pytest.param(
            {}, [agent(), SKIPPING, RUNNER], ["node"], id="the pods' node Agents where it skips checks"
        ),
        pytest.param(
            {"resolve": "ip"}, [NODE, SKIPPING, RUNNER], ["runner"], id="runners for plain addresses"
        ),
        pytest.param({"resolve": "auto"}, [NODE, SKIPPING, RUNNER], ["node"], id="auto is the default"),
    ],
)
def test_endpoints(options: dict[str, Any], texts: list[str], expected: list[str]) -> None:
    """Endpoints that pods back go to the pods' node Agents, others the way of Services."""
    assert resolved_by(references(service(HANDLE, identifier="endpoints", **options), *texts)) == expected


def test_endpoints_without_pods() -> None:
    """Endpoints of a Service without a selector are addresses."""
    text = service(HANDLE, identifier="endpoints").replace('"selector": {"app": "web"}', '"selector": {}')

    assert resolved_by(references(text, NODE, SKIPPING, RUNNER)) == ["runner"]


def test_resolve_belongs_to_endpoints() -> None:
    """The same word beside `service` changes nothing for the endpoints."""
    text = service(HANDLE, identifier="endpoints").replace(
        '"annotations": {', '"annotations": {"ad.datadoghq.com/service.resolve": "ip", '
    )

    assert resolved_by(references(text, NODE, SKIPPING, RUNNER)) == ["node"]


@pytest.mark.parametrize(
    ("text", "waiting"),
    [
        pytest.param(pod(HANDLE), "node Agent", id="a pod"),
        pytest.param(service(HANDLE), "Cluster Agent", id="a Service"),
    ],
)
def test_nobody(text: str, waiting: str) -> None:
    """Without Agents there is a reference, which waits for one."""
    (found,) = references(text)

    assert (found.agent, found.hop, found.idle and found.idle.code) == (None, waiting, "no-agent")
    assert not found.live


def test_hops() -> None:
    """A hop says which way a reference took."""
    skips = "Cluster Agent (it is told to skip checks (secret_backend_skip_checks))"

    assert hops(references(service(HANDLE), NODE, SKIPPING)) == [f"{skips} → node Agent"]
    assert hops(references(service(HANDLE), agent("cluster-agent"))) == ["before it dispatches"]
    assert hops(references(service(HANDLE), SKIPPING)) == ["before it dispatches"]
