"""How does what somebody says, or recorded elsewhere, get onto the log of this mesh?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from enchanted.events.v1.swarm_event_pb2 import AgentRole
from importers.append import ImportReport, append_units
from importers.log import BusLog
from importers.unit import ImportSource
from local_mesh.addresses import client_settings
from nervous_system.client.agent import Agent, Receipt
from nervous_system.client.finding_workspace import find_workspace
from operations.log_session import bus_session


async def publish_as(
    call: Callable[[Agent], Awaitable[Receipt]],
    *,
    role: AgentRole.ValueType,
    agent_id: str,
    workspace: str | None,
) -> Receipt:
    """What `call` has an agent of this role and name say, once it is on the log. Its workspace is
    the one of this name; None: as `open_agent` finds it."""
    settings = client_settings()
    where = await find_workspace(settings.workspace if workspace is None else workspace)
    async with bus_session(settings) as bus:
        return await call(Agent(bus, role=role, agent_id=agent_id, workspace=where))


async def append_to_log(
    source: ImportSource, *, progress: Callable[[ImportReport], None]
) -> ImportReport:
    """Get all of it onto the log of the mesh that is meant. Raises as `append_units`."""
    async with bus_session(client_settings()) as bus:
        return await append_units(BusLog(bus), source, progress=progress)
