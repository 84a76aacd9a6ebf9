"""Whom does a leader wait for before it decides, and for whom not?"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from nervous_system.deciding.company import MOST_TURNS_ALONE, Company

TURN_SECONDS = 0.002


@dataclass
class Askers:
    """A queue of requests: `coming` arrive as soon as somebody waits for them."""

    waiting: int = 0
    coming: int = 0
    waits: list[tuple[int, float]] = field(default_factory=list)
    now: float = 100.0

    async def fill(self, count: int, *, within_seconds: float) -> None:
        self.waits.append((count, within_seconds))
        arrived = min(self.coming, count - self.waiting)
        self.waiting += arrived
        self.coming -= arrived

    async def turn(self, company: Company) -> int:
        """One turn, which takes all that wait; how many those were."""
        await company.gather()
        taken, self.waiting = self.waiting, 0
        self.now += TURN_SECONDS
        company.answered(taken)
        return taken


@pytest.fixture
def askers() -> Askers:
    return Askers()


@pytest.fixture
def company(askers: Askers) -> Company:
    return Company(askers, watch=lambda: askers.now)


async def test_two_that_ask_in_turn_come_together(askers: Askers, company: Company) -> None:
    askers.waiting = 1
    assert await askers.turn(company) == 1
    askers.waiting, askers.coming = 2, 0
    assert await askers.turn(company) == 2
    # One of them was late; it comes within the time that a turn takes.
    askers.waiting, askers.coming = 1, 1
    assert await askers.turn(company) == 2
    assert [count for count, _ in askers.waits] == [2]
    assert [seconds for _, seconds in askers.waits] == pytest.approx([TURN_SECONDS])


async def test_who_asks_alone_is_not_kept_waiting(askers: Askers, company: Company) -> None:
    for _ in range(5):
        askers.waiting = 1
        assert await askers.turn(company) == 1
    assert askers.waits == []


async def test_waiting_in_vain_is_left_alone_for_longer_and_longer(
    askers: Askers, company: Company
) -> None:
    async def alone_after_two() -> bool:
        """Whether a single one was kept waiting though two were answered before."""
        company.answered(2)
        before = len(askers.waits)
        askers.waiting = 1
        assert await askers.turn(company) == 1
        return len(askers.waits) > before

    kept = [await alone_after_two() for _ in range(4 * MOST_TURNS_ALONE)]
    at = [number for number, waited in enumerate(kept) if waited]
    turns_between = [later - earlier - 1 for earlier, later in pairwise(at)]
    assert turns_between == [1, 2, 4, 8, 16, 32, 64, 64]


async def test_company_that_comes_again_is_waited_for_again(
    askers: Askers, company: Company
) -> None:
    for _ in range(3):  # in vain: one turn without waiting, then two
        company.answered(2)
        askers.waiting = 1
        await askers.turn(company)
    assert len(askers.waits) == 2
    for _ in range(2):
        company.answered(2)
        askers.waiting = 1
        await askers.turn(company)
    assert len(askers.waits) == 2
    for _ in range(3):
        company.answered(2)
        askers.waiting, askers.coming = 1, 1
        assert await askers.turn(company) == 2
    assert len(askers.waits) == 5
