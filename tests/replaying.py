"""Does a history lead to the same decisions, and to which state?

Only turns and requests are told to the fold beforehand: what it decides comes out whole, and is
held against what stands on the log, word for word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from immutables import Map
from pydantic import BaseModel

from enchanted.events.v1.leadership_pb2 import RequestsTaken, TickObserved
from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.contract.subjects import on_any
from nervous_system.ids import content_hash
from nervous_system.service.fold import Fold
from nervous_system.service.packing import Snapshot
from nervous_system.service.service_spec import ServiceSpec
from tests.replay.recorded_names import RECORDED_AS

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Replayed(Generic[State]):
    """What came of a replay."""

    state: State
    decisions: int  # that stand on the log, and were decided again the same way
    differences: Sequence[str]  # in one sentence each

    @property
    def state_hash(self) -> str:
        """Tells states apart, in every process the same."""
        return hash_of(self.state)


def replay(role: ServiceSpec[State], log: Sequence[RecordedEvent]) -> Replayed[State]:
    """Fold a whole log from its first event, as `role` does."""
    reads, writes = on_any(role.replay_filters), on_any(role.own_filters)
    history = [each for each in log if reads(each.subject)]
    fold = leading(role)
    for each in history:
        if writes(each.subject) and _is_of_a_turn(each):
            fold.preload_own(each)
    decided = {
        entry.event.event_id: entry for recorded in history for entry in fold.apply(recorded)
    }
    on_log = {
        each.event.event_id: each
        for each in history
        if writes(each.subject) and each.event.agent_role == role.agent_role
    }
    made = {
        event_id
        for event_id, each in on_log.items()
        if each.event.causation_id and each.event.event_type != TYPE_REQUEST
    }
    differences = []
    for event_id, entry in decided.items():
        stands = on_log.get(event_id)
        if entry.event.event_type == TYPE_REQUEST:
            continue
        if stands is None:
            differences.append(f"{_name(entry)} is not on the log and would be decided now")
        elif stands.event.payload != entry.event.payload:
            differences.append(
                f"{_name(stands)} at {stands.sequence} is decided differently now:"
                f" {_short(stands)} became {_short(entry)}"
            )
        elif stands.event.timestamp != entry.event.timestamp:
            differences.append(f"{_name(stands)} at {stands.sequence} is decided at another time")
    differences += [
        f"{_name(on_log[event_id])} at {on_log[event_id].sequence} would not be decided now"
        for event_id in made - decided.keys()
    ]
    return Replayed(fold.state, len(made & decided.keys()), differences)


def hash_of(state: object) -> str:
    """Tells states apart, in every process the same."""
    return content_hash(repr(_canonical(state)))


def interrupted(
    role: ServiceSpec[State], log: Sequence[RecordedEvent], sequence: int
) -> Snapshot[State]:
    """What a leader would have left that had read up to a position, and no further."""
    reads, writes = on_any(role.replay_filters), on_any(role.own_filters)
    history = [each for each in log if reads(each.subject)]
    fold = leading(role)
    for each in history:
        if writes(each.subject):
            fold.preload_own(each)
    for each in history:
        if each.sequence <= sequence:
            fold.apply(each)
    return Snapshot(
        state=fold.state,
        sequence=sequence,
        stream_created="",
        fingerprint="",
        pending_ids=frozenset(fold.pending_ids),
    )


def continued(
    role: ServiceSpec[State], snapshot: Snapshot[State], log: Sequence[RecordedEvent]
) -> tuple[State, list[Entry]]:
    """Where a snapshot leads on this log, and what would be decided beyond what is on it."""
    reads, writes = on_any(role.replay_filters), on_any(role.own_filters)
    behind = [each for each in log if each.sequence > snapshot.sequence and reads(each.subject)]
    fold = leading(role, snapshot)
    for each in behind:
        if writes(each.subject):
            fold.preload_own(each)
    assert not fold.missing, f"{len(fold.missing)} events of the snapshot are not on the log"
    beyond = [entry for recorded in behind for entry in fold.apply(recorded)]
    return fold.state, beyond


def leading(role: ServiceSpec[State], snapshot: Snapshot[State] | None = None) -> Fold[State]:
    """The fold of who leads, from a snapshot on or from the beginning."""
    return Fold(
        role.core,
        service=role.service,
        scope=role.scope,
        role=role.agent_role,
        state=snapshot.state if snapshot is not None else None,
        sequence=snapshot.sequence if snapshot is not None else 0,
        pending_ids=snapshot.pending_ids if snapshot is not None else frozenset(),
        hears=on_any(role.live_filters),
    )


def _is_of_a_turn(recorded: RecordedEvent) -> bool:
    event = recorded.event
    return event.event_type == TYPE_REQUEST or isinstance(
        event.payload, TickObserved | RequestsTaken
    )


def _name(each: RecordedEvent | Entry) -> str:
    return each.event.kind.field


def _short(each: RecordedEvent | Entry) -> str:
    return " ".join(str(each.event.payload).split())[:200]


def _canonical(value: Any) -> Any:
    """The value in words that are the same in every process. A field with its default is left out,
    so that a state may grow."""
    if isinstance(value, Map | dict):
        return sorted((repr(_canonical(key)), _canonical(each)) for key, each in value.items())
    if isinstance(value, frozenset | set):
        return sorted(repr(_canonical(each)) for each in value)
    if isinstance(value, tuple | list):
        return [_canonical(each) for each in value]
    if isinstance(value, BaseModel):
        return _canonical(value.model_dump(exclude_defaults=True))
    if is_dataclass(value):
        return {
            RECORDED_AS.get((type(value).__name__, each.name), each.name): _canonical(
                getattr(value, each.name)
            )
            for each in fields(value)
            if each.compare and getattr(value, each.name) != _default(each)
        }
    return value.isoformat() if isinstance(value, datetime) else value


def _default(each: Any) -> Any:
    return each.default_factory() if each.default_factory is not MISSING else each.default
