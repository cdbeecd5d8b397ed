"""YAML that is refused: each with its place and a remedy, and never with a crash."""

import json

import pytest

from enc_operator.core.syntax import Mark, SyntaxFault, parse_yaml, yaml_text
from enc_operator.core.syntax.yaml_text import MAX_DEPTH


def fault_of(text: str) -> SyntaxFault:
    """Return the fault that reading a text raises."""
    with pytest.raises(SyntaxFault) as caught:
        parse_yaml(text)
    return caught.value


def bomb(levels: int) -> str:
    """Return lists of which each names the one before it ten times."""
    lines = ["- &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "code", "message", "fix", "mark"),
    [
        pytest.param(
            "a:\n\t- b\n",
            "yaml-invalid",
            "not YAML: a tab is used for indentation",
            "indent with spaces",
            (1, 0),
            id="a tab",
        ),
        pytest.param(
            "a: {b: ENC[x]}\nc",
            "handle-unquoted",
            "not YAML: inside { } or [ ] the bracket of a handle begins a list",
            'quote the whole value: "ENC[…]"',
            (0, 10),
            id="a handle without quotes in a flow mapping",
        ),
        pytest.param(
            "a: [",
            "yaml-invalid",
            "not YAML: did not find expected node content",
            "correct the YAML at this place",
            (0, 4),
            id="an open bracket",
        ),
        pytest.param(
            "a: b\nc\n",
            "yaml-invalid",
            "not YAML: could not find expected ':'",
            "correct the YAML at this place",
            (1, 1),
            id="a fault at the end of the text",
        ),
        pytest.param(
            "é: é\né\x00",
            "yaml-invalid",
            "not YAML: character #x0000 is not allowed",
            "remove the control character",
            (1, 1),
            id="NUL after letters of two bytes",
        ),
        pytest.param(
            "a: \x1b[31m",
            "yaml-invalid",
            "not YAML: character #x001b is not allowed",
            "remove the control character",
            (0, 3),
            id="a terminal's escape",
        ),
        pytest.param(
            "é\na: \ud800",
            "yaml-invalid",
            "not YAML: a lone surrogate",
            "write the character itself",
            (1, 3),
            id="a lone surrogate",
        ),
        pytest.param(
            "? [a]\n: b\n",
            "yaml-invalid",
            "not YAML that Kubernetes reads: a key is a list or a mapping",
            "use text keys",
            (0, 4),
            id="a list as a key",
        ),
        pytest.param(
            "a: *nothing\n",
            "yaml-alias",
            "an alias (*…) has no complete anchor before it",
            "quote it if it is meant as text",
            (0, 3),
            id="an alias of nothing",
        ),
        pytest.param(
            "&a [*a]",
            "yaml-alias",
            "an alias (*…) has no complete anchor before it",
            "quote it if it is meant as text",
            (0, 4),
            id="an anchor that holds itself",
        ),
        pytest.param(
            "- &a x\n- &a [*a]",
            "yaml-alias",
            "an alias (*…) has no complete anchor before it",
            "quote it if it is meant as text",
            (1, 6),
            id="… also if an earlier one has its name",
        ),
        pytest.param(
            "*a",
            "yaml-alias",
            "an alias (*…) has no complete anchor before it",
            "quote it if it is meant as text",
            (0, 0),
            id="a document that is an alias",
        ),
        pytest.param(
            bomb(8),
            "yaml-alias",
            "its aliases expand to too many values",
            "write the values out",
            None,
            id="a billion laughs",
        ),
        pytest.param(
            "- &a {" + ", ".join(f"k{n}: x" for n in range(1000)) + "}\n" + "- {<<: [*a, *a]}\n" * 300,
            "yaml-alias",
            "its aliases expand to too many values",
            "write the values out",
            None,
            id="a bomb of merges",
        ),
    ],
)
def test_faults(text: str, code: str, message: str, fix: str, mark: tuple[int, int] | None) -> None:
    """What cannot be read is a fault with a place and a remedy."""
    fault = fault_of(text)
    assert (fault.code, str(fault), fault.fix) == (code, message, fix)
    if mark is not None:
        assert fault.mark == Mark(*mark)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 60_000, id="flow lists"),
        pytest.param("{" * 60_000, id="flow mappings"),
        pytest.param("- " * 60_000, id="block lists"),
        pytest.param("? " * 60_000, id="keys of keys"),
        pytest.param("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), id="one more than the limit"),
        pytest.param("{a: " * 60_000, id="values of values"),
        pytest.param(
            "- &a " + "[" * 300 + "]" * 300 + "\n- " + "[" * 300 + "*a" + "]" * 300, id="by an alias"
        ),
    ],
)
def test_depth(text: str) -> None:
    """Deep nesting is a fault, never a crash."""
    fault = fault_of(text)
    assert (fault.code, str(fault), fault.fix) == (
        "yaml-depth",
        f"nested more than {MAX_DEPTH} levels deep",
        "flatten the document",
    )


def test_depth_up_to_the_limit() -> None:
    """What is just deep enough is read."""
    value = parse_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH).value
    assert json.dumps(value) == "[" * MAX_DEPTH + "]" * MAX_DEPTH


def test_aliases_do_not_add_depth_they_do_not_have() -> None:
    """Aliases side by side are as deep as one of them."""
    text = "- &a " + "[" * 300 + "]" * 300 + "\n- *a\n- {b: [*a, *a]}\n"
    assert len(parse_yaml(text).value) == 3


def test_many_values_without_aliases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing of a large cluster may have more values than the limit for aliases."""
    monkeypatch.setattr(yaml_text, "MAX_EXPANDED", 100)
    assert len(parse_yaml("[" + "1," * 200 + "]").value) == 200
    assert len(parse_yaml("- &a [" + "1," * 98 + "]\n- *a\n").value) == 2
    assert fault_of("- &a [" + "1," * 98 + "]\n- *a\n- *a\n").code == "yaml-alias"


def test_no_fault_quotes_the_text() -> None:
    """A Secret's value that begins with `*` is taken for an alias, and is not told."""
    assert "hunter" not in repr(fault_of("password: *hunter\n"))
