"""Which files the Agent's containers see, and which of them the Agent reads."""

from typing import Any

import pytest

from enc_operator.core.agents.environment import Configuration
from enc_operator.core.agents.files import is_main_file, is_mounted_check, mounted_texts, secret_mounts
from enc_operator.core.agents.model import SecretMount
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import Component, ConfigMapFact, Flavour
from enc_operator.core.syntax import Source

PLACE = Where(Source("f"), ObjectRef("ConfigMap", "dd", "map"))
MAP = ConfigMapFact(PLACE, "dd", "map", {"a.yaml": "1", "b.yaml": "2", "c": "3"}, frozenset({"c"}))
KNOWN = Configuration({("dd", "map"): MAP}, {})
ITEMS = [
    {"key": "a.yaml", "path": "x.d/one.yaml"},
    {"key": "a.yaml", "path": "y.yaml"},
    {"key": "gone", "path": "g"},
]


def spec(volume: dict[str, Any], *mounts: dict[str, Any]) -> dict[str, Any]:
    """Return a pod with one volume that an init container and a container mount."""
    container = {"volumeMounts": [{"name": "v", **mount} for mount in mounts]}
    return {
        "volumes": [{"name": "v", **volume}],
        "initContainers": [container],
        "containers": [container, container],
    }


def mounted(pod: dict[str, Any]) -> tuple[SecretMount, ...]:
    """Return the Secrets that the containers of a pod mount."""
    return secret_mounts(pod, pod["containers"])


def paths(volume: dict[str, Any], *mounts: dict[str, Any]) -> list[str]:
    """Return the paths of the files from ConfigMaps."""
    return [file.path for file in mounted_texts(spec(volume, *mounts), "dd", KNOWN)]


@pytest.mark.parametrize(
    ("source", "mount", "expected"),
    [
        pytest.param({}, {"mountPath": "/d"}, ["/d/a.yaml", "/d/b.yaml", "/d/c"], id="all keys are files"),
        pytest.param(
            {}, {"mountPath": "//d//"}, ["/d/a.yaml", "/d/b.yaml", "/d/c"], id="slashes do not matter"
        ),
        pytest.param(
            {"items": ITEMS},
            {"mountPath": "/d"},
            ["/d/x.d/one.yaml", "/d/y.yaml"],
            id="items pick and rename, one key twice too",
        ),
        pytest.param(
            {}, {"mountPath": "/d/n.yaml", "subPath": "a.yaml"}, ["/d/n.yaml"], id="a file by subPath"
        ),
        pytest.param(
            {"items": ITEMS},
            {"mountPath": "/d", "subPath": "x.d/"},
            ["/d/one.yaml"],
            id="a folder by subPath",
        ),
        pytest.param({}, {"mountPath": "/d", "subPath": "gone"}, [], id="a subPath that is not there"),
    ],
)
def test_config_maps(source: dict[str, Any], mount: dict[str, Any], expected: list[str]) -> None:
    """A ConfigMap's files stand where volume and mount put them, once for all containers; projected the same."""
    config_map = {"name": "map", **source}

    assert paths({"configMap": config_map}, mount) == expected
    assert paths({"projected": {"sources": [{"secret": {}}, {"configMap": config_map}]}}, mount) == expected


def test_other_volumes() -> None:
    """Other volumes, an absent ConfigMap and an unknown volume bring no files."""
    assert paths({"emptyDir": {}}, {"mountPath": "/d"}) == []
    assert paths({"configMap": {"name": "gone"}}, {"mountPath": "/d"}) == []
    assert not list(mounted_texts(spec({}, {"mountPath": "/d", "name": "other"}), "dd", KNOWN))


def test_places_of_files() -> None:
    """A file stands in the ConfigMap's data, or in its binaryData."""
    found = mounted_texts(spec({"configMap": {"name": "map"}}, {"mountPath": "/d"}), "dd", KNOWN)

    assert [file.where for file in found] == [
        PLACE.at("data", "a.yaml"),
        PLACE.at("data", "b.yaml"),
        PLACE.at("binaryData", "c"),
    ]


