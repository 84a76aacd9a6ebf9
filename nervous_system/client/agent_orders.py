"""What is an agent to obey? Commands to it or to all, and a halt of the whole swarm.

It is told as workers are: by the lanes of commands, which it acknowledges; halts it reads from the
log. It listens from the first time on that it is asked, and then knows what was said since it was
there.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import structlog

from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered, SystemModeChanged
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.cancelling import cancel
from nervous_system.client.active_commands import ActiveCommands
from nervous_system.client.command_listener import RETRY_SECONDS, CommandListener
from nervous_system.clock import Clock, Stopwatch
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.stored import Stored
from nervous_system.contract.words import HALTED
from nervous_system.errors import MalformedEvent, Transient

_log = structlog.get_logger()

HALTS: Final = tuple(
    f"{names.EVENTS}.{each}"
    for each in (
        *("operator.halt_ordered", "operator.halt_lifted"),
        *("guardian.halt_ordered", "guardian.halt_lifted", "guardian.system_mode_changed"),
    )
)
"""Where it is said that everything stands still, and that it goes on."""


class AgentOrders:
    """What one agent was told. Used on one event loop."""

    def __init__(
        self, bus: Bus, *, agent_id: str, role: AgentRole.ValueType, clock: Clock, watch: Stopwatch
    ) -> None:
        self._bus = bus
        self._watch = watch
        self._opened = watch()
        self._orders = ActiveCommands(watch=watch)
        self._lanes = CommandListener(bus, self._orders, target=agent_id, role=role, clock=clock)
        self._listening: asyncio.Task[None] | None = None
        self._knows_halts = asyncio.Event()
        self._halted = ""  # by a person, or the guardian's flag
        self._mode = ""  # by the guardian, for an incident
        self._halts_changed = asyncio.Event()
        self._last_change: tuple[str, str] | None = None  # when `change` returned last

    @property
    def halted(self) -> str:
        """Why it is to do nothing at this moment; empty where it may go on, or has yet to hear."""
        self._listen_from_now_on()
        return self._halted or self._mode or (self._orders.asleep if self._orders.begun else "")

    @property
    def dismissed(self) -> str:
        """Why it is to end; empty where it is not."""
        self._listen_from_now_on()
        if self._orders.stopping.is_set():
            return "it was told to stop"
        return "it was told to finish what it has" if self._orders.draining.is_set() else ""

    async def change(self) -> None:
        """Wait until there is something else to obey than when this returned last; the first time,
        until it is known what there is. Raises what is permanent."""
        listening = self._listen_from_now_on()
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self._wait_until_informed())]
        try:
            while True:
                await asyncio.wait((*waits, listening), return_when=asyncio.FIRST_COMPLETED)
                if listening.done():
                    listening.result()
                for each in waits:
                    await cancel(each)
                waits = [
                    asyncio.create_task(self._orders.change()),
                    asyncio.create_task(self._halts_changed.wait()),
                ]
                if (told := (self.halted, self.dismissed)) != self._last_change:
                    self._last_change = told
                    return
        finally:
            for each in waits:
                await cancel(each)

    async def close(self) -> None:
        """Listen no more; what was obeyed is acknowledged before, if that does not take long."""
        if self._listening is not None:
            if not self._listening.done():
                await self._lanes.flush_acks()
            await cancel(self._listening)

    def _listen_from_now_on(self) -> asyncio.Task[None]:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="orders")
            self._listening.add_done_callback(_say_if_it_failed)
        return self._listening

    async def _wait_until_informed(self) -> None:
        await self._knows_halts.wait()
        await self._lanes.wait_until_informed()

    async def _listen(self) -> None:
        while not self._orders.begun:
            try:
                now = await self._bus.stream.time()
                self._orders.begin(now, seconds_ago=self._watch() - self._opened)
            except Transient as error:
                await _pause_after(error)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._lanes.listen(), name="commands")
                tasks.create_task(self._follow_halts(), name="halts")
        except ExceptionGroup as group:
            raise group.exceptions[0] from group

    async def _follow_halts(self) -> None:
        async with self._bus.feed(HALTS, since=self._orders.now()) as feed:
            while True:
                try:
                    if not self._knows_halts.is_set():
                        await self._recall()
                        self._knows_halts.set()
                    for stored in await feed.look():
                        self._take(stored)
                    await feed.rest()
                except Transient as error:
                    await _pause_after(error)

    async def _recall(self) -> None:
        """What was said last, however long ago."""
        found = [await self._bus.stream.last_on(subject) for subject in HALTS]
        for stored in sorted(filter(None, found), key=lambda each: each.sequence):
            self._take(stored)

    def _take(self, stored: Stored) -> None:
        with suppress(MalformedEvent):  # whoever leads says so
            recorded = self._bus.decode_stored(stored)
            if not recorded.is_history:
                self._count(recorded)

    def _count(self, recorded: RecordedEvent) -> None:
        match recorded.event.payload:
            case HaltOrdered(reason=reason):
                by = recorded.event.agent_id
                self._halted = f"{reason or 'no reason was given'} (ordered by {by})"
            case HaltLifted():
                self._halted = ""
            case SystemModeChanged(mode=mode, reason=reason):
                halted = f"the guardian halted the system: {reason}"
                self._mode = halted if mode == HALTED else ""
        self._halts_changed.set()
        self._halts_changed = asyncio.Event()


def _say_if_it_failed(listening: asyncio.Task[None]) -> None:
    error = None if listening.cancelled() else listening.exception()
    if error is not None:
        _log.error("agent.commands_unavailable", reason=str(error))


async def _pause_after(error: Transient) -> None:
    _log.warning("agent.orders_interrupted", reason=str(error))
    await asyncio.sleep(RETRY_SECONDS)
