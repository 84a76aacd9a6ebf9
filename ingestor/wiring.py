"""What is the ingestor made of?

Everything is built here, from the environment, and taken down in turn.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack

from enchanted.events.v1.swarm_event_pb2 import ROLE_INGESTOR
from ingestor.settings import IngestorSettings
from ingestor.shell import Ingestor
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.clock import system_clock
from nervous_system.environment import read_settings
from nervous_system.host.process import retry_until_available
from nervous_system.ids import new_event_id
from nervous_system.service.service_commands import obey_service_commands
from nervous_system.service.service_context import open_service
from nervous_system.settings import MeshSettings


async def run(stop: asyncio.Event) -> None:
    """One ingestor until `stop` is set."""
    mesh, settings = read_settings(MeshSettings), read_settings(IngestorSettings)
    async with AsyncExitStack() as stack:
        member = await stack.enter_async_context(open_service(mesh, service="ingestor", stop=stop))
        if member is None:
            return
        bus, seen = member.bus, member.telemetry
        warehouse = await retry_until_available(
            "ClickHouse",
            lambda: ClickHouseWarehouse.connect(
                mesh.clickhouse_dsn, insert_timeout_seconds=settings.insert_timeout_seconds
            ),
            stop=stop,
        )
        if warehouse is None:
            return
        stack.push_async_callback(warehouse.close)
        ingestor = Ingestor(
            bus=bus,
            warehouse=warehouse,
            settings=settings,
            mesh=mesh,
            telemetry=seen,
            holder=f"{socket.gethostname()}/{os.getpid()}/{new_event_id()[:8]}",
            clock=system_clock,
        )
        async with obey_service_commands(bus, service="ingestor", role=ROLE_INGESTOR, stop=stop):
            await ingestor.run(stop)