@pytest.mark.parametrize(
    ("source", "mount", "path", "key"),
    [
        pytest.param({}, {"mountPath": "/s"}, "/s/pw", "pw", id="all keys"),
        pytest.param({}, {"mountPath": "/s/"}, "/s/pw/deep", None, id="no file below a key"),
        pytest.param({}, {"mountPath": "/s"}, "/other/pw", None, id="no file elsewhere"),
        pytest.param({}, {"mountPath": "/s"}, "/s/..data/pw", None, id="not by the kubelet's own link"),
        pytest.param(
            {"items": [{"key": "k", "path": "a/pw"}]}, {"mountPath": "/s"}, "/s/a/pw", "k", id="items"
        ),
        pytest.param(
            {"items": [{"key": "k", "path": "a"}]},
            {"mountPath": "/s"},
            "/s/k",
            None,
            id="not what items leave out",
        ),
        pytest.param({}, {"mountPath": "/s/pw", "subPath": "k"}, "/s/pw", "k", id="a file by subPath"),
        pytest.param(
            {"items": [{"key": "k", "path": "a/pw"}, {"key": "l", "path": "ab"}]},
            {"mountPath": "/s", "subPath": "a"},
            "/s/pw",
            "k",
            id="a folder by subPath",
        ),
        pytest.param(
            {"items": [{"key": "k", "path": "pw"}]},
            {"mountPath": "/s/x", "subPath": "pw"},
            "/s/x",
            "k",
            id="a renamed file by subPath",
        ),
        pytest.param(
            {"items": [{"key": "k", "path": "pw"}]},
            {"mountPath": "/s/x", "subPath": "k"},
            "/s/x",
            None,
            id="a subPath that items leave out",
        ),
    ],
)
def test_secrets(source: dict[str, Any], mount: dict[str, Any], path: str, key: str | None) -> None:
    """A path leads to the key of the Secret that is mounted there, or nowhere; projected the same."""
    plain = mounted(spec({"secret": {"secretName": "s", **source}}, mount))
    sources = [{"configMap": {}}, {"secret": {"name": "s", **source}}]
    projected = mounted(spec({"projected": {"sources": sources}}, mount))

    assert plain == projected
    assert [(item.secret_name, item.key_of(path)) for item in plain] == [("s", key)]


@pytest.mark.parametrize(
    ("path", "flavour", "expected"),
    [
        pytest.param("/conf.d/a.yaml", Flavour.DATADOG, True, id="what the image's start copies"),
        pytest.param("/conf.d/a.d/b.yaml", Flavour.DATADOG, True, id="in a check's folder"),
        pytest.param("/conf.d/postgres.d/conf.yaml.default", Flavour.DATADOG, True, id="a default"),
        pytest.param("/conf.d/a.yml", Flavour.DATADOG, True, id="the short suffix"),
        pytest.param("/conf.d/a.txt", Flavour.DATADOG, False, id="another suffix"),
        pytest.param("/conf.d/a.yaml.disabled", Flavour.DATADOG, False, id="a file that is switched off"),
        pytest.param("/conf.d/a/b.yaml", Flavour.DATADOG, False, id="a folder without .d"),
        pytest.param("/conf.d/a.d/b.d/c.yaml", Flavour.DATADOG, False, id="too deep"),
        pytest.param("/conf.data/a.yaml", Flavour.DATADOG, False, id="a longer name"),
        pytest.param("/etc/datadog-agent/conf.d/a.yaml", Flavour.DATADOG, True, id="the Agent's own folder"),
        pytest.param("/etc/stackstate-agent/conf.d/a.yaml", Flavour.DATADOG, False, id="another Agent's"),
        pytest.param("/etc/stackstate-agent/conf.d/a.d/b.yaml", Flavour.STACKSTATE, True, id="StackState's"),
        pytest.param("/etc/datadog-agent/a.yaml", Flavour.DATADOG, False, id="beside conf.d"),
    ],
)
def test_check_files(path: str, flavour: Flavour, expected: bool) -> None:  # noqa: FBT001
    """The Agent reads the files of conf.d and of one level of folders below it."""
    assert is_mounted_check(path, flavour) is expected


@pytest.mark.parametrize(
    ("path", "flavour", "component", "expected"),
    [
        pytest.param(
            "/etc/datadog-agent/datadog.yaml", Flavour.DATADOG, Component.NODE, True, id="a node Agent's"
        ),
        pytest.param(
            "/etc/datadog-agent/datadog.yaml", Flavour.DATADOG, Component.RUNNER, True, id="a runner's"
        ),
        pytest.param(
            "/etc/datadog-agent/datadog.yaml",
            Flavour.DATADOG,
            Component.CLUSTER,
            False,
            id="not the Cluster Agent's",
        ),
        pytest.param(
            "/etc/datadog-agent/datadog-cluster.yaml",
            Flavour.DATADOG,
            Component.CLUSTER,
            True,
            id="the Cluster Agent's own",
        ),
        pytest.param(
            "/etc/datadog-agent/datadog-cluster.yaml",
            Flavour.DATADOG,
            Component.NODE,
            False,
            id="not a node Agent's",
        ),
        pytest.param(
            "/etc/stackstate-agent/stackstate.yaml",
            Flavour.STACKSTATE,
            Component.NODE,
            True,
            id="StackState's",
        ),
        pytest.param(
            "/etc/stackstate-agent/stackstate-cluster.yaml",
            Flavour.STACKSTATE,
            Component.CLUSTER,
            True,
            id="StackState's Cluster Agent",
        ),
        pytest.param("/tmp/datadog.yaml", Flavour.DATADOG, Component.NODE, False, id="elsewhere"),
        pytest.param(
            "/etc/datadog-agent/other.yaml", Flavour.DATADOG, Component.NODE, False, id="another file"
        ),
    ],
)
def test_main_files(path: str, flavour: Flavour, component: Component, expected: bool) -> None:  # noqa: FBT001
    """Each component reads one main file of its own."""
    assert is_main_file(path, flavour, component) is expected
