"""Does a role read what it needs and recall what it wrote, also where others write the same?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from enchanted.events.v1.command_pb2 import COMMAND_SLEEP, CommandIssued
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_OPERATOR, AgentRole
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.subjects import on_any, subject_for
from nervous_system.ids import child_id
from nervous_system.service.decision import Emit, Tick
from nervous_system.service.fold import Fold
from nervous_system.service.service_spec import ServiceSpec

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOST = "node-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Whom a command was given."""

    targets: tuple[str, ...] = ()


class TellingCore:
    """Puts w1 to sleep at every signal of its machine."""

    def initial(self) -> Told:
        return Told()

    def evolve(self, state: Told, recorded: RecordedEvent, /) -> Told:
        payload = recorded.event.payload
        if isinstance(payload, CommandIssued):
            return Told(targets=(*state.targets, recorded.event.agent_id))
        return state

    def decide(
        self, state: Told, cause: RecordedEvent | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        if isinstance(cause, Tick) or not isinstance(cause.event.payload, SystemSignal):
            return ()
        return (Emit(label="sleep", payload=CommandIssued(kind=COMMAND_SLEEP, target="w1")),)


ROLE = ServiceSpec(
    core=TellingCore(),
    state_type=Told,
    service="governor",
    scope=HOST,
    agent_role=ROLE_GOVERNOR,
    subjects=("swarm.events.command.issued.w1", "swarm.events.overseer.pulse"),
    extra_write_filters=("swarm.events.command.*.>",),
    tick_seconds=1,
)


def fold() -> Fold[Told]:
    return Fold(ROLE.core, service="governor", scope=HOST, role=ROLE_GOVERNOR)


def event(number: int, payload: SystemSignal | CommandIssued, agent_id: str) -> Event:
    role: AgentRole.ValueType = ROLE_GOVERNOR
    return Event(
        event_id=child_id("role", str(number)),
        timestamp=NOON,
        agent_role=role,
        agent_id=agent_id,
        payload=payload,
    )


def test_what_it_writes_among_others_it_reads_and_recalls() -> None:
    assert ROLE.own_filters == ("swarm.events.governor.*.node-1", "swarm.events.command.*.>")
    assert set(ROLE.replay_filters) == {*ROLE.own_filters, "swarm.events.overseer.pulse"}


def test_its_own_command_among_those_of_others_is_not_decided_again() -> None:
    other = CommandIssued(kind=COMMAND_SLEEP, target="w1")
    causes = [
        event(1, SystemSignal(status="HEALTHY"), f"governor/{HOST}"),
        event(2, other, "governor/node-2"),
    ]
    log: list[RecordedEvent] = []
    first = fold()
    for each in causes:
        for written in (each, *(entry.event for entry in first.apply(at(each, len(log) + 1)))):
            log.append(at(written, len(log) + 1))
    assert [each.event.agent_id for each in log] == [
        f"governor/{HOST}",
        f"governor/{HOST}",
        "governor/node-2",
    ]
    second, own = fold(), on_any(ROLE.own_filters)
    for recorded in log:
        if own(recorded.subject):
            second.preload_own(recorded)
    assert [second.apply(each) for each in log] == [[], [], []]
    assert second.state.targets == (f"governor/{HOST}", "governor/node-2")
    assert not second.pending_ids


def at(event: Event, sequence: int) -> RecordedEvent:
    subject = subject_for(event, key=HOST)
    return RecordedEvent(event=event, sequence=sequence, subject=subject, recorded_at=NOON)


def test_what_it_alone_writes_is_not_read_while_it_leads() -> None:
    """But for what others may put there, too."""
    orders = "swarm.events.request.task_ordered.>"
    alone = replace(ROLE, exclusive_sources=("task", "request"), subjects=(*ROLE.subjects, orders))
    assert {"swarm.events.task.>", "swarm.events.request.>"} <= set(alone.replay_filters)
    assert set(alone.live_filters) == {*ROLE.replay_filters, orders}


def test_what_it_alone_writes_counts_from_nobody_else() -> None:
    """A leader would not have read it, so whoever comes after it must not go by it."""
    alone = replace(ROLE, exclusive_sources=("command",), extra_write_filters=())
    folded = Fold(
        ROLE.core,
        service="governor",
        scope=HOST,
        role=ROLE_GOVERNOR,
        hears=on_any(alone.live_filters),
    )
    command = event(1, CommandIssued(kind=COMMAND_SLEEP, target="w2"), "another")
    for number, each in enumerate((replace(command, agent_role=ROLE_OPERATOR), command), 1):
        place = RecordedEvent(
            event=each, sequence=number, subject=subject_for(each), recorded_at=NOON
        )
        folded.apply(place)
        assert (len(folded.state.targets), folded.sequence) == (number - 1, number)
