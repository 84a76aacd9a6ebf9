"""How does a service end when it is told to? It drains as on SIGTERM, and whoever runs it starts it
again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system.bus import Bus
from nervous_system.client.active_commands import ActiveCommands
from nervous_system.client.command_listener import CommandListener
from nervous_system.clock import Clock, system_clock
from nervous_system.errors import GanglionError

_log = structlog.get_logger()


@asynccontextmanager
async def obey_service_commands(
    bus: Bus,
    *,
    service: str,
    role: AgentRole.ValueType,
    stop: asyncio.Event,
    clock: Clock = system_clock,
    holder: str = "",
) -> AsyncIterator[None]:
    """While the block runs, a command to drain or to stop sets `stop`. Other commands are answered,
    and mean nothing to a service.

    Told to the service, it concerns all its processes; told to `holder`, the name under which one
    of them leads, that one, and those that wait for its lead go on.
    """
    orders = ActiveCommands()
    lanes = CommandListener(bus, orders, target=service, role=role, clock=clock, holder=holder)
    tasks = [
        asyncio.create_task(_listen(lanes), name="orders"),
        *(
            asyncio.create_task(_stop_when_told(told, stop), name="told to end")
            for told in (orders.draining, orders.stopping)
        ),
    ]
    try:
        yield
        await lanes.flush_acks()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(lanes: CommandListener) -> None:
    try:
        await lanes.listen()
    except GanglionError as error:  # the service does its work all the same
        _log.error(
            "command.unavailable",
            reason=str(error),
            remedy="let this service's user read swarm.events.command.>, then restart it",
        )


async def _stop_when_told(told: asyncio.Event, stop: asyncio.Event) -> None:
    await told.wait()
    _log.info("service.drain_requested")
    stop.set()
