"""Autodiscovery keys: which there are, and which belong together."""

from typing import Any

import pytest

from annotating import AD, LEGACY, groups
from enc_operator.core.inventory import Flavour
from enc_operator.core.templates.autodiscovery import Key, groups_of, parse_key, parse_label


@pytest.mark.parametrize(
    ("text", "flavour", "legacy", "identifier", "suffix", "holds_json"),
    [
        pytest.param(AD + "web.checks", "datadog", False, "web", "checks", True, id="version 2"),
        pytest.param(
            AD + "web.check_names", "datadog", False, "web", "check_names", True, id="version 1, names"
        ),
        pytest.param(
            AD + "web.init_configs", "datadog", False, "web", "init_configs", True, id="version 1, init"
        ),
        pytest.param(
            AD + "web.instances", "datadog", False, "web", "instances", True, id="version 1, instances"
        ),
        pytest.param(AD + "web.logs", "datadog", False, "web", "logs", True, id="logs"),
        pytest.param(
            AD + "web.check.id", "datadog", False, "web", "check.id", False, id="an identifier's name"
        ),
        pytest.param(
            AD + "a.b.checks", "datadog", False, "a.b", "checks", True, id="an identifier with a dot"
        ),
        pytest.param(
            AD + "tags.checks", "datadog", False, "tags", "checks", True, id="a container called tags"
        ),
        pytest.param(AD + ".checks", "datadog", False, "", "checks", True, id="an empty identifier"),
        pytest.param(
            AD + "endpoints.resolve",
            "datadog",
            False,
            "endpoints",
            "resolve",
            False,
            id="how endpoints resolve",
        ),
        pytest.param(
            AD + "web.ignore_autodiscovery_tags",
            "datadog",
            False,
            "web",
            "ignore_autodiscovery_tags",
            False,
            id="tags are ignored",
        ),
        pytest.param(
            AD + "web.check_tag_cardinality",
            "datadog",
            False,
            "web",
            "check_tag_cardinality",
            False,
            id="the tags' cardinality",
        ),
        pytest.param(AD + "checks", "datadog", False, "checks", "", False, id="no identifier"),
        pytest.param(
            AD + "web.Checks", "datadog", False, "web.Checks", "", False, id="a suffix in another case"
        ),
        pytest.param(
            LEGACY + "web.instances", "datadog", True, "web", "instances", True, id="the legacy prefix"
        ),
        pytest.param(
            "ad.stackstate.com/web.checks", "stackstate", False, "web", "checks", True, id="StackState"
        ),
        pytest.param(
            "service-discovery.stackstate.com/web.logs",
            "stackstate",
            True,
            "web",
            "logs",
            True,
            id="StackState's legacy prefix",
        ),
    ],
)
def test_keys(text: str, flavour: str, legacy: bool, identifier: str, suffix: str, holds_json: bool) -> None:  # noqa: FBT001
    """An Autodiscovery key has a flavour, an identifier and a suffix."""
    key = parse_key(text)
    assert key == Key(text, Flavour(flavour), legacy, identifier, suffix)
    assert key.holds_json is holds_json


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ad.datadoghq.com/tags", id="the pod's tags"),
        pytest.param("ad.datadoghq.com/web.tags", id="a container's tags"),
        pytest.param("ad.datadoghq.com/tolerate-unready", id="a switch"),
        pytest.param("ad.datadoghq.com", id="no name"),
        pytest.param("AD.datadoghq.com/web.checks", id="a prefix in another case"),
        pytest.param("ad.example.com/web.checks", id="another prefix"),
        pytest.param("web.checks", id="no prefix"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_no_key(text: str) -> None:
    """Everything else under such a prefix, or another, is no template."""
    assert parse_key(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("com.datadoghq.ad.checks", ("datadog", "checks"), id="version 2"),
        pytest.param("com.datadoghq.ad.check_names", ("datadog", "check_names"), id="version 1"),
        pytest.param("com.datadoghq.ad.check.id", ("datadog", "check.id"), id="an identifier's name"),
        pytest.param("com.stackstate.ad.logs", ("stackstate", "logs"), id="StackState"),
        pytest.param("com.datadoghq.tags.service", None, id="tags"),
        pytest.param("ad.datadoghq.com/web.checks", None, id="an annotation's key"),
    ],
)
def test_labels(text: str, expected: tuple[str, str] | None) -> None:
    """A container's labels have no identifier."""
    key = parse_label(text)
    assert (key and (key.flavour.value, key.suffix)) == expected
    assert key is None or (key.identifier, key.legacy) == ("", False)


def test_labels_are_one_group() -> None:
    """The labels of a container are read together; what is missing is named without an identifier."""
    texts = {"com.datadoghq.ad.check_names": "[]", "com.datadoghq.ad.check.id": "x"}
    (group,) = groups_of([key for key in map(parse_label, texts) if key], texts)
    assert group.keys.keys() == {"check_names", "check.id"}
    assert [problem.what for problem in group.problems] == [
        "needs init_configs and instances beside it: without it the Agent takes no check"
    ]


def test_order() -> None:
    """Groups come in the same order whatever order the keys have."""
    keys: dict[str, Any] = {
        AD + "b.logs": [],
        LEGACY + "b.logs": [],
        AD + "a.logs": [],
        "ad.stackstate.com/a.logs": [],
    }
    found = [(group.flavour, group.identifier, group.legacy) for group in groups(keys)]
    backwards = [
        (group.flavour, group.identifier, group.legacy) for group in groups(dict(reversed(keys.items())))
    ]
    assert found == backwards
    assert found == sorted(found)
