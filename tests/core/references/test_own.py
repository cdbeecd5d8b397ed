"""References in an Agent's own configuration: settings, and check files with the pods that they match."""

from typing import Any

import pytest

from agent_manifests import (
    HANDLE,
    agent,
    check,
    confd,
    config_map,
    env,
    gathered,
    idle_codes,
    mode_none,
    references,
    resolved_by,
    secrets_of,
)
from enc_operator.core.references.model import Referrer, ReferrerKind

OWN = Referrer(ReferrerKind.AGENT, "dd")
SKIPS = env(DD_SECRET_BACKEND_SKIP_CHECKS="true")
TAKES = env(DD_EXTRA_CONFIG_PROVIDERS="clusterchecks")


def finding_codes(*texts: str) -> list[str]:
    """Return the codes of the findings."""
    return [finding.code for finding in gathered(*texts).findings]


def test_setting() -> None:
    """Each Agent resolves its settings at start, on behalf of its namespace's configuration, also where it skips checks."""
    (found,) = references(agent(env=[*SKIPS, *env(DD_API_KEY=HANDLE)]))

    assert (found.hop, found.live, found.referrer) == ("at start (agent)", True, OWN)
    assert secrets_of([found]) == ["dd/a/key"]


def test_setting_without_a_backend() -> None:
    """Without a backend a setting stays as it is written."""
    assert idle_codes(references(agent(env=env(DD_API_KEY=HANDLE)), mode_none())) == ["not-resolved"]


def test_setting_in_the_main_file() -> None:
    """All processes read the main file."""
    volumes = [{"name": "v", "configMap": {"name": "main"}}]
    mounts = [{"name": "v", "mountPath": "/etc/datadog-agent/datadog.yaml", "subPath": "datadog.yaml"}]
    main = config_map("main", {"datadog.yaml": f"api_key: {HANDLE}"})

    assert [item.hop for item in references(agent(volumes=volumes, volumeMounts=mounts), main)] == [
        "at start"
    ]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("DD_SECRET_BACKEND_ARGUMENTS", id="of the command"),
        pytest.param("DD_SECRET_BACKEND_CONFIG", id="of a type"),
    ],
)
def test_setting_of_the_backend(name: str) -> None:
    """A handle in the backend's own settings cannot work."""
    found = gathered(agent(env=env(**{name: HANDLE})))

    assert found.references == []
    assert [finding.code for finding in found.findings] == ["handle-in-secret-setting"]


@pytest.mark.parametrize(
    ("component", "fields", "options", "extra", "expected"),
    [
        pytest.param("agent", {}, {}, [], ["node"], id="a node Agent's file"),
        pytest.param(
            "agent",
            {"cluster_check": True},
            {},
            [agent("cluster-agent")],
            ["node"],
            id="a cluster check there too",
        ),
        pytest.param("agent", {}, {"env": SKIPS}, [], [], id="a node Agent that skips checks"),
        pytest.param("cluster-agent", {}, {}, [agent()], ["cluster"], id="the Cluster Agent's file"),
        pytest.param(
            "cluster-agent",
            {"cluster_check": True},
            {},
            [agent(env=TAKES), agent("cluster-checks-runner")],
            ["cluster"],
            id="the Cluster Agent resolves before it dispatches",
        ),
        pytest.param(
            "cluster-agent",
            {"cluster_check": True},
            {"env": SKIPS},
            [agent(env=TAKES), agent("cluster-checks-runner")],
            ["runner"],
            id="runners where it skips checks",
        ),
        pytest.param(
            "cluster-agent",
            {"cluster_check": True},
            {"env": SKIPS},
            [agent(env=TAKES)],
            ["node"],
            id="node Agents where there are no runners",
        ),
        pytest.param(
            "cluster-agent", {}, {"env": SKIPS}, [agent(env=TAKES)], [], id="a plain file is not dispatched"
        ),
        pytest.param(
            "cluster-agent",
            {"advanced_ad_identifiers": [{"kube_service": {"name": "web", "namespace": "shop"}}]},
            {"env": SKIPS},
            [agent("cluster-checks-runner")],
            ["runner"],
            id="what waits for Services is dispatched",
        ),
        pytest.param(
            "cluster-agent",
            {"ad_identifiers": ["redis"], "advanced_ad_identifiers": [{"kube_endpoints": {"name": "web"}}]},
            {},
            [agent()],
            ["cluster"],
            id="identifiers beside it do not hide it",
        ),
        pytest.param(
            "cluster-agent",
            {"cel_selector": {"kube_services": ["true"]}},
            {"env": SKIPS},
            [agent("cluster-checks-runner")],
            ["runner"],
            id="an expression over Services too",
        ),
        pytest.param(
            "agent",
            {"cel_selector": {"containers": ["true"]}},
            {},
            [],
            ["node"],
            id="an expression over containers",
        ),
        pytest.param(
            "agent",
            {"advanced_ad_identifiers": [{"kube_service": {"name": "web"}}]},
            {},
            [],
            [],
            id="a node Agent matches no Services",
        ),
    ],
)
def test_who_resolves_a_file(
    component: str, fields: dict[str, Any], options: dict[str, Any], extra: list[str], expected: list[str]
) -> None:
    """A file is resolved by the Agent that mounts it, or where the Cluster Agent dispatches it to."""
    texts = confd({"a.yaml": check(HANDLE, **fields)}, component, **options)

    found = references(*texts, *extra)

    assert resolved_by(found) == expected
    assert {item.referrer for item in found} == {OWN}


