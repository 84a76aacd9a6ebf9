"""Which runs of positions are these? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple


class PositionSpan(NamedTuple):
    """Consecutive positions of one epoch, both ends included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many positions it has."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first:,}" if self.first == self.last else f"{self.first:,} to {self.last:,}"


def spans(sequences: Iterable[int]) -> tuple[PositionSpan, ...]:
    """The runs of these sequences, in order; repeats count once."""
    return join(PositionSpan(sequence, sequence) for sequence in sorted(sequences))


def join(parts: Iterable[PositionSpan]) -> tuple[PositionSpan, ...]:
    """The same positions in as few spans as there can be, in order."""
    found: list[PositionSpan] = []
    for part in sorted(parts):
        if found and part.first <= found[-1].last + 1:
            found[-1] = PositionSpan(found[-1].first, max(found[-1].last, part.last))
        else:
            found.append(part)
    return tuple(found)


def subtract(
    parts: Iterable[PositionSpan], taken: Iterable[PositionSpan]
) -> tuple[PositionSpan, ...]:
    """The positions of `parts` that are in none of `taken`."""
    left: list[PositionSpan] = []
    away = join(taken)
    for part in join(parts):
        first = part.first
        for other in away:
            if other.last < first or other.first > part.last:
                continue
            if other.first > first:
                left.append(PositionSpan(first, other.first - 1))
            first = other.last + 1
        if first <= part.last:
            left.append(PositionSpan(first, part.last))
    return tuple(left)


def common(
    parts: Iterable[PositionSpan], others: Iterable[PositionSpan]
) -> tuple[PositionSpan, ...]:
    """The positions that are in both."""
    parts = join(parts)
    return subtract(parts, subtract(parts, others))


def pieces(parts: Iterable[PositionSpan], *, size: int) -> Iterator[PositionSpan]:
    """The same spans, none longer than `size`."""
    for part in parts:
        for first in range(part.first, part.last + 1, size):
            yield PositionSpan(first, min(part.last, first + size - 1))


def size_of(parts: Iterable[PositionSpan]) -> int:
    """How many positions they have together."""
    return sum(part.size for part in parts)


def uneven(
    span: PositionSpan, rows: Mapping[int, int]
) -> tuple[tuple[PositionSpan, ...], tuple[PositionSpan, ...]]:
    """Where a span has no row, and where it has more than one; `rows` is how many each has."""
    missing = subtract([span], spans(rows))
    return missing, spans(sequence for sequence, count in rows.items() if count > 1)
