"""Trials of the way through the API server."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.cluster.folder import wait_until
from enc_operator.process.settings import Probe
from enc_operator.webhook.reach import Reached, Unasked, Unknown, Unreached
from enc_operator.webhook.trying import Trials
from scripted_api import Line, ScriptedApi, scripted

NEVER = float("-inf")
X509 = 'Internal error occurred: failed calling webhook "probe.enc-operator.io": x509: unknown authority'
OURS = 'admission webhook "probe.enc-operator.io" denied the request: a trial'


def refuse(status: int, message: str) -> Callable[[Line], object]:
    """Answer every call with a Status."""
    told = {"kind": "Status", "code": status, "message": message}
    return lambda line: line.answer(told, status)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ScriptedApi]:
    """Serve a script."""
    with scripted(tmp_path, refuse(403, OURS)) as found:
        yield found


def trials(api: ScriptedApi, service: str = "hook", heard: Callable[[], float] = lambda: NEVER) -> Trials:
    """Make trials that nobody repeats."""
    return Trials(api.gateway(), "enc", Probe("trial", service), heard, period=600)


def test_a_trial_is_a_grant_that_is_never_stored(api: ScriptedApi) -> None:
    """It is sent as a dry run, in the operator's own namespace; who is in the Service matters only where it does not arrive."""
    found = trials(api)

    found.step()

    asked = api.next_asked()
    assert (asked.method, asked.path) == (
        "POST",
        "/apis/enc-operator.io/v1alpha1/namespaces/enc/secretgrants",
    )
    assert asked.query == {"dryRun": "All"}
    assert asked.body["metadata"] == {"name": "trial", "namespace": "enc"}
    assert found.standing.found == Reached()
    assert api.asked.empty()


SLICES = {"items": [{"endpoints": None}, {"endpoints": [{"conditions": {"ready": False}}]}]}


@pytest.mark.parametrize(
    ("slices", "deserted"),
    [
        ({"items": []}, True),
        (SLICES, True),
        ({"items": [*SLICES["items"], {"endpoints": [{"conditions": {"ready": True}}]}]}, False),
        ({"items": [{"endpoints": [{}]}]}, False),
        (None, True),
    ],
    ids=["no slice", "nobody who is ready", "somebody who is ready", "somebody of whom nothing is said", "nobody may know"],
)  # fmt: skip
def test_before_anybody_is_ready_nobody_can_be_reached(
    api: ScriptedApi, slices: Any, *, deserted: bool
) -> None:
    """The API server's words are the same for a port that is closed: the Service's own members are asked for."""

    def answer(line: Line) -> None:
        if line.asked.method == "POST":
            refuse(500, X509)(line)
        elif slices is None:
            line.refuse(403, "Forbidden")
        else:
            assert line.asked.query == {"labelSelector": "kubernetes.io/service-name=hook"}
            line.answer(slices)

    api.script = answer
    found = trials(api)

    found.step()

    assert found.standing.found == Unreached("x509: unknown authority", deserted=deserted)


def test_without_a_service_nobody_is_looked_for(api: ScriptedApi) -> None:
    """The API server reaches replicas by a URL then."""
    api.script = refuse(500, X509)
    found = trials(api, service="")

    found.step()

    assert found.standing.found == Unreached("x509: unknown authority")


def test_what_nobody_foresaw_says_nothing_of_the_way(
    api: ScriptedApi, caplog: pytest.LogCaptureFixture
) -> None:
    """The thread goes on."""

    def answer(line: Line) -> None:
        if line.asked.method == "POST":
            refuse(500, X509)(line)
        else:
            line.answer({"kind": "of a proxy"})

    api.script = answer
    found = trials(api)

    found.step()

    assert found.standing.found == Unknown("KeyError in trying it")
    assert "could not be tried: KeyError" in caplog.text


def test_a_review_since_the_last_trial_counts(api: ScriptedApi) -> None:
    """Who answered the API server is reached, whatever became of the trial; an earlier review is no evidence."""
    api.script = refuse(500, X509)
    heard = [NEVER]
    found = trials(api, service="", heard=lambda: heard[-1])

    found.step()
    assert not found.standing.is_open
    heard.append(time.monotonic())
    found.step()
    assert (found.standing.is_open, found.standing.reached) == (True, True)
    found.step()
    assert (found.standing.misses, found.standing.reached) == (1, False)


def test_news_are_logged_once(api: ScriptedApi, caplog: pytest.LogCaptureFixture) -> None:
    """With what to do; that nobody is ready yet is no warning."""
    caplog.set_level(logging.INFO)
    found = trials(api, service="")
    for script in (
        refuse(500, X509),
        refuse(500, X509),
        lambda line: line.answer({}),
        refuse(403, OURS),
        refuse(403, OURS),
    ):
        api.script = script
        found.step()
    api.script = lambda line: (refuse(500, X509) if line.asked.method == "POST" else refuse(403, "no"))(line)
    trials(api).step()

    said = [(each.levelname, each.getMessage().split(":")[0]) for each in caplog.records]
    assert said == [
        ("WARNING", "the API server does not reach the webhook"),
        ("WARNING", "nobody asks the webhook"),
        ("INFO", "the API server reaches the webhook"),
        ("INFO", "who is in the Service is not known"),
        ("INFO", "no replica is in the Service yet"),
    ]
    assert found.standing.found == Reached()


def test_who_waits_is_tried_soon_and_who_is_well_now_and_then(api: ScriptedApi) -> None:
    """Replicas part: no two waits are the same."""
    api.script = refuse(500, X509)
    found = trials(api, service="")
    found.step()
    assert all(0.1 <= found.pause() <= 2 for _ in range(10))
    api.script = refuse(403, OURS)
    found.step()
    waits = {found.pause() for _ in range(10)}
    assert all(480 <= wait <= 720 for wait in waits)
    assert len(waits) > 1


def test_a_thread_tries_until_it_is_told_to_stop(api: ScriptedApi) -> None:
    """It hurries while the way is closed."""
    api.script = lambda line: line.answer({})
    found = trials(api)
    found.start()
    try:
        wait_until(lambda: found.standing.found == Unasked(), "it is tried", seconds=10)
        api.script = refuse(403, OURS)
        wait_until(lambda: found.standing.is_open, "it is tried again", seconds=10)
    finally:
        found.stop()
