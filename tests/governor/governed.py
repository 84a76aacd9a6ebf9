"""How is a governor run without a server? On a log that is a list, by the fold that runs it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.command_pb2 import (
    COMMAND_SLEEP,
    COMMAND_THROTTLE,
    CommandAcknowledged,
    CommandIssued,
)
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.pulse_pb2 import HaltLifted, PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_GOVERNOR,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    ROLE_WORKER,
    AgentRole,
)
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from governor.model import SERVICE, HostState
from governor.settings import GovernorSettings
from governor.spec import service_spec
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import on_any, subject_for
from nervous_system.ids import child_id
from nervous_system.service.fold import Fold

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOST = "node-1.example"
SETTINGS = GovernorSettings(
    host=HOST,
    sample_seconds=60,
    cpu_high_percent=90,
    cpu_low_percent=70,
    memory_high_percent=90,
    memory_low_percent=70,
    throttle_samples=2,
    sleep_samples=4,
)
ROLE = service_spec(SETTINGS)
STATE = TypeAdapter(HostState)


class Governed:
    """A log, its clock, and the governor that leads one machine."""

    def __init__(self) -> None:
        self.log: list[RecordedEvent] = []
        self.now = START
        self.turns = 0
        self.fold = self._fold()

    def _fold(
        self, state: HostState | None = None, sequence: int = 0, ahead: frozenset[str] = frozenset()
    ) -> Fold[HostState]:
        return Fold(
            ROLE.core,
            service=SERVICE,
            scope=HOST,
            role=ROLE_GOVERNOR,
            state=state,
            sequence=sequence,
            pending_ids=ahead,
        )

    @property
    def state(self) -> HostState:
        return self.fold.state

    def later(self, seconds: float = 60.0) -> None:
        self.now += timedelta(seconds=seconds)

    def publish(
        self,
        payload: Payload,
        *,
        by: AgentRole.ValueType = ROLE_WORKER,
        agent_id: str = "somebody",
        key: str | None = None,
    ) -> list[Payload]:
        """Straight to the log, and read by the governor; what it says to that."""
        event = Event(
            event_id=child_id("test", str(len(self.log))),
            timestamp=self.now,
            agent_role=by,
            agent_id=agent_id,
            payload=payload,
        )
        entries = self.fold.apply(self._append(Entry(event=event, key=key)))
        return self._append_all(entries)

    def sample(
        self, cpu: float = 10, *, memory: float = 10, disk: float = 10, host: str = HOST
    ) -> list[Payload]:
        """A minute later the machine is looked at; what is said beside the signal."""
        self.later()
        sampled = CapacitySampled(
            host=host,
            cpu_percent=cpu,
            memory_used_bytes=round(memory * 1e6),
            memory_limit_bytes=100_000_000,
            disk_used_bytes=round(disk * 1e6),
            disk_total_bytes=100_000_000,
        )
        said = self.publish(sampled, by=ROLE_GOVERNOR, agent_id=f"governor/{host}", key=host)
        return said[1:]

    def register(
        self, worker_id: str, *, limit: int = 4, skills: tuple[str, ...] = (), host: str = HOST
    ) -> list[Payload]:
        registered = WorkerRegistered(
            worker_id=worker_id, max_concurrent_tasks=limit, skills=skills, host=host
        )
        return self.publish(registered)

    def pulse(self) -> list[Payload]:
        return self.publish(PulseCompleted(), by=ROLE_OVERSEER)

    def adopt(self, *, cpu: float = 0, memory: float = 0, hard_stop: bool = False) -> list[Payload]:
        adopted = PolicyAdopted(max_cpu_pct=cpu, max_ram_pct=memory, hard_stop=hard_stop)
        return self.publish(adopted, by=ROLE_OVERSEER)

    def override(self, seconds: float, *, by: AgentRole.ValueType = ROLE_OPERATOR) -> list[Payload]:
        return self.publish(HaltLifted(override_seconds=seconds), by=by)

    def acknowledge(self, command_id: str, worker_id: str, *, obeyed: bool = True) -> None:
        answer = CommandAcknowledged(
            command_id=command_id, target=worker_id, obeyed=obeyed, note="" if obeyed else "no"
        )
        assert self.publish(answer, agent_id=worker_id) == []

    def tick(self) -> list[Payload]:
        self.turns += 1
        tick = self.fold.tick(term=1, term_id="term", number=self.turns, now=self.now)
        return self._append_all(self.fold.apply_tick(tick))[1:]

    def restart(self, *, snapshot: bool = False) -> None:
        """Another process leads: what is on the log is not decided again, nor anything else."""
        own, reads = on_any(ROLE.own_filters), on_any(ROLE.replay_filters)
        before = self.fold
        fold = self._fold()
        if snapshot:
            state = STATE.validate_json(STATE.dump_json(before.state))
            fold = self._fold(state, before.sequence, frozenset(before.pending_ids))
        behind = self.log[fold.sequence :]
        for each in behind:
            if own(each.subject):
                fold.preload_own(each)
        assert not fold.missing
        for each in behind:
            if reads(each.subject):
                assert fold.apply(each) == [], "an old history led to something new"
        assert fold.state == before.state
        self.fold = fold

    def _append(self, entry: Entry) -> RecordedEvent:
        recorded = RecordedEvent(
            event=entry.event,
            sequence=len(self.log) + 1,
            subject=subject_for(entry.event, key=entry.key),
            recorded_at=self.now,
        )
        self.log.append(recorded)
        return recorded

    def _append_all(self, entries: list[Entry]) -> list[Payload]:
        for entry in entries:
            assert self.fold.apply(self._append(entry)) == []
        return [entry.event.payload for entry in entries]

    def commands(self) -> Iterator[tuple[str, CommandIssued, datetime]]:
        """All of this governor's, with their ids and the time they were given."""
        for each in self.log:
            event = each.event
            if isinstance(event.payload, CommandIssued) and event.agent_id == f"governor/{HOST}":
                yield event.event_id, event.payload, each.recorded_at

    def in_force(self, worker_id: str) -> list[CommandIssued]:
        """What a worker that read the whole log would hold itself to."""
        found: dict[str, tuple[CommandIssued, datetime]] = {}
        for event_id, command, at in self.commands():
            if command.target != worker_id:
                continue
            found.pop(command.releases_command_id, None)
            if command.kind in (COMMAND_THROTTLE, COMMAND_SLEEP):
                assert command.expires_in_seconds > 0
                found[event_id] = (command, at + timedelta(seconds=command.expires_in_seconds))
        return [command for command, until in found.values() if until > self.now]
