"""Findings and places: what a user reads, and in which order."""

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessing import ROOT
from enc_operator.core.findings import (
    SEVERITIES,
    Finding,
    ObjectRef,
    Severity,
    Where,
    finding,
    render_path,
)
from enc_operator.core.syntax import Position, Source

SOURCE = Source("a.yaml", 2, 'metadata:\n  annotations:\n    a/b: |\n      {"x": [1]}\n')
PLACE = Where(SOURCE, ObjectRef("Pod", "shop", "web"), ("metadata", "annotations", "a/b"), ("x", 0))


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        pytest.param(ObjectRef("Pod", "shop", "web"), "Pod shop/web", id="an object with a namespace"),
        pytest.param(ObjectRef("ClusterRole", "", "view"), "ClusterRole view", id="a cluster's object"),
    ],
)
def test_objects(ref: ObjectRef, expected: str) -> None:
    """An object is named by kind, namespace and name."""
    assert str(ref) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param((), "", id="none"),
        pytest.param(("a", "b"), "a.b", id="keys"),
        pytest.param(("a", 0, "b-c", "d_e"), "a[0].b-c.d_e", id="an index"),
        pytest.param((0,), "[0]", id="an index alone"),
        pytest.param(("a/b",), '["a/b"]', id="a key with a slash"),
        pytest.param(("a", ""), 'a[""]', id="an empty key"),
        pytest.param((True,), '["True"]', id="a key that is true"),
    ],
)
def test_paths(path: tuple[Any, ...], expected: str) -> None:
    """A path is rendered as people write it."""
    assert render_path(path) == expected


def test_places() -> None:
    """A place leads into an object, and on into the text of a value."""
    assert PLACE.position() == Position(6, 14)
    assert PLACE.path_text() == 'metadata.annotations["a/b"] → x[0]'
    assert Where(SOURCE, None, ("metadata",)).path_text() == "metadata"
    assert Where(SOURCE).path_text() == ""
    assert Where(SOURCE).at("metadata", "annotations").at("a/b").within("x").within(0) == Where(
        SOURCE, None, PLACE.path, PLACE.inner
    )
    assert PLACE.at("c").object is PLACE.object
    assert PLACE.ref == ObjectRef("Pod", "shop", "web")
    assert Where(SOURCE).ref == ObjectRef("", "", "")


def test_every_code_has_a_severity() -> None:
    """A finding can be made of each code that the code names."""
    codes = set()
    for file in (ROOT / "operator/enc_operator").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
                "finding",
                "SyntaxFault",
                "Problem",
                "NearMiss",
                "_fault",
            }:
                codes |= {
                    argument.value
                    for argument in node.args[:1]
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                }
    assert codes
    # An AgentTarget that wants no resolver is a reason, and no finding.
    assert codes - set(SEVERITIES) == {"none"}


def test_a_finding_has_its_codes_severity() -> None:
    """The code decides how much a finding weighs."""
    found = finding("no-match", PLACE, "what", "fix")
    assert found == Finding("no-match", Severity.INFO, PLACE, "what", "fix")
    with pytest.raises(KeyError):
        finding("unheard-of", PLACE, "what", "fix")


PLACES = st.builds(
    Where,
    st.builds(Source, st.sampled_from(["a", "b"]), st.integers(0, 2)),
    st.none() | st.builds(ObjectRef, st.just("Pod"), st.sampled_from(["", "x"]), st.sampled_from(["a", "b"])),
    st.lists(st.sampled_from(["a", 0]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["a", 0]), max_size=2).map(tuple),
)
FINDINGS = st.lists(
    st.builds(finding, st.sampled_from(["no-match", "pending"]), PLACES, st.sampled_from("ab"), st.just(""))
)


@given(FINDINGS, st.randoms(use_true_random=False))
def test_order(findings: list[Finding], random: Any) -> None:
    """Findings have one order, whatever order they came in: the key tells any two of them apart."""
    shuffled = random.sample(findings, len(findings))
    assert sorted(findings, key=Finding.sort_key) == sorted(shuffled, key=Finding.sort_key)
