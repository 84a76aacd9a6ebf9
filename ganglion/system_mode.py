"""Is the swarm operational, degraded or halted? As the guardian said it last."""

from __future__ import annotations

from enchanted.events.v1.pulse_pb2 import SystemModeChanged
from nervous_system.bus import Bus
from nervous_system.names import EVENTS


async def last_mode(bus: Bus) -> str | None:
    """None where nobody said it yet. Raises Unavailable, Unreadable."""
    last = await bus.last_live(f"{EVENTS}.guardian.system_mode_changed")
    if last is None:
        return None
    payload = last.event.payload
    return payload.mode if isinstance(payload, SystemModeChanged) else None
