"""When does the guardian say how far ClickHouse is behind?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from guardian.model import GuardianLimits
from guardian.observations import EventRef, Lag, Observations, WatchedPulse
from guardian.shell import is_news
from tests.guardian.guardian_play import START

LIMITS = GuardianLimits(lag_positions=1000)  # a tenth of it is worth a word at once


def watched(*, said: int | None, pulsed_after: float | None) -> Observations:
    """A lag was said a minute ago, and the overseer pulsed so long after that."""

    def seen(after: float) -> EventRef:
        return EventRef(at=START + timedelta(seconds=after), event_id=str(after))

    return Observations(
        lags=() if said is None else (Lag(positions=said, seen=seen(0)),),
        pulse=None
        if pulsed_after is None
        else WatchedPulse(number=1, interval_seconds=240, seen=seen(pulsed_after)),
    )


@pytest.mark.parametrize(
    ("said", "pulsed_after", "lag", "news"),
    [
        (None, None, 0, False),
        (None, None, 99, False),  # who would want to know?
        (None, None, 100, True),
        (None, 30, 0, False),
        (None, 30, 7, True),
        (5, 30, 7, True),  # the next pulse shows what was measured after the one before
        (5, -30, 7, False),  # it was said after the last pulse already
        (5, 30, 5, False),  # what the next pulse shows is right
        (5, 30, 0, True),
        (0, 30, 0, False),  # once is enough
        (5, -30, 100, True),
        (100, -30, 100, True),  # at each look: it no longer grows
        (100, -30, 0, True),
    ],
)
def test_a_lag_is_said_at_once_where_it_is_large_and_once_a_pulse_where_it_is_not(
    said: int | None, pulsed_after: float | None, lag: int, news: bool
) -> None:
    assert is_news(watched(said=said, pulsed_after=pulsed_after), LIMITS, lag) == news


def test_at_default_intervals_every_pulse_shows_a_lag_measured_since_the_one_before() -> None:
    """Looks every minute, pulses every four: an hour in which the lag is never large."""
    state, shown, told = Observations(), 0, 0
    for minute in range(1, 61):
        seen = EventRef(at=START + timedelta(minutes=minute), event_id=str(minute))
        lag = 3 * minute
        if minute % 4 == 0:
            if minute > 4:
                assert 3 * (minute - 4) <= shown < lag
            state = Observations(
                lags=state.lags, pulse=WatchedPulse(number=1, interval_seconds=240, seen=seen)
            )
        elif is_news(state, GuardianLimits(), lag):
            shown, told = lag, told + 1
            state = Observations(lags=(Lag(positions=lag, seen=seen),), pulse=state.pulse)
    assert told == 14
