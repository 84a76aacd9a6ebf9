"""Is an ingestor that does not keep up with the log found out by what is recorded?"""

from __future__ import annotations

import pytest

from ingestor.lag_watch import MUCH_LAG, LagWatch

Looks = list[tuple[float, int | None, int]]
"""Moment, watermark, last sequence."""


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ([(0, 5, 5), (100, 5, 5)], ""),  # nothing waits
        ([(0, 5, 9), (14, 5, 9)], ""),
        ([(0, 5, 9), (15, 5, 9)], "4 positions wait, and none was recorded for 15 s"),
        ([(0, 5, 9), (14, 6, 9), (28, 6, 9)], ""),  # it moves
        ([(0, 5, 9), (14, 9, 9), (28, 9, 12)], ""),  # what waits came just now
        ([(0, None, 9), (100, None, 9)], ""),  # another records
        (
            [(0, 1, 1), (30, 100, MUCH_LAG), (61, 200, 3 * MUCH_LAG)],
            "the lag grew from 0 to 29,800 positions in 61 s",
        ),
        ([(0, 1, 1), (30, 100, 200), (61, 200, 5_000)], ""),  # a burst
        (
            [(0, 1, 9 * MUCH_LAG), (30, 9, 9 * MUCH_LAG), (61, MUCH_LAG, 9 * MUCH_LAG)],
            "",  # it falls
        ),
    ],
)
def test_what_does_not_keep_up_is_told(looks: Looks, told: str) -> None:
    following = LagWatch()
    said = [
        following.see(moment, watermark=watermark, last_sequence=last)
        for moment, watermark, last in looks
    ]
    assert said[-1].startswith(told)
    assert bool(said[-1]) is bool(told)
    assert not any(said[:-1])
