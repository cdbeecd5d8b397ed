"""The Agent's main configuration: file and environment, merged as the Agent does."""

from typing import Any

import pytest

from enc_operator.core.agents.environment import Variable
from enc_operator.core.agents.model import Scoping
from enc_operator.core.agents.settings import (
    UNSEEN_COMMAND,
    MainFile,
    backend_types,
    handles_in_variable,
    is_bound,
    is_overridden,
    is_true,
    merged_settings,
    parse_main_file,
    scoping_of,
    variable_setting,
)
from enc_operator.core.findings import Where
from enc_operator.core.syntax import Source
from enc_operator.core.templates.variables import Unknown

PLACE = Where(Source("f"))
LISTED = frozenset({"DD_API_KEY", "DD_TAGS"})


def environment(**values: str | Unknown) -> dict[str, Variable]:
    """Return variables by name."""
    return {name: Variable(name, value, PLACE) for name, value in values.items()}


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        pytest.param("a: {b: 1}", {"a": {"b": 1}}, [], id="a mapping"),
        pytest.param("", {}, [], id="nothing"),
        pytest.param("# comment", {}, [], id="a comment"),
        pytest.param("a: [", {}, ["config-invalid"], id="no YAML"),
        pytest.param("- a", {}, ["config-invalid"], id="a list"),
        pytest.param("false", {}, ["config-invalid"], id="a word that is false"),
        pytest.param("a: 1\na: 2", {"a": 2}, ["duplicate-key"], id="a key twice"),
        pytest.param("a: enc[x]", {"a": "enc[x]"}, ["handle-case"], id="a handle in lower case"),
        pytest.param("a: |\n  ENC[x]\n", {"a": "ENC[x]\n"}, ["handle-newline"], id="a block scalar"),
    ],
)
def test_main_file(text: str, value: Any, codes: list[str]) -> None:
    """What keeps the Agent from starting, and what was meant as a handle, are findings."""
    file, findings = parse_main_file(text, PLACE)

    assert file.value == value
    assert [finding.code for finding in findings] == codes


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        pytest.param("DD_API_KEY", "api_key", id="Datadog's"),
        pytest.param("STS_API_KEY", "api_key", id="StackState's"),
        pytest.param("HOME", None, id="any other"),
    ],
)
def test_variable_setting(name: str, setting: str | None) -> None:
    """A variable's name says for which setting it is written."""
    assert variable_setting(name) == setting


@pytest.mark.parametrize(
    ("name", "listed", "expected"),
    [
        pytest.param("DD_API_KEY", LISTED, True, id="a listed setting"),
        pytest.param("STS_API_KEY", LISTED, True, id="the same of StackState"),
        pytest.param("DD_NONSENSE", LISTED, False, id="no setting"),
        pytest.param("DD_NONSENSE", frozenset(), True, id="any, where no list is known"),
        pytest.param("TOKEN", LISTED, False, id="no prefix"),
        pytest.param("DD_PROXY_HTTPS", LISTED, True, id="the proxy"),
        pytest.param("https_proxy", LISTED, True, id="the common proxy in lower case"),
        pytest.param("dd_proxy_https", LISTED, False, id="the Agent's own proxy only in upper case"),
    ],
)
def test_bound(name: str, listed: frozenset[str], expected: bool) -> None:  # noqa: FBT001
    """Only variables that the Agent binds to a setting count."""
    assert is_bound(name, listed) is expected


def test_merge() -> None:
    """The environment goes before the files, and a later file before an earlier one; empty variables count as unset."""
    files = [
        MainFile(PLACE, {"a": "file", "b": ["x", "y"], "c": {"d": 1}, "e": None, "f": "file"}),
        MainFile(PLACE, {"f": "later file", "g": True}),
    ]
    variables = environment(DD_A="env", STS_H="h", DD_F="", DD_G=Unknown.ANY, HOME="/")

    merged = merged_settings(files, variables)

    assert merged == {"a": "env", "b": "x y", "c": '{"d": 1}', "f": "later file", "g": "true", "h": "h"}


