"""Ignores against findings: who is covered, what is unused."""

from datetime import date

import pytest

from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.reporting.ignores import Ignore, Lines, Places, find_unused, match
from enc_operator.core.reporting.model import Acceptance, By
from enc_operator.core.syntax import Source
from reporting import found, same

TODAY = date(2026, 1, 1)
PLACE = Where(Source("rules"))
HERE = Lines("a.yaml", 1, 3)


def ignore(
    scope: Lines | Places = HERE, *codes: str, reason: str = "it is meant", expires: date | None = None
) -> Ignore:
    """Return what ignores codes, `handle-case` if none is given."""
    return Ignore(codes or ("handle-case",), reason, scope, PLACE, expires)


@pytest.mark.parametrize(
    ("item", "covered"),
    [
        pytest.param(ignore(), True, id="on its lines"),
        pytest.param(ignore(Lines("a.yaml", 2, 3)), False, id="on other lines"),
        pytest.param(ignore(Lines("b.yaml", 1, 3)), False, id="in another file"),
        pytest.param(ignore(HERE, "no-agent"), False, id="another code"),
        pytest.param(ignore(HERE, "no-agent", "handle-case"), True, id="one of its codes"),
        pytest.param(ignore(Places()), True, id="anywhere"),
        pytest.param(ignore(Places("*.yaml", "Pod shop/*")), True, id="by path and object"),
        pytest.param(ignore(Places("b/**")), False, id="by another path"),
        pytest.param(ignore(Places("**", "Pod db/*")), False, id="by another object"),
        pytest.param(ignore(Places(), expires=TODAY), True, id="on its last day"),
        pytest.param(ignore(Places(), expires=date(2025, 12, 31)), False, id="after its last day"),
    ],
)
def test_covered(item: Ignore, covered: bool) -> None:  # noqa: FBT001
    """A finding is ignored by code and place, as long as the time is not over."""
    assert bool(match([found()], [item], same, TODAY).accepted[0]) is covered


@pytest.mark.parametrize("code", ["yaml-invalid", "json-depth", "config-invalid", "ignore-invalid"])
def test_what_was_not_read(code: str) -> None:
    """What says that input could not be read is never ignored, however it came to be asked."""
    assert match([found(code)], [ignore(Places(), code)], same, TODAY).accepted == [None]


def test_the_first_counts() -> None:
    """Of several the first gives the reason, and says where it stands."""
    accepted = match([found()], [ignore(reason="one"), ignore(Places(), reason="two")], same, TODAY).accepted

    assert accepted == [Acceptance(By.COMMENT, "one")]
    assert ignore(Places()).by is By.IGNORE_FILE


def test_objects_without_a_name() -> None:
    """A pattern for objects does not fit what is in none."""
    assert match([found(owner=None)], [ignore(Places("**", "Pod *"))], same, TODAY).accepted == [None]
    assert match(
        [found(owner=ObjectRef("Pod", "", "x"))], [ignore(Places("**", "Pod *"))], same, TODAY
    ).accepted[0]


@pytest.mark.parametrize(
    ("item", "what"),
    [
        pytest.param(ignore(), [], id="used"),
        pytest.param(
            ignore(Lines("a.yaml", 2, 3)), ["there is no handle-case here: nothing is ignored"], id="unused"
        ),
        pytest.param(
            ignore(HERE, "handle-case", "no-agent", "pending"),
            ["there is no no-agent and no pending here: nothing is ignored"],
            id="some codes of it",
        ),
        pytest.param(
            ignore(Places(), expires=date(2025, 12, 31)),
            ["expired on 2025-12-31: it ignores nothing any more"],
            id="expired",
        ),
        pytest.param(ignore(Places("b.yaml")), [], id="for files that were not read"),
        pytest.param(
            ignore(Places("a.yaml", "Pod db/*")),
            ["there is no handle-case here: nothing is ignored"],
            id="for no object",
        ),
    ],
)
def test_unused(item: Ignore, what: list[str]) -> None:
    """What ignores nothing is said, unless the files that it is about are not in the input."""
    unused = list(find_unused(match([found()], [item], same, TODAY), [item], ["a.yaml"], same, TODAY))

    assert [one.what for one in unused] == what
    assert {one.code for one in unused} <= {"ignore-unused"}
    assert {one.where for one in unused} <= {PLACE}
