"""How do tasks and objectives stand, and why does nothing move? Folded from the log, so it needs
neither ClickHouse nor the overseer to be up."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from datetime import datetime

import structlog

from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_OVERSEER, AgentRole
from enchanted.events.v1.task_pb2 import TaskManifest
from nervous_system.bus import Bus
from nervous_system.contract.event import Event, Recorded
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import subject_for
from nervous_system.environment import read_settings
from nervous_system.errors import Unauthentic, Unreadable
from nervous_system.ids import new_event_id
from nervous_system.refusal import Refusal
from nervous_system.service.snapshots import Snapshots, open_snapshots
from overseer.core import OverseerCore
from overseer.model import OverseerState, Settings
from overseer.objectives import wanted
from overseer.settings import OverseerSettings
from overseer.standstill import Standstill
from overseer.wiring import role

_log = structlog.get_logger()


class Overseen:
    """What the overseer's fold is at one position of the log."""

    def __init__(self, core: OverseerCore, state: OverseerState, sequence: int) -> None:
        self._core = core
        self.state = state
        self._sequence = sequence

    @property
    def settings(self) -> Settings:
        """What it decides by."""
        return self._core.settings

    @classmethod
    async def of(cls, bus: Bus) -> Overseen:
        """At the end of the log, from its last snapshot on. Nothing is decided and nothing written.

        Raises Unavailable, NotAcknowledged.
        """
        overseer = role(read_settings(OverseerSettings))
        assert isinstance(overseer.core, OverseerCore)
        bucket = await open_snapshots(bus.connection)
        snapshots = Snapshots(
            bus.connection, bucket, overseer.key, overseer.state_type, seal=bus.trusted.seal
        )
        snapshot = None
        with suppress(Unauthentic):  # the overseer says so; a command folds the log
            snapshot = await snapshots.load()
        stream = await bus.stream.state()
        if snapshot is not None and (
            snapshot.stream_created != stream.created or snapshot.sequence > stream.last_sequence
        ):
            snapshot = None
        state = snapshot.state if snapshot is not None else overseer.core.initial()
        ahead = snapshot.ahead if snapshot is not None else frozenset()
        found = cls(overseer.core, state, snapshot.sequence if snapshot is not None else 0)
        start = found._sequence + 1
        async for stored in bus.replay(start_sequence=start, subjects=overseer.reads):
            if stored.message_id in ahead:
                continue
            try:
                found.take(bus.recorded(stored))
            except Unreadable as error:
                _log.debug("event.unreadable", reason=str(error))
        return found

    def take(self, recorded: Recorded) -> None:
        """One event further; one that was taken before, or is history, changes nothing."""
        if recorded.sequence <= self._sequence:
            return
        self._sequence = recorded.sequence
        if recorded.is_history:
            return
        try:
            self.state = self._core.evolve(self.state, recorded)
        except Exception as error:  # noqa: BLE001 - as the overseer: it counts for nothing
            _log.debug("event.undecidable", sequence=recorded.sequence, reason=str(error))

    def would_do(self, objective_id: str) -> tuple[TaskManifest, ...]:
        """The tasks that an objective becomes when a person says yes."""
        objective = self.state.objectives.get(objective_id)
        if objective is None:
            return ()
        plan = self._core.planner.plan(wanted(objective))
        return () if isinstance(plan, Refusal) else tuple(plan.tasks)

    def supposing(self, proposal: Payload, now: datetime) -> tuple[Overseen, list[Payload]]:
        """How things would stand if a person proposed this now, and all that would be said on the
        log by then. Nothing is asked and nothing written."""
        state, sequence = self.state, self._sequence
        said: list[Payload] = []
        coming: deque[tuple[AgentRole.ValueType, Payload]] = deque([(ROLE_OPERATOR, proposal)])
        while coming:
            role, payload = coming.popleft()
            sequence += 1
            event = Event(
                event_id=new_event_id(),
                timestamp=now,
                agent_role=role,
                agent_id="supposed",
                payload=payload,
            )
            recorded = Recorded(
                event=event, sequence=sequence, subject=subject_for(event), recorded_at=now
            )
            state = self._core.evolve(state, recorded)
            follows = [each.payload for each in self._core.decide(state, recorded, now)]
            said += follows
            coming.extend((ROLE_OVERSEER, each) for each in follows)
        return Overseen(self._core, state, sequence), said

    def standstill(self, now: datetime) -> Standstill:
        """What keeps tasks from being done."""
        return Standstill(self.state, self.settings, now)


async def overseer_state(bus: Bus) -> OverseerState:
    """What the overseer's fold is at the end of the log. Raises as `Overseen.of`."""
    return (await Overseen.of(bus)).state
