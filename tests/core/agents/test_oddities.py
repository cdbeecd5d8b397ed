"""What looks meant as a handle and is none."""

import pytest

from enc_operator.core.agents.oddities import oddities_in
from enc_operator.core.findings import Where
from enc_operator.core.syntax import Source, parse_yaml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: 'ENC[x]'", [], id="a handle"),
        pytest.param("a: 'EN%%hostname%%C[x]'", [], id="a handle with a variable in it"),
        pytest.param("a: plain", [], id="another text"),
        pytest.param("a: [{b: 'x ENC[y]'}]", [("handle-partial", ("a", 0, "b"))], id="a part of a text"),
        pytest.param("a: 'enc[x]'", [("handle-case", ("a",))], id="lower case"),
        pytest.param("a: {'ENC[x]': 1}", [("handle-as-key", ("a", "ENC[x]"))], id="a key"),
        pytest.param("a: 1\na: 2", [("duplicate-key", ())], id="a key twice"),
    ],
)
def test_oddities(text: str, expected: list[tuple[str, tuple[str | int, ...]]]) -> None:
    """Each oddity is one finding at its place."""
    found = oddities_in(parse_yaml(text), Where(Source("f")))

    assert [(finding.code, finding.where.inner) for finding in found] == expected
