"""Which states of a service does a process still have that was asked for some before?"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Generic, TypeVar

from nervous_system.service.packing import Snapshot

State = TypeVar("State")

MAX_RECENT: Final = 32


class RecentStates(Generic[State]):
    """The last of them, unpacked. They share what is the same in them with the keyframes that they
    were folded from."""

    def __init__(self) -> None:
        self._states: OrderedDict[int, Snapshot[State]] = OrderedDict()

    def at_or_before(self, position: int) -> Snapshot[State] | None:
        """The nearest one; whether it is of the log of today is not said."""
        nearest = max((each for each in self._states if each <= position), default=None)
        if nearest is None:
            return None
        self._states.move_to_end(nearest)
        return self._states[nearest]

    def remember(self, snapshot: Snapshot[State]) -> None:
        """One more; the one that was not asked for the longest goes."""
        self._states[snapshot.sequence] = snapshot
        self._states.move_to_end(snapshot.sequence)
        if len(self._states) > MAX_RECENT:
            self._states.popitem(last=False)

    def forget(self, position: int) -> None:
        """That of this position."""
        self._states.pop(position, None)
