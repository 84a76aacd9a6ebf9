"""Since when is no task handed out, and why? Folded from what the mesh says on the log."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
    SystemModeChanged,
)
from ganglion.in_words.phrases import because
from nervous_system.bus import Bus
from nervous_system.contract.event import Recorded
from nervous_system.contract.payload import Payload
from nervous_system.errors import Unreadable
from nervous_system.names import EVENTS
from nervous_system.transport.stream import Stored
from overseer.vocabulary import HALTED

HOLDS: Final = (
    f"{EVENTS}.overseer.dispatch_held",
    f"{EVENTS}.overseer.dispatch_resumed",
    f"{EVENTS}.*.halt_ordered",
    f"{EVENTS}.*.halt_lifted",
    f"{EVENTS}.guardian.system_mode_changed",
)
"""The subjects of what holds dispatch, and of what lets it go on."""


class DispatchHold:
    """What holds dispatch at one moment: the limits, a halt, the system's mode."""

    def __init__(self) -> None:
        self._held: dict[type[Payload], tuple[datetime, str]] = {}
        self._sequence = 0

    @classmethod
    async def of(cls, bus: Bus) -> DispatchHold:
        """As the log says it now. Raises Unavailable."""
        hold = cls()
        async for stored in bus.replay(subjects=HOLDS):
            hold.take(bus, stored)
        return hold

    def take(self, bus: Bus, stored: Stored) -> None:
        """One more position of these subjects; what nobody vouches for changes nothing."""
        if stored.sequence <= self._sequence:
            return
        self._sequence = stored.sequence
        with suppress(Unreadable):
            found = bus.recorded(stored)
            if not found.is_history:
                self._apply(found)

    def _apply(self, found: Recorded) -> None:
        payload = found.event.payload
        match payload:
            case DispatchHeld():
                self._begin(DispatchHeld, found.recorded_at, payload.reason)
            case HaltOrdered():
                halted = f"dispatch was halted{because(payload.reason)}; `ganglion resume` ends it"
                self._begin(HaltOrdered, found.recorded_at, halted)
            case SystemModeChanged() if payload.mode == HALTED:
                halted = f"the guardian halted the system{because(payload.reason)}"
                self._begin(SystemModeChanged, found.recorded_at, halted)
            case DispatchResumed():
                self._held.pop(DispatchHeld, None)
            case HaltLifted():
                self._held.pop(HaltOrdered, None)
            case SystemModeChanged():
                self._held.pop(SystemModeChanged, None)
            case _:
                pass

    def _begin(self, kind: type[Payload], at: datetime, reason: str) -> None:
        """Said again with another reason, it has held since it was said first."""
        since, _ = self._held.get(kind, (at, ""))
        self._held[kind] = since, reason

    @property
    def sentence(self) -> str:
        """Why nothing is handed out, and since when; empty where it is."""
        if not self._held:
            return ""
        since = min(since for since, _ in self._held.values())
        reasons = "; ".join(reason for _, reason in self._held.values())
        return f"no task is handed out since {since:%Y-%m-%d %H:%M:%S} UTC: {reasons}"
