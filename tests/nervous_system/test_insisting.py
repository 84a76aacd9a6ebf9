"""Is what finds no place sent again and again, and only that?"""

from __future__ import annotations

import asyncio

import pytest

from nervous_system.clock import stopwatch
from nervous_system.errors import Conflict, Crowded, NotAcknowledged
from nervous_system.transport.insisting import Insistence, insist

QUICK = Insistence(every_seconds=0.001, max_copies=10)


class Log:
    """Answers none of the first copies, or says the same of each."""

    def __init__(self, *, place_for: int, otherwise: Exception | None = None) -> None:
        self.copies = self.under_way = self.most_under_way = 0
        self._place_for = place_for
        self._otherwise = otherwise

    async def once(self, timeout_seconds: float) -> int:
        self.copies += 1
        number = self.copies
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if number >= self._place_for:
                return number
            if self._otherwise is not None:
                raise self._otherwise
            await asyncio.sleep(timeout_seconds)
            raise NotAcknowledged("too late")
        finally:
            self.under_way -= 1


async def _insisted(log: Log, *, seconds: float = 30.0) -> int:
    copies: list[None] = []
    try:
        return await insist(
            log.once, QUICK, seconds=seconds, watch=stopwatch, copied=lambda: copies.append(None)
        )
    finally:
        assert len(copies) == log.copies
        assert log.under_way == 0, "what is under way was left behind"


async def test_the_next_does_not_wait_for_the_answer_to_the_last() -> None:
    assert await _insisted(Log(place_for=5)) == 5


async def test_it_is_no_flood_itself() -> None:
    log = Log(place_for=11)
    with pytest.raises(NotAcknowledged):
        await _insisted(log, seconds=0.1)
    assert log.most_under_way == QUICK.max_copies


async def test_no_place_is_no_end() -> None:
    assert await _insisted(Log(place_for=50, otherwise=Crowded("no place"))) == 50


async def test_when_the_time_is_over_it_says_why() -> None:
    with pytest.raises(Crowded, match="no place"):
        await _insisted(Log(place_for=10**9, otherwise=Crowded("no place")), seconds=0.05)


async def test_what_is_no_want_of_a_place_ends_it() -> None:
    log = Log(place_for=10**9, otherwise=Conflict("somebody was first"))
    with pytest.raises(Conflict):
        await _insisted(log)
    assert log.copies == 1
