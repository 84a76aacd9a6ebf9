"""How are a million things gone through without a million of them in memory?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar, overload

MAX_IN_MEMORY: Final = 10_000
"""More of something than this is made on demand."""

_Item = TypeVar("_Item")


class OnDemand(Sequence[_Item]):
    """`length` items, each made anew whenever it is asked for; `make` gives the same for the same
    place."""

    def __init__(self, length: int, make: Callable[[int], _Item]) -> None:
        self._places = range(length)
        self._make = make

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> _Item: ...

    @overload
    def __getitem__(self, place: slice) -> list[_Item]: ...

    def __getitem__(self, place: int | slice) -> _Item | list[_Item]:
        if isinstance(place, slice):
            return [self._make(each) for each in self._places[place]]
        return self._make(self._places[place])
