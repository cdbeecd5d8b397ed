"""Which cluster a test run gets, and what it is told where there is none."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.cluster import choice, kind
from e2e.cluster.existing import ExistingCluster
from e2e.cluster.interface import Level, Unavailable

Programs = Callable[..., None]
_CONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: shop, cluster: {server: "https://192.0.2.1"}}]
users: [{name: me, user: {}}]
contexts: [{name: production, context: {cluster: shop, user: me}}]
current-context: production
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Return a function that leaves nothing on the path but shell scripts of the given names and texts."""

    def write(**scripts: str) -> None:
        for name, text in scripts.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv(choice.VARIABLE, raising=False)

    return write


@pytest.mark.parametrize(
    ("scripts", "expected"),
    [
        pytest.param({"docker": "exit 0", "kind": ""}, "kind", id="an engine that answers means kind"),
        pytest.param(
            {"docker": "exit 1", "kind": ""}, "native", id="a client without an engine means native"
        ),
        pytest.param({"kind": ""}, "native", id="no docker at all means native"),
        pytest.param({"docker": "exit 0"}, "native", id="an engine but neither kind nor Go means native"),
        pytest.param({"docker": "exit 0", "go": ""}, "kind", id="kind can be built with Go"),
    ],
)
def test_kind_is_chosen_where_it_works(programs: Programs, scripts: dict[str, str], expected: str) -> None:
    """Without a wish, kind goes before native, if it can run."""
    programs(**scripts)

    assert choice.chosen() == expected


@pytest.mark.parametrize("name", ["kind", "native", "existing"])
def test_the_environment_has_the_last_word(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """ENC_E2E_CLUSTER decides whatever the machine has."""
    programs(docker="exit 0", kind="")
    monkeypatch.setenv(choice.VARIABLE, name)

    assert choice.chosen() == name


def test_a_misspelt_wish_is_an_error_with_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error does not silently become another cluster."""
    monkeypatch.setenv(choice.VARIABLE, "knid")

    with pytest.raises(Unavailable, match="ENC_E2E_CLUSTER=knid is none of kind, native, existing"):
        choice.chosen()


def test_kind_without_an_engine_says_what_docker_says(programs: Programs) -> None:
    """The reason names the command and its complaint."""
    programs(docker="echo 'Cannot connect to the Docker daemon' >&2; exit 1")

    with pytest.raises(
        Unavailable, match=r"kind needs a Docker engine: docker info .* Cannot connect to the Docker daemon"
    ):
        kind.require()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        pytest.param(None, "set ENC_E2E_CONTEXT to that name .it is not set.", id="no context named"),
        pytest.param(
            "staging", "set ENC_E2E_CONTEXT to that name .it is 'staging'.", id="another context named"
        ),
    ],
)
def test_an_existing_cluster_is_used_only_if_its_context_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str | None, message: str
) -> None:
    """A left-over current context never becomes a test cluster by itself."""
    _use(tmp_path, monkeypatch, _CONFIG, asked)

    with pytest.raises(Unavailable, match=f"the current context is 'production'; .*{message}"):
        ExistingCluster()


def test_an_existing_cluster_that_is_named_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is used with the kubeconfig that kubectl would use, takes no images, and is not ended."""
    kubeconfig = _use(tmp_path, monkeypatch, _CONFIG, "production")
    cluster = ExistingCluster()

    cluster.close()

    assert (cluster.kubeconfig, cluster.level, cluster.name) == (
        kubeconfig,
        Level.NODE,
        "existing context production",
    )
    with pytest.raises(Unavailable, match=r"image\.tar cannot be loaded into an existing cluster"):
        cluster.load_image(tmp_path / "image.tar")


def test_a_kubeconfig_without_contexts_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which file was read."""
    _use(tmp_path, monkeypatch, "{apiVersion: v1, kind: Config}", "production")

    with pytest.raises(Unavailable, match=r"no current context in .*/config"):
        ExistingCluster()


def _use(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, asked: str | None) -> Path:
    path = folder / "config"
    path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", f"{path}{os.pathsep}{folder}/other")
    monkeypatch.delenv("ENC_E2E_CONTEXT", raising=False)
    if asked:
        monkeypatch.setenv("ENC_E2E_CONTEXT", asked)
    return path
