"""What does the shell know of the fold? Its state whenever a tick strikes.

That is the state of a leader that has read everything, and never one on the way there.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Generic, TypeVar

State = TypeVar("State")


class StateSubscription(Generic[State]):
    """The last state that a runner showed."""

    def __init__(self) -> None:
        self._ticked = asyncio.Event()
        self.state: State | None = None  # None before the first tick

    def around_tick(self, state: State, now: datetime) -> AbstractContextManager[None]:
        """For the role: a tick strikes on this state."""
        self.state = state
        self._ticked.set()
        self._ticked = asyncio.Event()
        return nullcontext()

    async def next_tick(self) -> State:
        """The state at the next tick."""
        await self._ticked.wait()
        assert self.state is not None
        return self.state