@pytest.mark.parametrize(
    ("path", "mount", "expected"),
    [
        pytest.param("redisdb.yaml", "/conf.d", 1, id="both charts' folder"),
        pytest.param("postgres.yaml.default", "/conf.d", 1, id="a default"),
        pytest.param("redisdb.yaml", "/etc/datadog-agent/conf.d", 1, id="the Agent's own folder"),
        pytest.param("redisdb.yaml", "/etc/datadog-agent/conf.d/redisdb.d", 1, id="a check's own folder"),
        pytest.param("redisdb.json", "/conf.d", 0, id="another suffix"),
        pytest.param("redisdb.yaml", "/checks.d", 0, id="another folder"),
    ],
)
def test_mounts(path: str, mount: str, expected: int) -> None:
    """Files are read where the Agent reads them."""
    assert len(references(*confd({path: check(HANDLE)}, mount=mount))) == expected


def test_chart() -> None:
    """The chart's folders inside a ConfigMap's key become folders of conf.d."""
    items = [{"key": "postgres.d--orders.yaml", "path": "postgres.d/orders.yaml"}]
    volumes = [{"name": "confd", "configMap": {"name": "dd-cluster-agent-confd", "items": items}}]
    mounts = [{"name": "confd", "mountPath": "/conf.d", "readOnly": True}]
    data = {"postgres.d--orders.yaml": check(HANDLE, cluster_check=True), "left-out.yaml": check(HANDLE)}

    found = references(
        agent("cluster-agent", volumes=volumes, volumeMounts=mounts),
        config_map("dd-cluster-agent-confd", data),
    )

    assert resolved_by(found) == ["cluster"]


def test_one_config_map_of_two_agents() -> None:
    """A file that two Agents mount is two references, one for each ServiceAccount."""
    first, data = confd({"a.yaml": check(HANDLE)})
    second, _ = confd({"a.yaml": check(HANDLE)}, name="other")

    assert resolved_by(references(first, second, data)) == ["node", "other"]


def test_parts_of_a_file() -> None:
    """Only what the Agent takes a check from is resolved; duplicates and near misses are said."""
    text = f"instances:\n- p: {HANDLE}\n- p: enc[x]\nother: {HANDLE}\ninit_config: {HANDLE}\ninit_config:\n"

    found = gathered(*confd({"a.yaml": text}))

    assert [(item.where.inner, item.live) for item in found.references] == [
        ((), False),
        (("instances", 0, "p"), True),
        (("other",), False),
    ]
    assert sorted(finding.code for finding in found.findings) == ["duplicate-key", "handle-case"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("instances: [{p: x]", id="no YAML"),
        pytest.param("- ENC[x]", id="a list"),
    ],
)
def test_broken_file(text: str) -> None:
    """A file that the Agent drops is a finding."""
    assert finding_codes(*confd({"a.yaml": text})) == ["config-invalid"]
