"""Does a process make a bounded number of spans, of whole traces, and of all again when there is
room?"""

from __future__ import annotations

from hashlib import sha256

from nervous_system.telemetry.span_budget import MAX_SPANS_PER_SECOND, SpanBudget


class Watch:
    """A stopwatch that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def kept(budget: SpanBudget, watch: Watch, trace_ids: list[int], *, in_seconds: float) -> set[int]:
    """The traces of which spans were made."""
    found = set()
    for trace_id in trace_ids:
        watch.seconds += in_seconds / len(trace_ids)
        if budget.keeps(trace_id):
            budget.spend()
            found.add(trace_id)
    return found


def trace_ids(count: int) -> list[int]:
    return [int.from_bytes(sha256(b"%d" % n).digest()[:16]) for n in range(count)]


def test_a_crowd_is_kept_in_bounds_and_a_few_are_all_kept() -> None:
    watch = Watch()
    budget = SpanBudget(watch=watch)
    few = trace_ids(MAX_SPANS_PER_SECOND // 2)
    assert kept(budget, watch, few, in_seconds=1.0) == set(few)
    kept(budget, watch, trace_ids(50_000), in_seconds=2.0)  # it learns
    seconds = 10
    many = trace_ids(25_000 * seconds)
    assert (
        0
        < len(kept(budget, watch, many, in_seconds=seconds))
        < 3 * seconds * (MAX_SPANS_PER_SECOND)
    )
    watch.seconds += 60.0
    budget.spend()
    assert kept(budget, watch, few, in_seconds=1.0) == set(few)


def test_who_is_busier_keeps_a_part_of_the_same_traces() -> None:
    found = []
    for crowd in (5_000, 50_000):
        watch = Watch()
        budget = SpanBudget(watch=watch)
        kept(budget, watch, trace_ids(crowd), in_seconds=1.0)
        asked = trace_ids(20_000)[-10_000:]
        found.append({each for each in asked if budget.keeps(each)})
    assert found[1] < found[0]
    assert found[1]
