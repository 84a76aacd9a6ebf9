"""Which runs of positions are these? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple


class Span(NamedTuple):
    """Consecutive positions of one epoch, both ends included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many positions it has."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first:,}" if self.first == self.last else f"{self.first:,} to {self.last:,}"


def spans(sequences: Iterable[int]) -> tuple[Span, ...]:
    """The runs of these sequences, in order; repeats count once."""
    return joined(Span(sequence, sequence) for sequence in sorted(sequences))


def joined(parts: Iterable[Span]) -> tuple[Span, ...]:
    """The same positions in as few spans as there can be, in order."""
    found: list[Span] = []
    for part in sorted(parts):
        if found and part.first <= found[-1].last + 1:
            found[-1] = Span(found[-1].first, max(found[-1].last, part.last))
        else:
            found.append(part)
    return tuple(found)


def without(parts: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """The positions of `parts` that are in none of `taken`."""
    left: list[Span] = []
    away = joined(taken)
    for part in joined(parts):
        first = part.first
        for other in away:
            if other.last < first or other.first > part.last:
                continue
            if other.first > first:
                left.append(Span(first, other.first - 1))
            first = other.last + 1
        if first <= part.last:
            left.append(Span(first, part.last))
    return tuple(left)


def common(parts: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """The positions that are in both."""
    parts = joined(parts)
    return without(parts, without(parts, others))


def pieces(parts: Iterable[Span], *, size: int) -> Iterator[Span]:
    """The same spans, none longer than `size`."""
    for part in parts:
        for first in range(part.first, part.last + 1, size):
            yield Span(first, min(part.last, first + size - 1))


def size_of(parts: Iterable[Span]) -> int:
    """How many positions they have together."""
    return sum(part.size for part in parts)


def uneven(span: Span, rows: Mapping[int, int]) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Where a span has no row, and where it has more than one; `rows` is how many each has."""
    missing = without([span], spans(rows))
    return missing, spans(sequence for sequence, count in rows.items() if count > 1)
