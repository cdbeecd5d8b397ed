"""Rendering: stable text, and data that holds what the table holds."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assessing import NODE_AGENT, assess_texts, pod
from enc_operator.core.findings import finding
from enc_operator.core.rendering import (
    as_data,
    finding_lines,
    reference_row,
    render_json,
    render_object,
    render_objects,
    summary,
    tables,
)
from enc_operator.core.syntax import Source

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), PLAIN, max_size=4))
def test_yaml_round_trip(item: dict[str, Any]) -> None:
    """What is rendered is read back as it was, whatever YAML would take it for."""
    assert yaml.safe_load(render_object(item)) == item


@pytest.mark.parametrize(
    "text", ["a\nb\n", "a\nb", "one\n\n two\n", "trailing \nspace", "yes", "1e3", "0o7", "ENC[a]: b"]
)
def test_texts(text: str) -> None:
    """Text of several lines and text that looks like something else survive."""
    assert yaml.safe_load(render_object({"text": text})) == {"text": text}


def test_scripts_are_readable() -> None:
    """A script is written as a block, not as one long line of escapes."""
    assert render_object({"script": "#!/bin/sh\necho a\n"}) == "script: |\n  #!/bin/sh\n  echo a\n"


def test_shared_values_are_written_out() -> None:
    """One value in two places is written twice: kubectl reads aliases, people do not."""
    shared = {"a": 1}

    assert render_object({"one": shared, "two": shared}) == "one:\n  a: 1\ntwo:\n  a: 1\n"


def test_stream() -> None:
    """Objects are a stream of documents."""
    assert list(yaml.safe_load_all(render_objects([{"a": 1}, {"b": (2,)}]))) == [{"a": 1}, {"b": [2]}]


def test_data() -> None:
    """The data tell of each reference what the table tells."""
    data = as_data(assess_texts(NODE_AGENT, pod()))

    assert json.loads(render_json(data)) == data
    reference = data["references"][0]
    assert reference["secret"] == "shop/db/password"
    assert reference["resolvedBy"]["serviceAccount"] == "node"
    assert (reference["allowed"], reference["why"], reference["live"]) == (True, "same namespace", True)
    assert data["permissions"][0]["secrets"] == ["db"]
    assert data["workloads"][0]["refused"] is None


def test_data_of_what_is_denied() -> None:
    """Denied, without an Agent, unreadable: the data say so, and how to fix it."""
    data = as_data(assess_texts(pod("ENC[vault@x]")))

    reference = data["references"][0]
    assert (reference["secret"], reference["resolvedBy"], reference["allowed"]) == (None, None, False)
    assert reference["idle"] == "the input has no node Agent of flavour datadog"
    assert reference["fix"].startswith("write k8s_secret@")
    assert {item["code"] for item in data["findings"]} == {"provider-unknown", "no-agent"}


def test_tables_of_nothing() -> None:
    """Nothing found makes empty tables and a summary of zeros."""
    assessment = assess_texts(NODE_AGENT)

    assert all(rows == [] for _, _, rows in tables(assessment))
    assert summary(assessment) == (
        "0 references, 0 denied; 0 Roles for 0 ServiceAccounts; 0 workloads to change; 0 errors, 0 warnings"
    )


def test_refused_workload() -> None:
    """A workload that stays as it is says why in its table."""
    windows = NODE_AGENT.replace(
        "serviceAccountName: node", "serviceAccountName: node\n      os: {name: windows}"
    )

    rows = list(tables(assess_texts(windows, pod())))[2][2]

    assert rows == [("DaemonSet dd/node", "it runs on Windows, where the resolver does not run")]


def test_injected_workload() -> None:
    """A workload that is injected already says so."""
    first = assess_texts(NODE_AGENT, pod()).objects()[-1]

    rows = list(tables(assess_texts(yaml.safe_dump(first), pod())))[2][2]

    assert rows == [("DaemonSet dd/node", "none, it is injected")]


def test_finding_without_object() -> None:
    """A finding at a bare place has no line for the object."""
    finding = assess_texts("a: [").findings[0]

    assert [role for role, _ in finding_lines(finding)] == ["head", "source", "marks", "what", "fix"]


def test_objects_of_a_cluster() -> None:
    """What stands in no file is named by its object alone."""
    denied = assess_texts(pod("ENC[k8s_secret@db/orders/password]")).judged[0]
    where = replace(denied.reference.where, source=Source(""))
    live = replace(denied, reference=replace(denied.reference, where=where))

    assert reference_row(denied)[1] == "Pod shop/web:8"
    assert reference_row(live)[1] == "Pod shop/web"
    assert next(finding_lines(finding("access-denied", where, "what", "fix"))) == (
        "head",
        "error[access-denied]",
    )
