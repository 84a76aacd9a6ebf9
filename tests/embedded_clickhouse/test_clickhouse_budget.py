"""Who may hold how much of what all requests hold together?"""

from __future__ import annotations

import pytest

from embedded_clickhouse.access import RIGHTS
from embedded_clickhouse.budget import Budget


class _Full(Exception):
    pass


def test_a_smaller_part_leaves_room_for_a_larger_one() -> None:
    budget = Budget(100, refuse=_Full)
    reader, another, owner, recorder = map(budget.share, (0.5, 0.5, 0.75, 1.0))
    reader.take(30)
    another.take(20)
    with pytest.raises(_Full):
        reader.take(1)
    owner.take(25)
    with pytest.raises(_Full):
        owner.take(1)
    recorder.take(25)
    with pytest.raises(_Full):
        recorder.take(1)
    with another:
        pass
    owner.take(20)
    with pytest.raises(_Full):
        reader.take(1)


def test_who_has_a_larger_part_may_take_that_of_the_others() -> None:
    budget = Budget(100, refuse=_Full)
    budget.share(1.0).take(60)
    with pytest.raises(_Full):
        budget.share(0.5).take(41)
    budget.share(0.5).take(40)


def test_the_recorder_has_all_of_it_and_nobody_else() -> None:
    assert [access for access, rights in RIGHTS.items() if rights.part == 1] == ["record"]
    assert RIGHTS["read"].part < RIGHTS["observe"].part
