"""Which state had the swarm at a moment, to a process that is asked for moments again and again?

It keeps the keyframes, too, in the background; once somebody has asked for a moment of the past it
holds a part of them unpacked, so that no answer takes long.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from nervous_system.bus import Bus
from nervous_system.errors import Permanent, Transient
from nervous_system.waiting import pause
from operations.queries.state.at import Between, StateAt, between, state_at
from operations.queries.state.kept import KeptStates, keep_now
from operations.queries.state.moment import UnknownMoment

_log = structlog.get_logger()

LOOK_SECONDS: Final = 5.0
"""How often it looks whether another keyframe is due."""

MAX_EXPLAINED: Final = 50_000
"""Positions between two moments, if the events behind the changes are to be found: all of them are
folded for that."""


class PastStates:
    """Of one log."""

    def __init__(self, bus: Bus, kept: KeptStates) -> None:
        self._bus = bus
        self._kept = kept
        self._turn = asyncio.Lock()  # who asks at once for the same moment shares the work
        self._comparing = asyncio.Lock()  # each holds two states, and perhaps all events between
        self._asked = False

    async def at(self, moment: str) -> StateAt:
        """At a moment as a person types it. Raises UnknownMoment, Unavailable."""
        self._asked = True
        async with self._turn:
            return await state_at(self._bus, moment, self._kept)

    async def between(self, one: str, other: str) -> Between:
        """What changed from the earlier to the later, and which events did it, unless they lie too
        far apart. Raises as `at`."""
        self._asked = True
        async with self._comparing:
            return await between(self._bus, one, other, self._kept, max_explained=MAX_EXPLAINED)

    async def keep(self, stop: asyncio.Event) -> None:
        """A keyframe for every so many positions of the log, until `stop`; one that was lost is
        made anew from the one before. Those of positions that the log has forgotten go."""
        told = ""
        while not stop.is_set():
            try:
                await keep_now(self._bus, self._kept)
                if self._asked:
                    await self._kept.set_milestones()
            except (Transient, Permanent, UnknownMoment) as error:
                if str(error) != told:  # such as a log that has forgotten its beginning
                    _log.warning("keyframe.not_made", reason=str(error))
                told = str(error)
            await pause(LOOK_SECONDS, unless=stop)
