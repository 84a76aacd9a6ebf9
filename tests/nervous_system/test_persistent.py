"""Does a heap give its items in the order of their keys, however it was made?"""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from nervous_system.service.persistent import Heap

KEYS = st.lists(st.integers(), unique=True, max_size=60)


def drained(heap: Heap[str] | None) -> Iterator[int]:
    while heap is not None:
        assert heap.item == f"item {heap.key}"
        yield heap.key
        heap = heap.rest()


@given(built=KEYS, pushed=KEYS)
def test_smallest_first_whether_built_at_once_or_pushed(
    built: list[int], pushed: list[int]
) -> None:
    heap = Heap.of([(key, f"item {key}") for key in sorted(built)])
    before = heap
    for key in pushed:
        heap = Heap.push(heap, key, f"item {key}")
    assert list(drained(heap)) == sorted([*built, *pushed])
    assert list(drained(before)) == sorted(built), "what was there is not changed"


def test_one_of_a_hundred_thousand_goes_as_it_came() -> None:
    """No step of it is as deep as the heap is large."""
    heap = Heap.of([(key, f"item {key}") for key in range(100_000)])
    heap = Heap.push(heap, -1, "item -1")
    assert sum(1 for _ in drained(heap)) == 100_001
