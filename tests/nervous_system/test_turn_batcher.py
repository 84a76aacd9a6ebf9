"""Whom does a turn wait for, and for whom not?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from nervous_system.service.request_queue import PendingRequest
from nervous_system.service.turn_batcher import (
    MAX_REQUEST_BYTES,
    MAX_REQUESTS,
    MAX_TURNS_WITHOUT_WAIT,
    MAX_WAIT_SECONDS,
    TurnBatcher,
)
from tests.nervous_system.event_samples import decision

TURN_SECONDS = 0.002


@dataclass
class Askers:
    """A queue of requests: each wait brings one of those that are `coming`."""

    waiting: int = 0
    coming: int = 0
    size_bytes: int = 1
    turn_seconds: float = TURN_SECONDS
    waits: list[float] = field(default_factory=list)
    now: float = 100.0

    async def wait_for_request(self, *, within_seconds: float) -> None:
        self.waits.append(within_seconds)
        if self.coming:
            self.coming -= 1
            self.waiting += 1
        else:
            self.now += within_seconds

    def take(self, max_requests: int, *, max_bytes: int) -> Sequence[PendingRequest]:
        taken = min(self.waiting, max_requests, max(1, max_bytes // self.size_bytes))
        self.waiting -= taken
        return [PendingRequest(decision("one"), "reply", b"x" * self.size_bytes)] * taken  # type: ignore[arg-type]

    async def turn(self, company: TurnBatcher, *, meanwhile: int = 0) -> int:
        """One turn; how many were decided on in it. So many ask while the log takes it."""
        company.begin()
        count = 0
        while some := await company.next():
            count += len(some)
        self.now += self.turn_seconds
        self.waiting += meanwhile
        company.close_turn()
        return count


@pytest.fixture
def askers() -> Askers:
    return Askers()


@pytest.fixture
def company(askers: Askers) -> TurnBatcher:
    return TurnBatcher(askers, watch=lambda: askers.now)


async def test_two_that_ask_in_turn_come_together(askers: Askers, company: TurnBatcher) -> None:
    askers.waiting = 2
    assert await askers.turn(company) == 2
    askers.waiting, askers.coming = 1, 1  # one is late, by less than a turn takes
    assert await askers.turn(company) == 2
    assert askers.waits == pytest.approx([TURN_SECONDS])


async def test_two_that_have_turns_of_their_own_find_together(
    askers: Askers, company: TurnBatcher
) -> None:
    askers.waiting = 1
    assert await askers.turn(company, meanwhile=1) == 1
    askers.coming = 1  # the first, which has its answer now, asks again
    assert await askers.turn(company) == 2
    askers.waiting, askers.coming = 1, 1
    assert await askers.turn(company) == 2


async def test_who_asks_alone_is_not_kept_waiting(askers: Askers, company: TurnBatcher) -> None:
    for _ in range(5):
        askers.waiting = 1
        assert await askers.turn(company) == 1
    assert askers.waits == []


async def test_all_wait_together_no_longer_than_the_log_takes_for_a_turn(
    askers: Askers, company: TurnBatcher
) -> None:
    askers.waiting = 5
    assert await askers.turn(company) == 5
    began = askers.now
    askers.waiting, askers.coming = 1, 2
    assert await askers.turn(company) == 3
    assert askers.now - began == pytest.approx(2 * TURN_SECONDS)


async def test_after_a_log_that_was_stuck_nobody_waits_as_long(
    askers: Askers, company: TurnBatcher
) -> None:
    askers.turn_seconds = 30.0
    askers.waiting = 2
    await askers.turn(company)
    askers.waiting = 1
    await askers.turn(company)
    assert askers.waits == pytest.approx([MAX_WAIT_SECONDS])


async def test_waiting_in_vain_is_left_alone_for_longer_and_longer(
    askers: Askers, company: TurnBatcher
) -> None:
    async def kept_waiting() -> bool:
        """Whether a single one is, after two that came together."""
        askers.waiting = 2
        await askers.turn(company)
        before = len(askers.waits)
        askers.waiting = 1
        assert await askers.turn(company) == 1
        return len(askers.waits) > before

    kept = [await kept_waiting() for _ in range(4 * MAX_TURNS_WITHOUT_WAIT)]
    at = [number for number, waited in enumerate(kept) if waited]
    turns_between = [2 * (later - earlier) - 1 for earlier, later in pairwise(at)]
    assert turns_between == [1, 3, 5, 9, 17, 33, 65, 65, 65, 65, 65, 65][: len(turns_between)]
    assert len(turns_between) >= 8


async def test_company_that_comes_again_is_waited_for_again(
    askers: Askers, company: TurnBatcher
) -> None:
    async def two_then(coming: int) -> int:
        askers.waiting = 2
        await askers.turn(company)
        askers.waiting, askers.coming = 1, coming
        before = len(askers.waits)
        await askers.turn(company)
        askers.waiting = askers.coming = 0
        return len(askers.waits) - before

    assert [await two_then(0) for _ in range(4)] == [1, 1, 0, 1]
    # From now on they come; when that was seen once, each is waited for.
    found = [await two_then(1) for _ in range(8)]
    assert found[-4:] == [1, 1, 1, 1]


async def test_a_turn_is_bounded_by_requests_and_by_bytes(
    askers: Askers, company: TurnBatcher
) -> None:
    askers.waiting = MAX_REQUESTS + 1
    assert await askers.turn(company) == MAX_REQUESTS
    askers.waiting, askers.size_bytes = 5, MAX_REQUEST_BYTES // 2
    assert await askers.turn(company) == 2
