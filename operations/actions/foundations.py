"""How is what the services stand on made, and the schema brought up to date?"""

from __future__ import annotations

from collections.abc import Callable

from ingestor.warehouse import ClickHouseWarehouse
from local_mesh.addresses import client_settings
from local_mesh.drift import mend_drift
from nervous_system.service.lease import open_leases
from nervous_system.service.snapshots import open_snapshots
from nervous_system.settings import MeshSettings
from nervous_system.transport.telemetry_stream import ensure_telemetry
from nervous_system.users import ADMIN
from operations.log_session import bus_session, quiet_log
from operations.positions_session import warehouse_session


async def lay_foundations(
    settings: MeshSettings, *, tell: Callable[[str], None]
) -> tuple[str, ...]:
    """What the migrations that were applied are called; `tell` hears what had to be mended."""
    async with bus_session(settings, user=ADMIN) as bus:
        await bus.stream.ensure(settings)
        for each in await mend_drift(bus.connection, settings):
            tell(f"{each.where}: {each.sentence}{f'; {each.remedy}' if each.remedy else ''}")
        await open_leases(bus.connection, replicas=settings.stream_replicas)
        await open_snapshots(bus.connection, replicas=settings.stream_replicas)
        await ensure_telemetry(bus.connection, settings)
    async with warehouse_session() as warehouse:
        return await warehouse.migrate()


async def migrate_tables(*, check: bool) -> tuple[str, ...]:
    """What the migrations are called that were applied, or, to `check`, would be."""
    quiet_log()
    warehouse = await ClickHouseWarehouse.connect(client_settings().clickhouse_dsn)
    try:
        return await (warehouse.pending_migrations() if check else warehouse.migrate())
    finally:
        await warehouse.close()
