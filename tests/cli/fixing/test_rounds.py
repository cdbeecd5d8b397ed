"""Rounds of fixing: what does not do away with its finding, or breaks a text, is taken back."""

from collections.abc import Callable, Sequence

import pytest

from assessing import assess_texts
from enc_operator.cli.fixing.rounds import fix_texts
from enc_operator.cli.inputs import Text
from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.reporting.model import Report, Reported
from enc_operator.core.syntax import Source

POD = """apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    ad.datadoghq.com/a.checks: '{"redisdb": {"instances": [{"password": "ENC[a]\\n"}], "init_config": null}}'
spec: {containers: [{name: a, image: redis}]}
"""
TEXT = Text("file0.yaml", POD, named=False)


def assess(texts: Sequence[Text]) -> list[Finding]:
    """Judge texts for real."""
    return [*assess_texts(*(text.text for text in texts)).findings]


def listed(findings: Sequence[Finding]) -> Report:
    """Return a report of which nothing is ignored."""
    return Report(tuple(Reported(item, "") for item in findings))


def broken_by(what: str, file: str = "file0.yaml") -> Callable[[Sequence[Text]], list[Finding]]:
    """Return a judge to whom one of the fixes breaks a file."""

    def judge(texts: Sequence[Text]) -> list[Finding]:
        place = Where(Source(file, 0, texts[0].text))
        broken = [] if what in texts[0].text else [finding("yaml-invalid", place, "broken", "mend it")]
        return assess(texts) + broken

    return judge


def stubborn(texts: Sequence[Text]) -> list[Finding]:
    """Judge texts as if a null were still there."""
    kept = [item for item in assess([TEXT]) if item.code == "init-config-null"]
    return assess(texts) + (kept if "null" not in texts[0].text else [])


@pytest.mark.parametrize(
    ("judge", "after"),
    [
        pytest.param(assess, POD.replace("\\n", "").replace("null", "{}"), id="all is well"),
        pytest.param(broken_by("null"), POD.replace("\\n", ""), id="one fix breaks the file"),
        pytest.param(broken_by("null", "other.yaml"), POD.replace("\\n", ""), id="one breaks another file"),
        pytest.param(stubborn, POD.replace("\\n", ""), id="one does not do away with its finding"),
        pytest.param(
            broken_by("no such text"), POD.replace("\\n", "").replace("null", "{}"), id="it was broken before"
        ),
    ],
)
def test_rounds(judge: Callable[[Sequence[Text]], list[Finding]], after: str) -> None:
    """A bad fix is left out, and the others are made."""
    fixed = fix_texts([TEXT], lambda texts: listed(judge(texts)))

    assert fixed.texts[0].text == after
    assert fixed.files == {"file0.yaml": after}


def test_nothing_to_fix() -> None:
    """Texts without a finding that can be fixed are judged once and left alone."""
    judged = []

    def judge(texts: Sequence[Text]) -> Report:
        judged.append(texts)
        return listed([])

    fixed = fix_texts([TEXT], judge)

    assert fixed.fixes == []
    assert fixed.files == {}
    assert len(judged) == 1
