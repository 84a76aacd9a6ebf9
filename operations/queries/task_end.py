"""What came of a task, once it has ended?"""

from __future__ import annotations

import asyncio
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.subjects import token
from nervous_system.errors import BadSetting
from nervous_system.names import EVENTS
from nervous_system.transport.reader import Interrupted
from operations.log_session import bus_session, said_by
from operations.queries.meant import task_among
from operations.queries.overseer_projection import overseer_state

LOOK_SECONDS: Final = 1.0


async def task_end(typed: str, *, within_seconds: float | None) -> RecordedEvent | None:
    """The end (TaskAcknowledged) of the task that this id means, or the beginning of an id; None
    where it has none in that time. One that is tried again has the end of its last attempt.

    Raises BadSetting where the overseer knows no such task, Unavailable.
    """
    async with bus_session(client_settings()) as bus:
        try:
            async with asyncio.timeout(within_seconds):
                while (end := await _end_now(bus, typed)) is None:
                    pass
        except TimeoutError:
            return None
    return end


async def _end_now(bus: Bus, typed: str) -> RecordedEvent | None:
    """The end, if it has one; else None, once the log has one more, or could be read no longer."""
    last = (await bus.stream.state()).last_sequence
    kernel = (state := await overseer_state(bus)).kernel
    task_id = task_among(state, typed)
    subject = f"{EVENTS}.task.acknowledged.{token(task_id)}"
    if task_id not in kernel.tasks:
        ends = await said_by(ROLE_OVERSEER, bus, subject)
        if not ends:
            raise BadSetting(f"the overseer knows no task {typed}; `ganglion tasks` lists them")
        return ends[-1]
    try:
        async with bus.reader(start_sequence=last + 1, subjects=[subject]) as reader:
            while not await reader.batch(max_messages=1, within_seconds=LOOK_SECONDS):
                pass
    except Interrupted:
        while not await bus.connection.wait_connected(timeout_seconds=LOOK_SECONDS):
            pass
    return None
