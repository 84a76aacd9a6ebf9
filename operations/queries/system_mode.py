"""Is the swarm operational, degraded or halted, and does it pulse? As it was said last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from enchanted.events.v1.pulse_pb2 import PulseCompleted, SystemModeChanged
from nervous_system.bus import Bus
from nervous_system.names import EVENTS


async def last_mode(bus: Bus) -> str | None:
    """None where nobody said it yet. Raises Unavailable."""
    last = await bus.last_live(f"{EVENTS}.guardian.system_mode_changed")
    if last is None:
        return None
    payload = last.event.payload
    return payload.mode if isinstance(payload, SystemModeChanged) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPulse:
    """The overseer's last sign that it gets its work done."""

    recorded_at: datetime  # by the log server's clock
    interval_seconds: float  # until the next one, as it said


async def last_pulse(bus: Bus) -> LastPulse | None:
    """None where there was none yet. Raises Unavailable."""
    last = await bus.last_live(f"{EVENTS}.overseer.pulse")
    if last is None:
        return None
    payload = last.event.payload
    if not isinstance(payload, PulseCompleted):
        return None
    return LastPulse(recorded_at=last.recorded_at, interval_seconds=payload.interval_seconds)
