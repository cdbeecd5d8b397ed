"""Places: keys, spans, and the line that is shown of them."""

import pytest

from assessing import NODE_AGENT, assess_texts, pod
from enc_operator.core.findings import ObjectRef, Where, place_only
from enc_operator.core.syntax import Excerpt, Extent, Position, Source

TEXT = "spec:\n  from: x-hunter2\n"
PLACE = Where(Source("a.yaml", 3, TEXT), ObjectRef("Pod", "shop", "web"), ("spec", "from"))


def test_extents() -> None:
    """A value, its key and a piece of it stand from somewhere to somewhere."""
    assert PLACE.extent() == Extent(Position(5, 9), Position(5, 18))
    assert PLACE.key().extent() == Extent(Position(5, 3), Position(5, 7))
    assert PLACE.part("x-hunter2", 0, 1).extent() == Extent(Position(5, 9), Position(5, 10))
    assert PLACE.part("another text", 0, 1).extent() == PLACE.extent()
    assert PLACE.part("x-hunter2").spanning(None) == PLACE


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(PLACE, Excerpt(5, "  from: …", "        ^"), id="a value is hidden"),
        pytest.param(PLACE.key(), Excerpt(5, "  from: …", "  ^^^^"), id="a key is shown"),
        pytest.param(
            PLACE.part("x-hunter2", 0, 2), Excerpt(5, "  from: x-…", "        ^^"), id="so is a span"
        ),
        pytest.param(
            Where(PLACE.source, ObjectRef("SecretGrant", "shop", "a"), PLACE.path),
            Excerpt(5, "  from: x-hunter2", "        ^^^^^^^^^"),
            id="our own resources hold names",
        ),
        pytest.param(Where(PLACE.source), None, id="a whole object has no line"),
        pytest.param(Where(Source("a.yaml"), None, ("a",)), None, id="nor has one without a text"),
        pytest.param(place_only(PLACE), None, id="nor a place alone"),
    ],
)
def test_excerpts(where: Where, expected: Excerpt | None) -> None:
    """What is shown of a place depends on what can be secret there."""
    assert where.excerpt() == expected


def test_a_place_alone_keeps_its_position() -> None:
    """Without its text a place is still found in the file."""
    assert place_only(PLACE).position() == PLACE.position()


SECRET = """
apiVersion: v1
kind: {kind}
metadata: {{name: db, namespace: shop}}
{start}  hunter: hunter2
  hunter: hunter2
  handle: "ENC[k8s_secret@shop/hunter/{key}]"
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SECRET.format(kind="Secret", start="stringData:\n", key="k"), id="a Secret"),
        pytest.param(SECRET.format(kind="Secret", start="stringData:\n", key="k") + " [", id="a broken one"),
        pytest.param(
            SECRET.format(kind="Secret", start="stringData: [\n", key="k"), id="one of another shape"
        ),
        pytest.param(
            '{"kind": "List", "apiVersion": "v1", "items": [{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"},'
            ' "stringData": {"hunter": "hunter2", "hunter": "hunter2", "a": "ENC[x] hunter2"}}]}',
            id="one in a list",
        ),
        pytest.param(
            '[{"kind": "Secret", "apiVersion": "v1", "stringData": {"hunter": "hunter2", "hunter": "x"}}]',
            id="one in a list without a kind",
        ),
        pytest.param(
            '{"kind": "SecretList", "items": [{"data": {"hunter": 1, "hunter": 2}}]}', id="a list of them"
        ),
        pytest.param('{"kind": "Secret", "stringData": {"hunter2": "hunter2"', id="broken JSON"),
    ],
)
def test_nothing_of_a_secret_is_told(text: str) -> None:
    """No key's name and no line of a Secret is in any finding, whatever is wrong with it."""
    for finding in assess_texts(text, NODE_AGENT).findings:
        assert "hunter" not in f"{finding}{finding.where.excerpt()}"


def test_other_duplicates_are_named() -> None:
    """A key that stands twice elsewhere is named and marked."""
    found = assess_texts("kind: ConfigMap\ndata: {a: hunter2, a: hunter2}\n").findings[0]

    assert found.what == 'the key "a" stands twice; the last one wins'
    assert found.where.excerpt() == Excerpt(2, "data: {…: …, a: …}", " " * 13 + "^")


def test_passwords_beside_handles_are_hidden() -> None:
    """A literal password beside a handle in one annotation is not shown with it."""
    text = (
        pod()
        .replace('"password": ', '"password2": "hunter2", "pin": 12345, "password": ')
        .replace("shop/db", "db/x")
    )
    found = assess_texts(NODE_AGENT, text).findings

    assert found
    for finding in found:
        excerpt = finding.where.excerpt()
        assert excerpt
        assert "ENC[k8s_secret@db/x/password]" in excerpt.text
        assert "hunter" not in excerpt.text
        assert "12345" not in excerpt.text
