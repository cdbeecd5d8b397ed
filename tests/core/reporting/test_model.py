"""Reports: what is open, what is shown, what fails, what is counted."""

import pytest

from enc_operator.core.findings import Severity
from enc_operator.core.reporting.model import Acceptance, By, Report, Reported, summary_tail
from reporting import reported

COMMENT, BASELINE = Acceptance(By.COMMENT, "because"), Acceptance(By.BASELINE, "known")
ITEMS = (
    reported("access-denied"),
    reported("handle-case"),
    reported("no-agent"),
    reported("access-denied", acceptance=COMMENT),
    reported("no-agent", acceptance=BASELINE),
)


@pytest.mark.parametrize(
    ("level", "shown", "accepted", "tail"),
    [
        pytest.param(
            Severity.INFO, 3, [COMMENT, BASELINE], ", 1 ignored, 1 in the baseline", id="everything"
        ),
        pytest.param(
            Severity.WARNING, 2, [COMMENT], ", 1 ignored, 1 in the baseline, 1 not shown", id="from warnings"
        ),
        pytest.param(
            Severity.ERROR, 1, [COMMENT], ", 1 ignored, 1 in the baseline, 2 not shown", id="errors alone"
        ),
    ],
)
def test_levels(level: Severity, shown: int, accepted: list[Acceptance], tail: str) -> None:
    """A level leaves out what is below it; the counts are of everything."""
    report = Report(ITEMS, level)

    assert len(report.shown) == shown
    assert [acceptance for _, acceptance in report.accepted] == accepted
    assert summary_tail(report) == tail
    assert report.counts()["errors"] == 1
    assert report.counts()["infos"] == 1


@pytest.mark.parametrize(
    ("item", "level", "expected"),
    [
        pytest.param(reported("access-denied"), Severity.ERROR, True, id="an error fails"),
        pytest.param(reported("handle-case"), Severity.ERROR, False, id="a warning does not"),
        pytest.param(reported("handle-case"), Severity.WARNING, True, id="unless warnings do"),
        pytest.param(reported("no-agent"), Severity.INFO, True, id="or everything does"),
        pytest.param(reported("access-denied"), None, False, id="nothing fails without a level"),
        pytest.param(reported("access-denied", "0", COMMENT), Severity.INFO, False, id="nor what is ignored"),
    ],
)
def test_fails(item: Reported, level: Severity | None, expected: bool) -> None:  # noqa: FBT001
    """Only what is open fails, from the level on that was chosen."""
    assert Report((item,)).fails(level) is expected


def test_nothing_is_left_out() -> None:
    """A summary says nothing of what there is not."""
    assert summary_tail(Report(ITEMS[:3])) == ""