def test_unseen_command() -> None:
    """A backend command that the input does not show is not taken for none."""
    assert merged_settings([], environment(DD_SECRET_BACKEND_COMMAND=Unknown.ANY)) == {
        "secret_backend_command": UNSEEN_COMMAND
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param('{"Vault": {"type": "v"}, "k": {}, "bad": 1}', {"vault": "v", "k": ""}, id="a mapping"),
        pytest.param("[]", {}, id="a list"),
        pytest.param("{broken", {}, id="no JSON"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_backend_types(value: str, expected: dict[str, str]) -> None:
    """Backend IDs are read in lower case."""
    assert backend_types({"multi_secret_backends": value}) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({}, Scoping(), id="nothing"),
        pytest.param(
            {"secret_scope_integration_to_their_k8s_namespace": "true"},
            Scoping(own_namespace_only=True),
            id="own namespace",
        ),
        pytest.param(
            {"secret_allowed_k8s_namespace": "a b"},
            Scoping(namespaces=("a", "b")),
            id="namespaces with blanks",
        ),
        pytest.param(
            {"secret_allowed_k8s_namespace": '["a", "b"]'},
            Scoping(namespaces=("a", "b")),
            id="namespaces as JSON",
        ),
        pytest.param(
            {"secret_image_to_handle": '{"redis": ["a", "b"], "nginx": "c d", "bad": 1}'},
            Scoping(images={"redis": ("a", "b"), "nginx": ("c", "d")}),
            id="images with lists and texts",
        ),
        pytest.param({"secret_image_to_handle": "[]"}, Scoping(), id="images that are no mapping"),
    ],
)
def test_scoping(settings: dict[str, str], expected: Scoping) -> None:
    """The Agent's own limits are read in each of the forms that it takes."""
    assert scoping_of(settings) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("True", True, id="a word"),
        pytest.param("1", True, id="a number"),
        pytest.param("yes", False, id="no word of Go's"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_booleans(text: str, expected: bool) -> None:  # noqa: FBT001
    """Booleans are read as Go reads them."""
    assert is_true(text) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(" ENC[a] ", [((), " ENC[a] ")], id="the whole text"),
        pytest.param('[{"p": "ENC[a]", "q": "b"}]', [((0, "p"), "ENC[a]")], id="a string of its JSON"),
        pytest.param("[broken ENC[a]", [], id="no JSON"),
        pytest.param("x-ENC[a]", [], id="a part of a text"),
    ],
)
def test_handles_in_variable(value: str, expected: list[Any]) -> None:
    """A structured variable is decoded first, so handles inside count."""
    assert list(handles_in_variable(value)) == expected


@pytest.mark.parametrize(
    ("path", "variables", "winner"),
    [
        pytest.param(("api_key",), {"DD_API_KEY": "x"}, "DD_API_KEY", id="the same setting"),
        pytest.param(("api_key",), {"STS_API_KEY": "x"}, "STS_API_KEY", id="StackState's"),
        pytest.param(("tags", 0), {"DD_TAGS": "x"}, "DD_TAGS", id="the whole list"),
        pytest.param(("api_key",), {"DD_API_KEY": ""}, None, id="an empty variable"),
        pytest.param(("api_key",), {"DD_API_KEY": Unknown.ANY}, "DD_API_KEY", id="an unknown value"),
        pytest.param(("nonsense",), {"DD_NONSENSE": "x"}, None, id="a variable that is bound to nothing"),
        pytest.param(("api_key",), {}, None, id="none"),
    ],
)
def test_overridden(path: tuple[Any, ...], variables: dict[str, str | Unknown], winner: str | None) -> None:
    """A variable wins over the file's setting, or over the one that holds it."""
    assert is_overridden(path, environment(**variables), LISTED) == winner
