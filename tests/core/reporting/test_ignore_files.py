"""The ignore file: entries, bad entries, and files that are none."""

from datetime import date

import pytest

from enc_operator.core.findings import Finding
from enc_operator.core.reporting.ignore_files import read_entries
from enc_operator.core.reporting.ignores import Ignore, Places

ENTRY = "ignore:\n- code: handle-case\n  reason: it is meant\n"


def test_entries() -> None:
    """An entry has one code or several, and may be narrowed by path, object and time."""
    text = ENTRY + (
        "- code: [no-agent, pending, pending]\n  path: legacy/\n  object: Pod shop/*\n  reason: ' old '\n  expires: 2027-01-31\n"
    )

    one, two = read_entries(".encctl.yaml", text)
    assert isinstance(one, Ignore)
    assert (one.codes, one.reason, one.scope, one.expires) == (
        ("handle-case",),
        "it is meant",
        Places(),
        None,
    )
    assert isinstance(two, Ignore)
    assert two.codes == ("no-agent", "pending")
    assert two.scope == Places("legacy/", "Pod shop/*")
    assert (two.reason, two.expires) == ("old", date(2027, 1, 31))
    assert two.where.position() == (4, 3)


@pytest.mark.parametrize(
    ("entry", "what", "position"),
    [
        pytest.param("{code: handle-case}", "the reason is missing", (2, 4), id="no reason"),
        pytest.param(
            "{code: handle-case, reason: ' '}", "the reason is missing", (2, 23), id="an empty reason"
        ),
        pytest.param(
            "{code: handle-case, reason: 5}", "the reason is missing", (2, 23), id="no text as reason"
        ),
        pytest.param("{reason: x}", "no code is named", (2, 4), id="no code"),
        pytest.param("{reason: x, code: []}", "no code is named", (2, 15), id="an empty list of codes"),
        pytest.param(
            "{code: nonsense, reason: x}", "no finding has the code nonsense", (2, 4), id="an unknown code"
        ),
        pytest.param(
            "{code: {a: b}, reason: x}", "no finding has the code {'a': 'b'}", (2, 4), id="no text as code"
        ),
        pytest.param(
            "{code: yaml-depth, reason: x}", "yaml-depth cannot be ignored", (2, 4), id="what was not read"
        ),
        pytest.param(
            "{code: handle-case, reason: x, paths: y}",
            "there is no field paths",
            (2, 34),
            id="an unknown field",
        ),
        pytest.param(
            "{code: handle-case, reason: x, path: [a]}", "path is not text", (2, 34), id="a list as path"
        ),
        pytest.param(
            "{code: handle-case, reason: x, object: ''}", "object is not text", (2, 34), id="an empty object"
        ),
        pytest.param(
            "{code: handle-case, reason: x, expires: soon}", "expires is not a day", (2, 34), id="no date"
        ),
        pytest.param("handle-case", "not a mapping", (2, 3), id="a word"),
        pytest.param("{}", "no code is named", (2, 3), id="an empty entry"),
    ],
)
def test_bad_entries(entry: str, what: str, position: tuple[int, int]) -> None:
    """A bad entry ignores nothing, and is a finding that points at the field."""
    (item,) = read_entries(".encctl.yaml", f"ignore:\n- {entry}\n")

    assert isinstance(item, Finding)
    assert (item.code, item.what) == ("ignore-invalid", f"{what}: nothing is ignored")
    assert item.where.position() == position


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("ignore: [\n", "line 1: not YAML", id="not YAML"),
        pytest.param("- code: handle-case\n", "not a mapping with one key, ignore", id="a list"),
        pytest.param("ignore: 5\n", "not a mapping with one key, ignore", id="no list"),
        pytest.param("ignore: []\nignored: []\n", "not a mapping with one key, ignore", id="another key"),
        pytest.param("", "not a mapping with one key, ignore", id="nothing"),
    ],
)
def test_bad_files(text: str, message: str) -> None:
    """What is no ignore file is an error with the reason."""
    with pytest.raises(ValueError, match=message):
        list(read_entries(".encctl.yaml", text))
