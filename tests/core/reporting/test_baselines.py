"""Baselines: written, read, compared."""

import json

import pytest

from assessing import pod
from enc_operator.core.reporting.baselines import (
    accept_baseline,
    entries_of,
    find_gone,
    parse_baseline,
    render_baseline,
)
from enc_operator.core.reporting.model import By, Report
from reporting import report, reported, same

DENIED = pod("ENC[k8s_secret@db/orders/password]")
UNREAD = "a: [\n"


def written(found: Report) -> str:
    """Return the baseline of a report."""
    return render_baseline(entries_of(found.items, same))


def test_one_line_each() -> None:
    """A baseline has a line for each finding, sorted, with what a reviewer needs to know."""
    lines = written(report(pod("ENC[x"), DENIED)).splitlines()

    assert lines[:3] == ["{", '  "version": 1,', '  "findings": [']
    entry = json.loads(lines[-3].rstrip(","))
    assert (entry["file"], entry["object"], entry["code"]) == ("1.yaml", "Pod shop/web", "no-agent")
    assert entry["path"] == (
        'metadata.annotations["ad.datadoghq.com/app.checks"] → redisdb.instances[*].password'
    )
    assert entry["about"] == "ENC[k8s_secret@db/orders/password]"
    assert lines[3:-2] == sorted(lines[3:-2])


def test_there_and_back() -> None:
    """What is written is read again, and accepts all that it was made of; the order of files is no matter."""
    found = report(pod("ENC[x"), DENIED)
    accepted = accept_baseline(found, parse_baseline(written(found)), "known.json")

    assert accepted.open == []
    assert {acceptance.by for _, acceptance in accepted.accepted} == {By.BASELINE}
    assert {acceptance.reason for _, acceptance in accepted.accepted} == {"in the baseline known.json"}
    assert parse_baseline(render_baseline([])) == []


def test_new_ones() -> None:
    """What is not in the baseline stays open."""
    known = parse_baseline(written(report(DENIED)))
    found = accept_baseline(report(DENIED + "---" + DENIED.replace("web", "new")), known, "x")

    assert {str(item.finding.where.object) for item in found.open} == {"Pod shop/new"}


def test_what_was_not_read() -> None:
    """What says that input could not be read is neither written nor accepted, even if somebody writes it by hand."""
    found = report(UNREAD)
    (item,) = found.items
    forged = parse_baseline(written(Report((reported("handle-case", item.fingerprint),))))
    by_hand = [forged[0]._replace(code="yaml-invalid")]

    assert entries_of(found.items, same) == []
    assert accept_baseline(found, by_hand, "x").open == [item]
    assert accept_baseline(found, [forged[0]._replace(code="gone")], "x").open == [item]


def test_by_hand_under_another_code() -> None:
    """A fingerprint that stands under another code accepts nothing that cannot be ignored."""
    found = report(UNREAD)
    forged = parse_baseline(written(Report((reported("handle-case", found.items[0].fingerprint),))))

    assert accept_baseline(found, forged, "x").open == list(found.items)


def test_gone() -> None:
    """Entries that no longer occur are told, of files that would show them."""
    known = parse_baseline(written(report(DENIED, DENIED)))
    now = report(DENIED, pod())
    gone = find_gone(known, now, {"0.yaml", "1.yaml"})

    assert [(entry.file, entry.code) for entry in gone] == [("1.yaml", "access-denied")]
    assert find_gone(known, now, {"0.yaml"}) == []
    assert find_gone(known, report(), {"0.yaml"})[0].code == "access-denied"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "line 1: not JSON", id="not JSON"),
        pytest.param("[" * 5000, "line 1: .*nested", id="hostile"),
        pytest.param("[]", "not a baseline", id="a list"),
        pytest.param('{"version": 1}', "not a baseline", id="no findings"),
        pytest.param('{"version": 2, "findings": []}', "its version is not 1", id="a later version"),
        pytest.param('{"version": 1, "findings": {}}', "not a list of entries", id="no list"),
        pytest.param('{"version": 1, "findings": ["x"]}', "not a list of entries", id="no entry"),
        pytest.param(
            '{"version": 1, "findings": [{"file": "a", "code": "b"}]}',
            "not a list of entries",
            id="no fingerprint",
        ),
    ],
)
def test_bad(text: str, message: str) -> None:
    """What is no baseline is an error with the reason."""
    with pytest.raises(ValueError, match=message):
        parse_baseline(text)
