"""Comments that ignore: what they cover, what is no comment, what is no good one."""

import pytest

from enc_operator.core.findings import Finding
from enc_operator.core.reporting.comments import read_comments
from enc_operator.core.reporting.ignores import Ignore, Lines

ONE = "# encctl: ignore[handle-case] because it is meant"


def ignores(text: str) -> list[Ignore]:
    """Return what a text's comments ignore; there are no bad ones."""
    found = list(read_comments("a.yaml", text))
    assert not [item for item in found if isinstance(item, Finding)]
    return [item for item in found if isinstance(item, Ignore)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param(f"a: 1\nb: 2 {ONE}\nc: 3\n", 2, 2, id="its own line"),
        pytest.param(f"a: 1\n{ONE}\nb: 2\nc: 3\n", 3, 3, id="the next line"),
        pytest.param(f"a: 1\n{ONE}\n\n# and why\nb: 2\n", 5, 5, id="over blank lines and comments"),
        pytest.param(f"{ONE}\n---\na: 1\n", 3, 3, id="over the mark of a document"),
        pytest.param(f"a: 1\n{ONE}\n---\nb: 2\n", 4, 4, id="into the next document"),
        pytest.param(f"{ONE}\nb: |\n  x\n  y\nc: 3\n", 2, 4, id="a block below it"),
        pytest.param(f"a: 0\nb: | {ONE}\n  x\n  y\nc: 3\n", 2, 4, id="a block, from its head"),
        pytest.param(f"{ONE}\nb: '{{\n  x\n  }}'\nc: 3\n", 2, 4, id="a quoted text below it"),
        pytest.param(f"b: '{{\n  x\n  }}' {ONE}\nc: 3\n", 1, 3, id="a quoted text before it"),
        pytest.param(
            f"{ONE}\nb:\n  'x\n  y'\nc: 3\n", 2, 4, id="a text that begins on the line after its key"
        ),
        pytest.param(f"a: 0\n---\n{ONE}\n- |\n  x\n- b\n", 4, 5, id="an entry of a list"),
        pytest.param(f"a:\n  {ONE}\n  b: {{\n    c: 1}}\nd: 2\n", 3, 3, id="of a mapping only the line"),
        pytest.param(f"a: 1\n{ONE}\n", 2, 2, id="nothing behind the last line"),
        pytest.param(f"# no document\n{ONE}\n", 2, 2, id="nothing where there is no document"),
        pytest.param(f"\ufeffb: 1\r\n{ONE}\r\nc: 2\r\n", 3, 3, id="lines that end as on Windows"),
        pytest.param("# encctl: ignore-file[handle-case] because old\na: 1\nb: 2\n", 1, 4, id="a whole file"),
        pytest.param(
            "# a word\n---\n# encctl: ignore-file[handle-case] because old\na: 1\n",
            1,
            5,
            id="a file with a head",
        ),
    ],
)
def test_lines(text: str, first: int, last: int) -> None:
    """A comment covers its line or the next, and the values that begin there to their end."""
    (ignore,) = ignores(text)

    assert ignore.scope == Lines("a.yaml", first, last)
    assert ignore.codes == ("handle-case",)


def test_reason_and_codes() -> None:
    """Codes are a list, said once; the reason is the rest of the line."""
    (ignore,) = ignores("a: 1 #encctl:ignore [ handle-case,handle-case , no-agent ]  because of #12  \n")

    assert ignore.codes == ("handle-case", "no-agent")
    assert ignore.reason == "of #12"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"a: |\n  {ONE}\n", id="in a block"),
        pytest.param(f"a: 'x\n  {ONE}'\n", id="in quotes"),
        pytest.param(f'{{"a": " {ONE}"}}', id="in JSON"),
        pytest.param(f"'b {ONE}': 1\n", id="in a key"),
        pytest.param(f"a: x{ONE}\n", id="without a blank before it"),
        pytest.param(f"a: [\n{ONE}\n", id="in what cannot be read"),
        pytest.param("a: 1 # encctl ignore\n", id="another comment"),
    ],
)
def test_no_comment(text: str) -> None:
    """Text is not taken for a comment, nor is anything in a document that cannot be read."""
    assert list(read_comments("a.yaml", text)) == []


def test_a_broken_document_harms_no_other() -> None:
    """Comments of a file's other documents count."""
    assert [ignore.scope for ignore in ignores(f"a: [\n---\nb: 1 {ONE}\n")] == [Lines("a.yaml", 3, 3)]


@pytest.mark.parametrize(
    ("comment", "what"),
    [
        pytest.param("ignore[handle-case]", "the reason is missing", id="no reason"),
        pytest.param("ignore[handle-case] because", "the reason is missing", id="an empty reason"),
        pytest.param(
            "ignore[handle-case] because ...", "the reason is missing", id="a reason without a word"
        ),
        pytest.param("ignore[handle-case] since it is old", "the reason is missing", id="another word"),
        pytest.param("ignore[] because x", "no code is named", id="no code"),
        pytest.param(
            "ignore[handle-cas] because x", "no finding has the code handle-cas", id="an unknown code"
        ),
        pytest.param(
            "ignore[yaml-invalid] because x", "yaml-invalid cannot be ignored", id="what was not read"
        ),
        pytest.param(
            "ignore[ignore-unused] because x", "ignore-unused cannot be ignored", id="ignoring itself"
        ),
        pytest.param("ignore because x", "not a comment that encctl understands", id="no brackets"),
        pytest.param(
            "skip[handle-case] because x", "not a comment that encctl understands", id="another verb"
        ),
        pytest.param(
            "ignore-file[handle-case] because x", "ignore-file stands behind content", id="a file's, too late"
        ),
    ],
)
def test_invalid(comment: str, what: str) -> None:
    """One that says too little ignores nothing, and is a finding that marks it."""
    text = f"a: 1\nb: 2 # encctl: {comment}\n"

    (item,) = read_comments("a.yaml", text)
    assert isinstance(item, Finding)
    assert (item.code, item.what) == ("ignore-invalid", f"{what}: nothing is ignored")
    assert item.where.position() == (2, 6)
    excerpt = item.where.excerpt()
    assert excerpt is not None
    assert excerpt.text == f"b: … # encctl: {comment}"


def test_of_several_one_is_bad() -> None:
    """A comment with one bad code ignores none of them."""
    (item,) = read_comments("a.yaml", "a: 1 # encctl: ignore[handle-case, nonsense] because x\n")

    assert isinstance(item, Finding)


def test_control_characters() -> None:
    """A comment outside of a document, which no parser reads, sends nothing to a terminal."""
    (item,) = read_comments("a.yaml", "# encctl: ignore[\x1b[31m] because x\n")

    assert isinstance(item, Finding)
    assert "\x1b" not in item.what + str(item.where.excerpt())


def test_a_secret_stays_hidden() -> None:
    """A finding about a comment in a Secret shows the comment and no value."""
    text = "kind: Secret\nstringData:\n  a: hunter2 # encctl: ignore[handle-case]\n"

    (item,) = read_comments("a.yaml", text)
    assert isinstance(item, Finding)
    assert "hunter2" not in str(item.where.excerpt())


@pytest.mark.parametrize("between", ["---\n", ""])
def test_many_comments(between: str) -> None:
    """Thousands of comments take a moment, not minutes, in one document or in as many."""
    text = between.join(f"a{number}: {number} {ONE}\n" for number in range(5000))

    assert len(ignores(text)) == 5000
