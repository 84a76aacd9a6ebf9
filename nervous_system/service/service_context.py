"""How does a service become a member of the mesh? It can be seen first, and waits for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from nervous_system.bus import Bus, open_bus
from nervous_system.host.process import retry_until_available
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.service import Telemetry, telemetry
from nervous_system.users import user_of_service


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """What every service stands on."""

    bus: Bus
    telemetry: Telemetry


@asynccontextmanager
async def open_service(
    mesh: MeshSettings, *, service: str, stop: asyncio.Event, name: str = ""
) -> AsyncIterator[ServiceContext | None]:
    """A member while the block runs, on a log that is there; None where `stop` came first.

    `name` is what NATS knows it by, the service's own where none is given. Raises Fatal and
    Forbidden: what a person must mend.
    """
    async with AsyncExitStack() as stack:
        seen = await stack.enter_async_context(telemetry(mesh, service=service))
        bus = await retry_until_available(
            "NATS",
            lambda: stack.enter_async_context(
                open_bus(
                    mesh,
                    name=name or service,
                    user=user_of_service(service),
                    tracer=seen.tracer,
                    metrics=seen.metrics,
                )
            ),
            stop=stop,
        )
        if bus is not None:
            await retry_until_available("the log", partial(bus.stream.ensure, mesh), stop=stop)
        yield None if bus is None else ServiceContext(bus=bus, telemetry=seen)
