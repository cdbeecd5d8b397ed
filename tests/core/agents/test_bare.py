"""Agents outside Kubernetes: folders of files, and Compose services."""

from collections.abc import Mapping

import pytest

from enc_operator.core.agents.backends import BackendKind
from enc_operator.core.agents.bare import read_compose, read_folders
from enc_operator.core.agents.model import Level
from enc_operator.core.findings import Where
from enc_operator.core.inventory import AgentFileFact, ComposeFact, Flavour
from enc_operator.core.syntax import Source


def file(
    name: str, text: str, *, install: str = "etc", main: bool = False, flavour: Flavour = Flavour.DATADOG
) -> AgentFileFact:
    """Return a file of a folder."""
    return AgentFileFact(Where(Source(name)), install, name, text, flavour, main)


def compose(environment: Mapping[str, str], *, agent: Flavour | None = Flavour.DATADOG) -> ComposeFact:
    """Return a Compose service."""
    return ComposeFact(Where(Source("c.yml")), "c.yml", "dd", "datadog/agent", {}, environment, agent)


def test_folder() -> None:
    """The main file's handles are settings, the others are checks; one folder is one Agent."""
    files = [
        file("etc/conf.d/b.yaml", "check"),
        file("etc/datadog.yaml", "api_key: ENC[a]\nsecret_backend_command: /fetch", main=True),
        file("opt/conf.d/a.yaml", "check", install="opt"),
    ]

    first, second = read_folders(reversed(files))

    assert (first.agent.name, first.agent.backend.command) == ("etc", "/fetch")
    assert [(text.level, text.path) for text in first.texts] == [
        (Level.SETTING, "api_key"),
        (Level.CHECK, "etc/conf.d/b.yaml"),
    ]
    assert not first.agent.in_kubernetes
    assert second.agent.backend.kind is BackendKind.CUSTOM  # the main file is not in the input


def test_order_of_files_does_not_matter() -> None:
    """A folder's Agent is the same whatever order its files were read in."""
    files = [file("etc/a.yaml", "a"), file("etc/b.yaml", "b"), file("etc/datadog.yaml", "x: 1", main=True)]

    assert read_folders(files) == read_folders(reversed(files))


def test_flavour_of_a_folder() -> None:
    """One file of StackState's makes the folder StackState's."""
    files = [file("etc/a.yaml", "a"), file("etc/stackstate.yaml", "", main=True, flavour=Flavour.STACKSTATE)]

    (found,) = read_folders(files)

    assert found.agent.flavour is Flavour.STACKSTATE


def test_broken_main_file() -> None:
    """A main file that cannot be read is a finding."""
    (found,) = read_folders([file("etc/datadog.yaml", "a: [", main=True)])

    assert [finding.code for finding in found.findings] == ["config-invalid"]


@pytest.mark.parametrize(
    ("environment", "texts", "codes"),
    [
        pytest.param({"DD_API_KEY": "ENC[a]"}, ["ENC[a]"], [], id="a setting"),
        pytest.param({"DD_TAGS": '["ENC[a]"]'}, ["ENC[a]"], [], id="in a setting's JSON"),
        pytest.param({"TOKEN": "ENC[a]"}, [], ["env-unknown"], id="no setting"),
    ],
)
def test_compose(environment: dict[str, str], texts: list[str], codes: list[str]) -> None:
    """A Compose service's environment is its Agent's configuration."""
    (found,) = read_compose([compose(environment)], frozenset({"DD_API_KEY", "DD_TAGS"}))

    assert found.agent.name == "c.yml service dd"
    assert [own.text for own in found.texts] == texts
    assert [finding.code for finding in found.findings] == codes


def test_other_services() -> None:
    """A service that runs no Agent is none."""
    assert read_compose([compose({}, agent=None)], frozenset()) == []
