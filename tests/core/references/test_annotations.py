"""References in annotations, DatadogInstrumentation and Compose labels."""

import json
from typing import Any

import pytest

from agent_manifests import (
    agent,
    env,
    gathered,
    idle_codes,
    pod,
    problem_codes,
    references,
    resolved_by,
    secrets_of,
    service,
)
from assessing import inventory_of
from enc_operator.cli.inputs import Text
from enc_operator.cli.loading import Options, load
from enc_operator.core.references.gather import gather
from enc_operator.core.references.gathering import Gathered
from enc_operator.core.references.model import Referrer, ReferrerKind

HANDLE = "ENC[k8s_secret@shop/a/key]"
CHECKS = json.dumps({"redisdb": {"instances": [{"value": HANDLE}]}})
LOGS = json.dumps([{"service": HANDLE}])
AGENTS = (agent(), agent("cluster-agent"))


def codes(found: Gathered) -> list[str]:
    """Return the codes of the findings."""
    return [finding.code for finding in found.findings]


@pytest.mark.parametrize(
    ("annotations", "containers", "resolved", "finding"),
    [
        pytest.param({"app.checks": CHECKS}, [], True, False, id="a container's name"),
        pytest.param({"app.logs": LOGS}, [], True, False, id="logs"),
        pytest.param({"gone.checks": CHECKS}, [], False, True, id="no container's name"),
        pytest.param({"app.check.id": "x", "x.checks": CHECKS}, [], True, False, id="its check.id"),
        pytest.param(
            {"app.check.id": "x", "app.checks": CHECKS},
            [],
            False,
            True,
            id="its name, which a check.id replaces",
        ),
        pytest.param(
            {"app.check.id": "b", "b.checks": CHECKS},
            [{"name": "b", "image": "b"}],
            True,
            False,
            id="two containers of one identifier",
        ),
        pytest.param({"gone.check_tag_cardinality": "high"}, [], False, False, id="nothing to decode"),
        pytest.param({"tags": CHECKS}, [], False, False, id="no template at all"),
    ],
)
def test_containers(
    annotations: dict[str, str],
    containers: list[dict[str, str]],
    resolved: bool,  # noqa: FBT001
    finding: bool,  # noqa: FBT001
) -> None:
    """An annotation is resolved for the container that it names, and reported where it names none."""
    keys = {f"ad.datadoghq.com/{name}": text for name, text in annotations.items()}

    found = gathered(pod(annotations=keys, containers=containers), *AGENTS)

    assert resolved_by(found.references) == (["node"] if resolved else [])
    assert codes(found) == (["container-unknown"] if finding else [])


def test_init_containers() -> None:
    """Init containers count."""
    text = pod(annotations={"ad.datadoghq.com/setup.checks": CHECKS}, initContainers=[{"name": "setup"}])

    assert resolved_by(references(text, *AGENTS)) == ["node"]


def test_check_id_of_a_running_container() -> None:
    """A check.id in the form of a container's own identifier could be another's, and is refused."""
    found = gathered(pod(annotations={"ad.datadoghq.com/app.check.id": "containerd://0123"}), *AGENTS)

    assert codes(found) == ["template-invalid"]
    assert found.findings[0].where.path == ("metadata", "annotations", "ad.datadoghq.com/app.check.id")


def test_pod_referrer() -> None:
    """A pod refers as its ServiceAccount, `default` where it names none."""
    assert [item.referrer for item in references(pod(HANDLE), *AGENTS)] == [
        Referrer(ReferrerKind.POD, "shop", "default")
    ]


def test_places() -> None:
    """A reference stands at its value in the annotation's JSON."""
    (found,) = references(pod(HANDLE), *AGENTS)

    assert found.where.path == ("metadata", "annotations", "ad.datadoghq.com/app.checks")
    assert found.where.inner == ("redisdb", "instances", 0, "value")


def test_shadowed_values() -> None:
    """A value that a later duplicate key hides is judged, and not resolved."""
    text = '{"a": {"instances": [{"p": "ENC[k8s_secret@db/a/key]", "p": "plain"}]}}'

    found = gathered(pod(annotations={"ad.datadoghq.com/app.checks": text}), *AGENTS)

    assert secrets_of(found.references) == ["db/a/key"]
    assert resolved_by(found.references) == []
    assert codes(found) == ["duplicate-key"]


