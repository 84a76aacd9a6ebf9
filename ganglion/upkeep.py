"""What do the services stand on at the NATS server? The log and two buckets, which only the admin
makes."""

from __future__ import annotations

from nervous_system.bus import open_bus
from nervous_system.deciding.lease import open_leases
from nervous_system.deciding.snapshots import open_snapshots
from nervous_system.settings import MeshSettings
from nervous_system.users import ADMIN


async def make_foundations(settings: MeshSettings) -> None:
    """Make what is missing, and bring the log to the settings. Raises as `Stream.ensure`."""
    async with open_bus(settings, name="supervisor", user=ADMIN) as bus:
        await bus.stream.ensure(settings)
        await open_leases(bus.connection, replicas=settings.stream_replicas)
        await open_snapshots(bus.connection, replicas=settings.stream_replicas)
