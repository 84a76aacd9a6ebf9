"""What do the services stand on at the NATS server, and who keeps it as it is? The log, two
buckets and the stream of spans, which only the admin makes and mends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from local_mesh.drift import Drift, mend_drift
from nervous_system.bus import Bus, open_bus
from nervous_system.errors import GanglionError, Permanent
from nervous_system.service.lease import open_leases
from nervous_system.service.snapshots import open_snapshots
from nervous_system.settings import MeshSettings
from nervous_system.transport.telemetry_stream import ensure_telemetry
from nervous_system.users import ADMIN

LOOK_SECONDS: Final = 5.0


async def make_foundations(settings: MeshSettings) -> None:
    """Make what is missing, and bring the log to the settings. Raises as `Stream.ensure`."""
    async with open_bus(settings, name="supervisor", user=ADMIN) as bus:
        await _make(bus, settings)


async def _make(bus: Bus, settings: MeshSettings) -> None:
    await bus.stream.ensure(settings)
    await open_leases(bus.connection, replicas=settings.stream_replicas)
    await open_snapshots(bus.connection, replicas=settings.stream_replicas)
    await ensure_telemetry(bus.connection, settings)


async def keep_foundations(settings: MeshSettings, *, found: Callable[[Drift], None]) -> None:
    """Look again and again whether they are as they were made, and mend what is not, until
    cancelled; `found` is told of each thing once, as long as it lasts. Raises Transient,
    Forbidden."""
    told: set[Drift] = set()
    async with open_bus(settings, name="supervisor", user=ADMIN) as bus:
        while True:
            try:
                drifted = await mend_drift(bus.connection, settings)
            except Permanent:
                raise
            except GanglionError:  # the server is away, or has no leader: the next look comes
                drifted = []
            for each in drifted:
                if each not in told:
                    found(each)
            told = {each for each in drifted if each.remedy}
            await asyncio.sleep(LOOK_SECONDS)