def test_image_limits_of_several_containers() -> None:
    """Where one identifier names several containers, a handle that one of their images may use is resolved."""
    handles = json.dumps({"redis": ["k8s_secret@shop/a/key"]})
    limited = agent(env=env(DD_SECRET_IMAGE_TO_HANDLE=handles))
    keys = {"ad.datadoghq.com/app.check.id": "b", "ad.datadoghq.com/b.checks": CHECKS}

    both = references(
        pod(annotations=keys, image="x", containers=[{"name": "b", "image": "r/redis"}]), limited
    )
    neither = references(pod(annotations=keys, image="x", containers=[{"name": "b", "image": "y"}]), limited)

    assert resolved_by(both) == ["node"]
    assert idle_codes(neither) == ["scope-refused"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        pytest.param(
            "ad.datadoghq.com/web.checks", CHECKS, 'a Service has no "web"', id="another identifier"
        ),
        pytest.param(
            "service-discovery.datadoghq.com/service.logs", LOGS, "the legacy prefix", id="the legacy prefix"
        ),
        pytest.param("ad.datadoghq.com/service.logs", LOGS, "only with logs", id="logs alone"),
    ],
)
def test_dead_services(key: str, value: str, message: str) -> None:
    """What the Cluster Agent's listener never sees is said, and not resolved."""
    text = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "shop", "annotations": {key: value}},
        }
    )

    found = gathered(text, *AGENTS)

    assert resolved_by(found.references) == []
    assert secrets_of(found.references) == ["shop/a/key"]
    assert [message in finding.what for finding in found.findings] == [True]


def test_live_service() -> None:
    """Service and endpoints are resolved by the Cluster Agent, for Services of the namespace; other keys say nothing."""
    (found,) = references(service(HANDLE, check_tag_cardinality="high"), *AGENTS)

    assert resolved_by([found]) == ["cluster"]
    assert found.referrer == Referrer(ReferrerKind.SERVICE, "shop")
    assert gathered(service("plain")).findings == []


def test_services_without_templates() -> None:
    """Keys that hold no template are no finding."""
    text = service("x").replace("service.checks", "service.check_tag_cardinality")

    assert gathered(text, *AGENTS).findings == []


def instrumentation(kind: str, **config: Any) -> str:
    """Return a DatadogInstrumentation for a target `web`."""
    spec = {"targetRef": {"kind": kind, "name": "web"}, "config": config}
    metadata = {"name": "ddi", "namespace": "shop"}
    return json.dumps(
        {
            "apiVersion": "datadoghq.com/v1alpha1",
            "kind": "DatadogInstrumentation",
            "metadata": metadata,
            "spec": spec,
        }
    )


DEPLOYMENT = json.dumps(
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "template": {"spec": {"serviceAccountName": "web", "containers": [{"name": "app", "image": "a"}]}}
        },
    }
)


@pytest.mark.parametrize(
    ("kind", "extra", "account", "referrer"),
    [
        pytest.param(
            "Deployment", [DEPLOYMENT], "node", Referrer(ReferrerKind.POD, "shop", "web"), id="a workload"
        ),
        pytest.param("Deployment", [], "node", Referrer(ReferrerKind.POD, "shop"), id="an absent workload"),
        pytest.param("Service", [], "cluster", Referrer(ReferrerKind.SERVICE, "shop"), id="a Service"),
    ],
)
def test_instrumentation(kind: str, extra: list[str], account: str, referrer: Referrer) -> None:
    """Node Agents resolve for a workload's pods, as these; the Cluster Agent for a Service."""
    checks = [{"initConfig": {"a": HANDLE}, "instances": [{"b": HANDLE}]}]

    found = references(instrumentation(kind, checks=checks, logs=[{"service": HANDLE}]), *extra, *AGENTS)

    assert resolved_by(found) == [account] * 3
    assert {item.referrer for item in found} == {referrer}


def test_other_fields_of_instrumentation() -> None:
    """A handle beside the configurations is not resolved, and a text that is almost one is said."""
    checks: list[Any] = [{"containerName": [HANDLE], "instances": [{"p": "enc[x]"}]}, HANDLE]

    found = gathered(instrumentation("Deployment", checks=checks), *AGENTS)

    assert idle_codes(found.references) == ["not-resolved", "not-resolved"]
    assert codes(found) == ["handle-case"]
    assert found.findings[0].where.path[:3] == ("spec", "config", "checks")


COMPOSE = """
services:
  agent:
    image: datadog/agent:7
    environment: {DD_SECRET_BACKEND_COMMAND: /readsecret.py, DD_SECRET_BACKEND_ARGUMENTS: /run/secrets}
  db:
    image: postgres
    labels:
      com.datadoghq.ad.logs: '[{"a": "ENC[x]", "b": "%%env_X%%", "c": "ENC[%%env_X%%]"}]'
      com.stackstate.ad.logs: '[{"a": "ENC[y]"}]'
"""


def test_compose() -> None:
    """The Agent of the same file resolves labels of its flavour; what only might be a handle is left out."""
    found = gather(load([Text("compose.yml", COMPOSE, named=True)], Options()).inventory)[1].references

    assert [(item.handle, item.agent is not None) for item in found] == [
        ("x", True),
        ("%%env_X%%", True),
        ("y", False),
    ]
    assert problem_codes(found) == []
    assert {item.referrer.kind for item in found} == {ReferrerKind.OUTSIDE}


def test_nothing() -> None:
    """An empty inventory has no references."""
    assert gather(inventory_of())[1].references == []
