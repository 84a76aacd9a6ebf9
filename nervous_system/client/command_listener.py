"""How do commands reach a worker, and how is it said that they did?

Commands arrive on two lanes, each read and acknowledged by itself, so that an emergency never waits
behind others; and without a consumer, as there may be thousands of workers. A command is obeyed
first and acknowledged then: once by each worker, also across its lives, and whether it could be
obeyed or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog

from enchanted.events.v1.command_pb2 import (
    COMMAND_CANCEL,
    COMMAND_CLEAN_UP,
    COMMAND_DRAIN,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_STOP,
    COMMAND_THROTTLE,
    CommandAcknowledged,
    CommandIssued,
    CommandKind,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, AgentRole
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.client.active_commands import ActiveCommands, CommandAnswer
from nervous_system.clock import Clock
from nervous_system.contract.command import EVERYBODY, MAX_SECONDS, ORDINARY
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import KINDS
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import EMERGENCY, source_of, token
from nervous_system.contract.truncation import MAX_NOTES_CHARACTERS, truncate_middle
from nervous_system.errors import GanglionError, MalformedEvent, Transient
from nervous_system.ids import child_id

_log = structlog.get_logger()

RETRY_SECONDS: Final = 0.5
ACKNOWLEDGE_SECONDS: Final = 5.0
"""How long somebody who was told to go stays to say so."""


class CommandListener:
    """Reads what one member of the swarm is told, and acknowledges it."""

    def __init__(
        self,
        bus: Bus,
        orders: ActiveCommands,
        *,
        target: str,
        role: AgentRole.ValueType,
        clock: Clock,
        holder: str = "",  # what this process alone is called, where others bear the same name
    ) -> None:
        self._bus = bus
        self._orders = orders
        self._target = target
        self._called = tuple(filter(None, (target, holder, EVERYBODY)))
        self._role = role
        self._clock = clock
        self._answered: set[str] = set()  # in an earlier life
        self._pending_acks: dict[str, asyncio.Queue[Event]] = {
            lane: asyncio.Queue() for lane in (ORDINARY, EMERGENCY)
        }
        self._unread_lanes = {ORDINARY, EMERGENCY}  # lanes that were not read to their end yet
        self._informed = asyncio.Event()

    async def begin(self) -> None:
        """From here on it is there to be told. Raises Unavailable, NotAcknowledged."""
        if not self._orders.begun:
            self._orders.begin(await self._bus.stream.time())

    @property
    def is_informed(self) -> bool:
        """Whether all that had been said before it listened is known."""
        return self._informed.is_set()

    async def wait_until_informed(self) -> None:
        """Wait until all that had been said before it listened is known."""
        await self._informed.wait()

    async def flush_acks(self) -> None:
        """Where it was told to go: wait until all that was obeyed is acknowledged, if not for
        long."""
        if not self._orders.draining.is_set() and not self._orders.stopping.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                for queue in self._pending_acks.values():
                    await queue.join()

    async def listen(self) -> None:
        """Obey until cancelled. Raises what is permanent."""
        await self._recall()
        try:
            async with asyncio.TaskGroup() as tasks:
                for lane in self._pending_acks:
                    tasks.create_task(self._read(lane), name=f"commands {lane}")
                    tasks.create_task(self._acknowledge(lane), name=f"acknowledging {lane}")
        except ExceptionGroup as group:
            raise group.exceptions[0] from group

    async def _recall(self) -> None:
        """Look up when it began, and what it has acknowledged under this name before."""
        word = KINDS[CommandAcknowledged].subject_word
        subject = f"{names.EVENTS}.{source_of(self._role)}.{word}.{token(self._target)}"
        while True:
            try:
                await self.begin()
                async with self._bus.feed(
                    [subject], since=self._orders.now() - MAX_SECONDS
                ) as feed:
                    while stored := await feed.look():
                        self._remember_answers(stored)
            except Transient as error:
                await self._pause_after(word, error)
            else:
                return

    def _remember_answers(self, stored: Sequence[Stored]) -> None:
        for each in stored:
            with suppress(MalformedEvent):
                payload = self._bus.decode_stored(each).event.payload
                if isinstance(payload, CommandAcknowledged):
                    self._answered.add(payload.command_id)

    async def _read(self, lane: str) -> None:
        subjects = [f"{names.EVENTS}.command.{lane}.{token(each)}" for each in self._called]
        async with self._bus.feed(subjects, since=self._orders.now() - MAX_SECONDS) as feed:
            while True:
                try:
                    await self._take(lane, await feed.look())
                    if feed.at_end:
                        self._read_to_end(lane)
                    await feed.rest()
                except Transient as error:
                    await self._pause_after(lane, error)

    async def _take(self, lane: str, commands: Sequence[Stored]) -> None:
        for stored in commands:
            try:
                command = self._bus.decode_stored(stored)
            except MalformedEvent as error:
                _log.warning("command.unreadable", reason=str(error))
            else:
                answer = await self._orders.take(command)
                if answer is not None and command.event.event_id not in self._answered:
                    self._pending_acks[lane].put_nowait(
                        self._acknowledgement_event(command, answer)
                    )

    def _read_to_end(self, lane: str) -> None:
        self._unread_lanes.discard(lane)
        if not self._unread_lanes:
            self._informed.set()

    def _acknowledgement_event(self, command: RecordedEvent, answer: CommandAnswer) -> Event:
        obeyed, note = answer
        event, payload = command.event, command.event.payload
        assert isinstance(payload, CommandIssued)
        known = payload.kind in CommandKind.values()
        kind = CommandKind.Name(payload.kind) if known else str(payload.kind)
        sentence = _sentence(event, payload, note)
        _log.info("command.taken", kind=kind, obeyed=obeyed, sentence=sentence)
        return Event(
            event_id=child_id(event.event_id, self._target),
            timestamp=self._clock(),
            agent_role=self._role,
            agent_id=self._target,
            payload=CommandAcknowledged(
                command_id=event.event_id, target=self._target, obeyed=obeyed, note=note
            ),
            causation_id=event.event_id,
            correlation_id=event.correlation_id or event.event_id,
        )

    async def _acknowledge(self, lane: str) -> None:
        queue = self._pending_acks[lane]
        while True:
            event = await queue.get()
            try:
                await self._bus.publish_derived(event)
            except GanglionError as error:  # what was asked is done all the same
                _log.warning("command.not_acknowledged", reason=str(error))
            finally:
                queue.task_done()

    async def _pause_after(self, lane: str, error: Transient) -> None:
        _log.warning("command.lane_interrupted", lane=lane, reason=str(error))
        await asyncio.sleep(RETRY_SECONDS)


def _sentence(event: Event, command: CommandIssued, note: str) -> str:
    """Who told it what, why, and what it does about it."""
    who = f"the {source_of(event.agent_role)}"
    if event.agent_role == ROLE_OPERATOR:
        who += f" {event.agent_id}"
    told = f"{who} told it {_TOLD.get(command.kind, 'something that it does not know')}"
    why = truncate_middle(command.reason, max_characters=MAX_NOTES_CHARACTERS)
    return f"{told}{f', because: {why}' if why else ', and gave no reason'}; {note}"


_TOLD: Final = {
    COMMAND_CANCEL: "to end an attempt",
    COMMAND_CLEAN_UP: "to clean up",
    COMMAND_DRAIN: "to finish what it has and go",
    COMMAND_RELEASE: "that an earlier command is over",
    COMMAND_SLEEP: "to rest",
    COMMAND_STOP: "to give back what it has and go",
    COMMAND_THROTTLE: "to do less at once",
}
