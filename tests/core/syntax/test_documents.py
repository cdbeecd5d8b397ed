"""Splitting a stream into documents: each keeps its first line, and an empty one is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.syntax import SyntaxFault, parse_yaml, split_documents
from enc_operator.core.syntax.documents import lines_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing is no document"),
        pytest.param("a: 1\n", [(0, "a: 1\n")], id="one document without a marker"),
        pytest.param("---\na: 1\n---\nb: 2", [(0, "---\na: 1\n"), (2, "---\nb: 2")], id="two of them"),
        pytest.param(
            "--- # Source: x\na: 1\n", [(0, "--- # Source: x\na: 1\n")], id="a comment after the marker"
        ),
        pytest.param("--- {a: 1}\n", [(0, "--- {a: 1}\n")], id="a value after the marker"),
        pytest.param("----\n", [(0, "----\n")], id="four dashes are text"),
        pytest.param("a: 1\n ---\nb", [(0, "a: 1\n ---\nb")], id="dashes that are indented are text"),
        pytest.param(
            "a: |\n  x\n  --- x\n  ---\nb: 2\n",
            [(0, "a: |\n  x\n  --- x\n  ---\nb: 2\n")],
            id="dashes in a block scalar are text",
        ),
        pytest.param(
            "---\n# Source: a.yaml\n---\n\n---\na: 1\n",
            [(4, "---\na: 1\n")],
            id="empty documents are left out",
        ),
        pytest.param("# only\n  # comments\n", [], id="comments are no document"),
        pytest.param("---", [], id="a marker alone is no document"),
        pytest.param("a: 1\r\n---\r\nb: 2\r\n", [(0, "a: 1\r\n"), (1, "---\r\nb: 2\r\n")], id="CRLF"),
        pytest.param("a: 1\r---\rb: 2", [(0, "a: 1\r"), (1, "---\rb: 2")], id="CR alone"),
        pytest.param("a: 1\x85---\u2028b: 2", [(0, "a: 1\x85"), (1, "---\u2028b: 2")], id="NEL and LS"),
        pytest.param("\ufeffa: 1\n", [(0, "\ufeffa: 1\n")], id="a byte order mark stays"),
        pytest.param("\ufeff# x\n---\na: 1\n", [(1, "---\na: 1\n")], id="a byte order mark is no content"),
        pytest.param(
            "\ufeff--- \n---\na: 1\n", [(0, "\ufeff--- \n"), (1, "---\na: 1\n")], id="… nor hides a marker"
        ),
        pytest.param("a: 1\n...\n", [(0, "a: 1\n")], id="an end marker alone is no document"),
        pytest.param("a: 1\n...\nb: 2\n", [(0, "a: 1\n"), (1, "\nb: 2\n")], id="text after an end marker"),
        pytest.param("%YAML 1.2\n---\na: 1\n", [(0, "%YAML 1.2\n---\na: 1\n")], id="a directive stays"),
        pytest.param(
            "a: 1\n...\n%YAML 1.1\n---\nb: 2\n",
            [(0, "a: 1\n"), (1, "\n%YAML 1.1\n---\nb: 2\n")],
            id="a directive of the second document stays",
        ),
        pytest.param(
            "%YAML 1.2\n", [(0, "%YAML 1.2\n")], id="a directive without a document is not skipped in silence"
        ),
        pytest.param("a: 1\n%b: 2\n", [(0, "a: 1\n%b: 2\n")], id="a percent sign in a document"),
        pytest.param(
            " %a\n---\nb\n", [(0, " %a\n"), (1, "---\nb\n")], id="an indented percent sign is no directive"
        ),
    ],
)
def test_documents(text: str, expected: list[tuple[int, str]]) -> None:
    """A document begins at a marker in the first column, whatever ends the line before."""
    assert list(split_documents(text)) == expected


LINES = ["---", "--- # c", "--- x", "...", "----", "a: 1", " b", "# c", "  # c", "%YAML 1.1", " %", "", " \t"]
BREAKS = ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"]


def expected_documents(lines: list[str]) -> list[tuple[int, list[str]]]:
    """Gather documents line by line."""
    found: list[tuple[int, list[str]]] = []
    first, own = 0, lines[:1]
    for number, line in enumerate([*lines[1:], None], 1):
        if line is not None and (line[:3] not in {"---", "..."} or line == "----"):
            own.append(line)
            continue
        kept = [own[0][3:] if own[0] != "----" and own[0][:3] in {"---", "..."} else own[0], *own[1:]]
        content = any(text.strip() and not text.strip().startswith("#") and text[0] != "%" for text in kept)
        directive = not content and any(text.startswith("%") for text in kept)
        if directive and line is not None and line.startswith("---"):
            own.append(line)
            continue
        if content or directive:
            found.append((first, kept if own[0] == "..." else own))
        first, own = number, [line or ""]
    return found


@given(st.lists(st.sampled_from(LINES), min_size=1), st.sampled_from(BREAKS))
def test_documents_of_lines(lines: list[str], end: str) -> None:
    """Whatever ends the lines, documents are what a reader that goes line by line finds."""
    found = [
        (line, lines_of(piece.removesuffix(end))) for line, piece in split_documents(end.join(lines) + end)
    ]
    assert found == expected_documents(lines)


def _values(text: str) -> list[object]:
    return [parse_yaml(piece).value for _, piece in split_documents(text)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("a: 1\n...\nb: 2\n", [{"a": 1}, {"b": 2}], id="a bare document after an end marker"),
        pytest.param(
            "%TAG !e! tag:yaml.org,2002:\n---\na: !e!binary eA==\n", [{"a": "x"}], id="a tag's own handle"
        ),
        pytest.param("%YAML 1.2\n---\na: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}], id="a version"),
        pytest.param("\ufeff---\na: 1\n", [{"a": 1}], id="a byte order mark"),
    ],
)
def test_documents_are_read(text: str, values: list[object]) -> None:
    """What is split off can be read by itself."""
    assert _values(text) == values


def test_a_broken_document_loses_no_other() -> None:
    """Each document is read by itself, and a fault knows its line within it."""
    good, broken, last = (piece for _, piece in split_documents("a: 1\n---\nb: [\n---\nc: 3\n"))
    assert parse_yaml(good).value == {"a": 1}
    assert parse_yaml(last).value == {"c": 3}
    with pytest.raises(SyntaxFault) as caught:
        parse_yaml(broken)
    assert caught.value.code == "yaml-invalid"
