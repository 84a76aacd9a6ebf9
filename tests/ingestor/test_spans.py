"""Are runs of positions counted as the positions themselves are?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingestor.audit import alarms
from ingestor.condition import Writer
from ingestor.examination import BrokenPart, Damage, Found
from ingestor.expected import by_writer
from ingestor.spans import PositionSpan, common, join, pieces, size_of, spans, subtract, uneven
from nervous_system.contract.stored import Stored

SEQUENCES = st.sets(st.integers(1, 60))


def members(parts: tuple[PositionSpan, ...]) -> set[int]:
    return {sequence for part in parts for sequence in range(part.first, part.last + 1)}


@given(SEQUENCES, SEQUENCES)
def test_spans_are_sets_of_positions(left: set[int], right: set[int]) -> None:
    assert members(spans(left)) == left
    assert size_of(spans(left)) == len(left)
    assert members(subtract(spans(left), spans(right))) == left - right
    assert members(common(spans(left), spans(right))) == left & right
    assert members(join((*spans(left), *spans(right)))) == left | right
    assert members(tuple(pieces(spans(left), size=3))) == left
    assert all(part.size <= 3 for part in pieces(spans(left), size=3))


@given(st.dictionaries(st.integers(1, 40), st.integers(1, 3)))
def test_what_is_missing_and_what_is_doubled(rows: dict[int, int]) -> None:
    missing, doubled = uneven(PositionSpan(1, 40), rows)
    assert members(missing) == set(range(1, 41)) - rows.keys()
    assert members(doubled) == {sequence for sequence, count in rows.items() if count > 1}


def test_a_row_is_filled_for_who_recorded_it_first() -> None:
    """By the clock of the stream, but nobody before the row below or after the row above."""
    writers = [Writer(1, 100, "r"), Writer(2, 200, "r"), Writer(3, 300, "r")]
    positions = [Stored(sequence, "s", sequence * 10, b"") for sequence in (5, 15, 25, 35)]

    def written(below: int, above: int) -> list[int]:
        runs = by_writer(positions, writers, below=below, above=above)
        return [number for number, run in runs for _ in run]

    assert written(0, 0) == [1, 1, 2, 3]
    assert written(2, 2) == [2, 2, 2, 2]
    assert written(1, 2) == [1, 1, 2, 2]


def test_an_alarm_is_raised_for_what_is_new_only() -> None:
    part = BrokenPart(name="p", reason="r", rows=7)
    hole = Found(epochs=[Damage(epoch=1, missing=(PositionSpan(3, 9),))])
    more = Found(epochs=[Damage(epoch=1, missing=(PositionSpan(3, 9), PositionSpan(20, 20)))])
    both = Found(broken=(part,), epochs=[Damage(epoch=1, missing=(PositionSpan(3, 9),))])
    (alarm,) = alarms(hole, Found())
    assert (alarm.name, alarm.first_sequence, alarm.last_sequence) == ("rows_missing", 3, 9)
    assert "ganglion repair" in alarm.action
    assert alarms(hole, hole) == []
    assert alarms(hole, more) == []
    assert [each.name for each in alarms(more, hole)] == ["rows_missing"]
    assert [each.name for each in alarms(both, hole)] == ["rows_damaged"]
    altered = Found(epochs=[Damage(epoch=1, altered=(PositionSpan(4, 4),))])
    assert [each.name for each in alarms(altered, Found())] == ["rows_damaged"]
