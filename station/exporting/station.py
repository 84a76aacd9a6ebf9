"""
Which classic files does the log make? A fold over it, without any file.

What is only ever added to (statuses, dispatches, pulses, capacity) leaves the fold as lines at
once; what changes (queue, objectives, registry, policy) is its state, and leaves it at the end.

- An imported row comes out as it was. A task or an open objective that went on living here has its
  status of now.
- Of policy and registry the last word on the log counts: what the overseer adopted, or what was
  imported after that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.objective_pb2 import ObjectiveAdded, ObjectiveFinished, ObjectiveProposed
from enchanted.events.v1.policy_pb2 import PolicyAdopted, RegistryAdopted
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.station_pb2 import TaskImported, TaskStatusImported
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import TaskRejected, TaskSubmitted
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.contract.resource import Resource
from nervous_system.contract.subjects import is_named_by
from nervous_system.names import EVENTS
from nervous_system.service.persistent import EMPTY, PersistentMap
from station.exporting.imported_row import ImportedRow, json_object, one_line, plain_task
from station.exporting.line import ExportLine
from station.exporting.live_objective import LiveObjective
from station.exporting.live_task import LiveTask, rejection_line, task_step
from station.exporting.measurements import capacity_line, pulse_line
from station.file import StationFile
from station.names import (
    OBJECTIVES_HISTORY,
    POLICY,
    ROW_KEY,
    TASK_QUEUE,
    TASK_STATUS,
    WHOLE_FILES,
    file_of,
    resource_of,
)

SUBJECTS: Final = (
    f"{EVENTS}.overseer.>",
    f"{EVENTS}.task.*.*",
    f"{EVENTS}.objective.*.*",
    f"{EVENTS}.request.objective_proposed.*",
    f"{EVENTS}.operator.task_imported.*",
    f"{EVENTS}.operator.task_status_imported.*",
    *(
        f"{EVENTS}.operator.state_change.{Resource.file(resource_of(name)).key}"
        for name in WHOLE_FILES
    ),
    f"{EVENTS}.governor.capacity_sampled",
    f"{EVENTS}.governor.capacity_sampled.*",
)
"""Everything that the fold looks at. No two of them share a subject."""

_WHOLE: Final = {resource_of(name): name for name in WHOLE_FILES}
_OURS: Final = ("task", "objective")


@dataclass(frozen=True, slots=True, kw_only=True)
class StationState:
    """What the files that change would say now."""

    tasks: PersistentMap[str, LiveTask] = EMPTY  # by task id
    objectives: PersistentMap[str, LiveObjective] = EMPTY  # by objective id
    imported: PersistentMap[str, PersistentMap[str, ImportedRow]] = EMPTY  # by file and event id
    told: PersistentMap[str, bool] = (
        EMPTY  # event ids of imported statuses: a late repeat says nothing
    )
    files: PersistentMap[str, StationFile] = EMPTY  # as imported, by name
    policy: str | None = None  # the last word; None: there was none, or it is not on the log
    registry: str | None = None


def evolve(
    state: StationState, recorded: RecordedEvent
) -> tuple[StationState, tuple[ExportLine, ...]]:
    """The state after one more event, and the lines that are certain by now."""
    event, payload = recorded.event, recorded.event.payload
    others = event.kind.source in _OURS and event.agent_role != ROLE_OVERSEER
    if others or not is_named_by(recorded.subject, event):
        return state, ()
    match payload:
        case TaskImported():
            row = ImportedRow.of(recorded, payload.task_id, payload.row_json, plain_task(payload))
            return _with_row(state, TASK_QUEUE, event.event_id, row), ()
        case TaskStatusImported():
            return _on_status(state, recorded, payload)
        case ObjectiveProposed():
            return _on_proposed(state, recorded, payload), ()
        case ObjectiveAdded() if not payload.history:
            return _on_added(state, recorded, payload), ()
        case ObjectiveFinished():
            known = state.objectives.get(payload.objective_id)
            if known is None:
                return state, ()
            ended = known.on_finished(payload, recorded.recorded_at)
            objectives = state.objectives.set(payload.objective_id, ended)
            return replace(state, objectives=objectives), ()
        case StateChange():
            return _on_changed(state, event.event_id, payload), ()
        case PolicyAdopted() if event.agent_role == ROLE_OVERSEER:
            return replace(state, policy=payload.text), ()
        case RegistryAdopted() if event.agent_role == ROLE_OVERSEER:
            lines = [one_line(entry.entry_json) for entry in payload.entries]
            return replace(state, registry="".join(f"{line}\n" for line in lines)), ()
        case PulseCompleted() if event.agent_role == ROLE_OVERSEER:
            return state, (pulse_line(payload, recorded.recorded_at),)
        case CapacitySampled():
            return state, (capacity_line(payload, recorded.recorded_at),)
        case TaskRejected():
            return state, (rejection_line(payload, recorded.recorded_at),)
        case _:
            return _on_stepped(state, recorded, payload)


def _on_stepped(
    state: StationState, recorded: RecordedEvent, payload: Payload
) -> tuple[StationState, tuple[ExportLine, ...]]:
    if recorded.event.kind.source != "task":
        return state, ()
    about = payload.manifest if isinstance(payload, TaskSubmitted) else payload
    task_id = str(getattr(about, "task_id", ""))
    step = task_step(
        state.tasks.get(task_id),
        payload,
        sequence=recorded.sequence,
        recorded_at=recorded.recorded_at,
    )
    if step is None:
        return state, ()
    task, lines = step
    return replace(state, tasks=state.tasks.set(task_id, task)), lines


def _on_status(
    state: StationState, recorded: RecordedEvent, payload: TaskStatusImported
) -> tuple[StationState, tuple[ExportLine, ...]]:
    event = recorded.event
    if event.event_id in state.told:
        return state, ()
    plain = {
        "agent_id": payload.agent_id or None,
        "notes": payload.notes or None,
        "status": payload.status,
        "task_id": payload.task_id,
        "timestamp": payload.reported_at or None,
    }
    row = ImportedRow.of(recorded, payload.task_id, payload.row_json, plain)
    line = ExportLine(file_of(event.agent_id) or TASK_STATUS, row.text)
    return replace(state, told=state.told.set(event.event_id, True)), (line,)


def _on_proposed(
    state: StationState, recorded: RecordedEvent, payload: ObjectiveProposed
) -> StationState:
    """Only history: a real one counts once the overseer has added it."""
    if not payload.history:
        return state
    metadata = json_object(payload.metadata_json) or {}
    text = metadata.pop(ROW_KEY, "")
    plain = {
        "objective_id": payload.objective_id,
        "description": payload.description,
        "priority": payload.priority,
        "metadata": metadata,
    }
    row = ImportedRow.of(
        recorded, payload.objective_id, text if isinstance(text, str) else "", plain
    )
    row = replace(row, subject=str(row.fields.get("objective_id") or payload.objective_id))
    file = file_of(recorded.event.agent_id) or OBJECTIVES_HISTORY
    return _with_row(state, file, recorded.event.event_id, row)


def _on_added(
    state: StationState, recorded: RecordedEvent, payload: ObjectiveAdded
) -> StationState:
    if payload.objective_id in state.objectives:
        return state
    objective = LiveObjective.of(
        payload, sequence=recorded.sequence, recorded_at=recorded.recorded_at
    )
    return replace(state, objectives=state.objectives.set(payload.objective_id, objective))


def _on_changed(state: StationState, event_id: str, payload: StateChange) -> StationState:
    name = _WHOLE.get(payload.target_resource)
    if name is None:
        return state
    file = state.files.get(name, StationFile()).after(event_id, payload)
    state = replace(state, files=state.files.set(name, file))
    return (
        replace(state, policy=file.text) if name == POLICY else replace(state, registry=file.text)
    )


def _with_row(state: StationState, file: str, event_id: str, row: ImportedRow) -> StationState:
    rows = state.imported.get(file, EMPTY)
    if event_id in rows:
        return state
    return replace(state, imported=state.imported.set(file, rows.set(event_id, row)))
