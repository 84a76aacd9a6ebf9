"""How does a command talk to the log for a moment?"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST, AgentRole
from nervous_system.bus import Bus, open_bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.stored import Stored
from nervous_system.errors import Unavailable
from nervous_system.nobody_there import nobody_there
from nervous_system.settings import MeshSettings
from nervous_system.shown_address import display_address
from nervous_system.telemetry.log import configure
from nervous_system.telemetry.tracing import Tracer
from nervous_system.users import OPERATOR

CONNECT_SECONDS: Final = 3.0


async def said_by(role: AgentRole.ValueType, bus: Bus, *subjects: str) -> list[RecordedEvent]:
    """What a service said on these subjects in this life, and what it was asked there, in the order
    of the log. What it would not go by itself, such as what others said there, is left out."""
    found: list[RecordedEvent] = []
    async for stored in bus.replay(subjects=subjects):
        each = said(role, bus, stored)
        if each is not None:
            found.append(each)
    return found


def said(role: AgentRole.ValueType, bus: Bus, stored: Stored) -> RecordedEvent | None:
    """One of them; None for what is none."""
    each = bus.believed(stored)
    if each is None or each.event.agent_role == role or each.event.event_type == TYPE_REQUEST:
        return each
    return None


def quiet_log() -> None:
    """A command speaks in sentences: the library's own lines show only with GANGLION_DEBUG."""
    level = "DEBUG" if os.environ.get("GANGLION_DEBUG") else "ERROR"
    configure(service="ganglion", level=level, format="console", stream=sys.stderr)


@asynccontextmanager
async def bus_session(settings: MeshSettings, *, user: str = OPERATOR) -> AsyncIterator[Bus]:
    """The log for one command, as this user of the home's server, traced where an endpoint is set.

    Raises Unavailable when nobody answers, Forbidden for bad credentials.
    """
    quiet_log()
    async with AsyncExitStack() as stack:
        tracer = Tracer.start(service_name="ganglion", endpoint=settings.otlp_endpoint)
        stack.push_async_callback(tracer.close)
        opening = open_bus(settings, name="ganglion", user=user, tracer=tracer)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                bus = await stack.enter_async_context(opening)
        except TimeoutError as error:
            raise Unavailable(
                f"no NATS server answers at {display_address(settings.nats_url)} within"
                f" {CONNECT_SECONDS:g} s; {nobody_there(settings.nats_url)}"
            ) from error
        yield bus
