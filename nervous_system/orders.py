"""What has a worker been told to do, and does it still hold?

Commands arrive on two lanes, each with a reader of its own, so that an emergency never waits behind
others. A command ends when it expires or is released; one that is not understood is answered so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from enchanted.events.v1.command_pb2 import (
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
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system import names
from nervous_system.bus import Bus, recorded
from nervous_system.clock import Clock
from nervous_system.errors import GanglionError, Transient, Unreadable
from nervous_system.event import Event, Recorded
from nervous_system.ids import child_id
from nervous_system.subjects import EMERGENCY, token

_log = structlog.get_logger()

EVERYBODY: Final = "all"

LOOK_BACK: Final = timedelta(hours=1)
"""How far back a worker looks for commands that still hold when it starts."""


class Orders:
    """The commands in force for one member of the swarm."""

    def __init__(
        self,
        bus: Bus,
        *,
        target: str,
        role: AgentRole.ValueType,
        clock: Clock,
        clean_up: Callable[[], str] = lambda: "there is nothing to clean up",
    ) -> None:
        self._bus = bus
        self._target = target
        self._role = role
        self._clock = clock
        self._clean_up = clean_up
        self._in_force: dict[str, tuple[CommandIssued, datetime]] = {}  # by id, with their end
        self.draining = asyncio.Event()  # finish what you have
        self.stopping = asyncio.Event()  # give back what you have

    def most_tasks(self, usual: int) -> int:
        """How many tasks may be held at once, at this moment."""
        now = self._clock()
        most = usual
        for command, until in self._in_force.values():
            if until <= now:
                continue
            if command.kind == COMMAND_SLEEP:
                return 0
            if command.kind == COMMAND_THROTTLE:
                most = min(most, command.limit)
        return most

    async def listen(self) -> None:
        """Obey until cancelled."""
        async with asyncio.TaskGroup() as lanes:
            for word in ("issued", EMERGENCY):
                lanes.create_task(self._lane(word), name=f"commands {word}")

    async def _lane(self, word: str) -> None:
        subjects = [
            f"{names.EVENTS}.command.{word}.{token(target)}" for target in (self._target, EVERYBODY)
        ]
        after = self._clock() - LOOK_BACK
        while True:
            try:
                async with self._bus.reader(start_time=after, subjects=subjects) as reader:
                    async for stored in reader:
                        after = stored.recorded_at
                        try:
                            await self._obey(recorded(stored))
                        except Unreadable as error:
                            _log.warning("command.unreadable", reason=str(error))
            except Transient as error:
                _log.warning("command.lane_interrupted", lane=word, reason=str(error))
                await asyncio.sleep(0.5)

    async def _obey(self, command: Recorded) -> None:
        payload = command.event.payload
        command_id = command.event.event_id
        if not isinstance(payload, CommandIssued) or command_id in self._in_force:
            return
        until = command.recorded_at + timedelta(seconds=payload.expires_in_seconds)
        if until <= self._clock():
            return
        obeyed, note = self._apply(payload, command_id, until)
        _log.info("command.taken", kind=CommandKind.Name(payload.kind), obeyed=obeyed, note=note)
        acknowledgement = CommandAcknowledged(
            command_id=command_id, target=self._target, obeyed=obeyed, note=note
        )
        event = Event(
            event_id=child_id(command_id, self._target),
            timestamp=self._clock(),
            agent_role=self._role,
            agent_id=self._target,
            payload=acknowledgement,
            causation_id=command_id,
            correlation_id=command.event.correlation_id,
        )
        try:
            await self._bus.publish(event)
        except GanglionError as error:  # what was asked is done all the same
            _log.warning("command.not_acknowledged", reason=str(error))

    def _apply(self, command: CommandIssued, command_id: str, until: datetime) -> tuple[bool, str]:
        now = self._clock()
        self._in_force = {key: each for key, each in self._in_force.items() if each[1] > now}
        kind = command.kind
        if kind in (COMMAND_THROTTLE, COMMAND_SLEEP):
            self._in_force[command_id] = (command, until)
            return True, f"until {until:%Y-%m-%d %H:%M:%S} UTC"
        if kind == COMMAND_RELEASE:
            known = self._in_force.pop(command.releases_command_id, None)
            return True, "released" if known is not None else "it was over already"
        if kind == COMMAND_DRAIN:
            self.draining.set()
            return True, "finishing what it has"
        if kind == COMMAND_STOP:
            self.stopping.set()
            return True, "giving back what it has"
        if kind == COMMAND_CLEAN_UP:
            return True, self._clean_up()
        return False, f"this version does not know command {kind}"
