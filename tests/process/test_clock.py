"""Time for decisions never runs backwards."""

from datetime import UTC, datetime, timedelta

from enc_operator.process.clock import Clock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_clock_that_is_set_back_stands_still() -> None:
    """What has expired stays so."""
    local = iter([NOON, NOON - HOUR, NOON + HOUR])
    clock = Clock(lambda: None, lambda: next(local))

    assert [clock.now() for _ in range(3)] == [NOON, NOON, NOON + HOUR]


def test_the_later_of_both_clocks_counts() -> None:
    """A machine whose clock is behind follows the API server's."""
    assert Clock(lambda: NOON + HOUR, lambda: NOON).now() == NOON + HOUR
    assert Clock(lambda: NOON - HOUR, lambda: NOON).now() == NOON


def test_the_local_clock_is_this_machines() -> None:
    """Unless another one is given."""
    before = datetime.now(UTC)  # noqa: TID251 - compared with

    assert Clock(lambda: None).now() >= before
