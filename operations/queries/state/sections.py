"""What of the swarm's state is shown of a moment: in which sections, and how does each thing read?

A thing has an id within its section, and a row: values as JSON has them. What is folded is the
overseer's state and the guardian's; `raw` is what they hold of a thing, so that whoever looks for a
change need not make rows of what is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Any, Final

from enchanted.events.v1.task_pb2 import TaskResult
from guardian.model import GuardianState, Incident
from nervous_system.contract.subjects import source_of
from nervous_system.phrases import enum_label
from operations.queries.incidents import class_name
from overseer.kernel.task import FinishedTask, Task
from overseer.model import OverseerState

Row = dict[str, Any]

UNREMARKABLE: Final = frozenset({"heard_at", "lease_until", "sampled_at"})
"""What is said again and again, and is no change by itself."""


@dataclass(frozen=True, slots=True)
class SwarmState:
    """What the two services that know most hold at one position."""

    overseer: OverseerState
    guardian: GuardianState


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Things of one kind."""

    name: str
    ids: Callable[[SwarmState], Iterable[str]]  # of those that are there
    raw: Callable[[SwarmState, str], object]  # another if the row is another
    row: Callable[[SwarmState, str], Row | None]  # None: it is not there
    end: Callable[[SwarmState, str], Row | None] = lambda state, key: None  # what became of it
    ended: Callable[[SwarmState], Iterable[str]] = lambda state: ()
    related: Callable[[Row], Iterable[str]] = lambda row: ()  # ids whose events may change it


def rows(section: Section, state: SwarmState, max_rows: int | None = None) -> dict[str, Row]:
    """What is there, in the order of the ids: all, or the first."""
    ids = section.ids(state)
    ordered = sorted(ids) if max_rows is None else nsmallest(max_rows, ids)
    found = ((key, section.row(state, key)) for key in ordered)
    return {key: row for key, row in found if row is not None}


def differs(before: Row | None, after: Row | None) -> bool:
    """Whether more than what is said again and again is another."""
    if before is None or after is None:
        return before is not after
    return before.keys() != after.keys() or any(
        before[key] != after[key] for key in before.keys() - UNREMARKABLE
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at is not None else None


def _task(state: SwarmState, key: str) -> Row | None:
    task = state.overseer.kernel.tasks.get(key)
    if task is None:
        return None
    return {
        "status": _status(task),
        "action": task.manifest.action,
        "objective_id": task.manifest.objective_id,
        "priority": task.manifest.priority,
        "worker_id": task.claim.worker_id if task.claim is not None else "",
        "attempt": task.attempt,
        "failures": task.failures,
        "losses": task.lost_attempts,
        "waits_for": sorted(task.unmet_dependencies),
        "waits_until": _text(task.waits_until),
        "set_aside": task.aside or "",
        "submitted_at": _text(task.submitted_at),
    }


def _status(task: Task) -> str:
    """As `Task.status`, without a clock: until when it backs off is said beside it."""
    if task.quarantined:
        return "quarantined"
    if task.claim is not None:
        return "claimed"
    return "waits for others" if task.unmet_dependencies else "waits"


def _ended_task(state: SwarmState, key: str) -> Row | None:
    ended: FinishedTask | None = state.overseer.kernel.ended.get(key)
    if ended is None:
        return None
    return {
        "status": enum_label(TaskResult, ended.result),
        "action": ended.action,
        "objective_id": ended.objective_id,
        "worker_id": ended.worker_id,
        "attempt": ended.attempts,
        "tool_efficacy_score": ended.tool_efficacy_score,
        "ended_at": _text(ended.ended_at),
    }


def _objective(state: SwarmState, key: str) -> Row | None:
    objective = state.overseer.objectives.get(key)
    if objective is None:
        return None
    return {
        "description": objective.description,
        "priority": objective.priority,
        "source": objective.source,
        "plan": objective.plan,
        "waits_for_approval": objective.waits_for_approval,
        "open_tasks": sorted(objective.open_tasks),
        "failed_tasks": list(objective.failed_tasks),
        "added_at": _text(objective.added_at),
    }


def _worker(state: SwarmState, key: str) -> Row | None:
    kernel = state.overseer.kernel
    worker = kernel.workers.get(key)
    if worker is None:
        return None
    told = kernel.dismissed.get(key)
    return {
        "role": source_of(worker.role),
        "host": worker.host,
        "pid": worker.pid,
        "skills": sorted(worker.skills),
        "actions": sorted(worker.actions),
        "max_concurrent_tasks": worker.max_concurrent_tasks,
        "tasks": sorted(worker.task_ids),
        "draining": worker.draining,
        "told_to_go": told.reason if told is not None else "",
        "registered_at": _text(worker.registered_at),
        "heard_at": _text(worker.heard_at),
    }


def _lease(state: SwarmState, key: str) -> Row | None:
    task = state.overseer.kernel.tasks.get(key)
    if task is None or task.claim is None:
        return None
    claim = task.claim
    return {
        "worker_id": claim.worker_id,
        "attempt": task.attempt,
        "lease_seconds": claim.lease_seconds,
        "claimed_at": _text(claim.claimed_at),
        "lease_until": _text(claim.lease_until),
        "lost": claim.lost,
    }


def _rules(state: SwarmState) -> dict[str, Row]:
    overseer = state.overseer
    limits = overseer.policy.model_dump(mode="json")
    return {
        **{name: {"value": value} for name, value in limits.items()},
        "policy": {"value": overseer.policy_hash},
        "registry": {"value": overseer.registry_hash, "agents": len(overseer.registered)},
        "charter": {"value": overseer.charter_hash},
    }


def _mode(state: SwarmState) -> dict[str, Row]:
    overseer = state.overseer
    found: dict[str, Row] = {"system": {"mode": overseer.mode, "reason": overseer.mode_reason}}
    if overseer.halted:
        found["halt"] = {
            "by": overseer.halted_by,
            "reason": overseer.halted,
            "ends_running_tasks": overseer.halted_now,
        }
    if overseer.held:
        found["dispatch held"] = {"reason": overseer.held}
    if overseer.override is not None:
        override = overseer.override
        found["limits overridden"] = {
            "by": override.by,
            "reason": override.reason,
            "until": _text(override.until),
        }
    return found


def _mode_raw(state: SwarmState, key: str) -> object:
    overseer = state.overseer
    if key == "system":
        return overseer.mode, overseer.mode_reason
    if key == "halt":
        return overseer.halted, overseer.halted_by, overseer.halted_now
    return overseer.held if key == "dispatch held" else overseer.override


def _incident(state: SwarmState, key: str) -> Row | None:
    for incident in state.guardian.incidents.values():
        if incident.incident_id == key:
            return _incident_row(incident)
    return None


def _incident_row(incident: Incident) -> Row:
    return {
        "rule": incident.rule,
        "about": incident.subject,
        "class": class_name(incident.incident_class),
        "summary": incident.summary,
        "cause_event_id": incident.cause_event_id,
        "opened_at": _text(incident.opened_at),
        "step": incident.step,
        "dispatch_held": incident.paused,
    }


def _incident_ids(state: SwarmState) -> Iterator[str]:
    return (each.incident_id for each in state.guardian.incidents.values())


def _machine(state: SwarmState, key: str) -> Row | None:
    load = state.overseer.loads.get(key)
    if load is None:
        return None
    return {
        "cpu_percent": load.cpu_percent,
        "memory_percent": load.memory_percent,
        "cpu_count": load.cpu_count,
        "memory_bytes": load.memory_bytes,
        "sampled_at": _text(load.sampled_at),
    }


TASKS: Final = Section(
    name="tasks",
    ids=lambda state: state.overseer.kernel.tasks,
    raw=lambda state, key: state.overseer.kernel.tasks.get(key),
    row=_task,
    end=_ended_task,
    ended=lambda state: state.overseer.kernel.ended,
    related=lambda row: row.get("waits_for", ()),
)

SECTIONS: Final = (
    Section(
        name="mode",
        ids=_mode,
        raw=_mode_raw,
        row=lambda state, key: _mode(state).get(key),
    ),
    Section(
        name="objectives",
        ids=lambda state: state.overseer.objectives,
        raw=lambda state, key: state.overseer.objectives.get(key),
        row=_objective,
        related=lambda row: (*row["open_tasks"], *row["failed_tasks"]),
    ),
    TASKS,
    Section(
        name="leases",
        ids=lambda state: state.overseer.kernel.claimed,
        raw=lambda state, key: state.overseer.kernel.tasks.get(key),
        row=_lease,
        related=lambda row: (row["worker_id"],),
    ),
    Section(
        name="workers",
        ids=lambda state: state.overseer.kernel.workers,
        raw=lambda state, key: (
            state.overseer.kernel.workers.get(key),
            state.overseer.kernel.dismissed.get(key),
        ),
        row=_worker,
        related=lambda row: row["tasks"],
    ),
    Section(
        name="rules",
        ids=_rules,
        raw=lambda state, key: (
            state.overseer.policy,
            state.overseer.policy_hash,
            state.overseer.registry_hash,
            state.overseer.charter_hash,
        ),
        row=lambda state, key: _rules(state).get(key),
    ),
    Section(
        name="incidents",
        ids=_incident_ids,
        raw=lambda state, key: state.guardian.incidents,
        row=_incident,
    ),
    Section(
        name="machines",
        ids=lambda state: state.overseer.loads,
        raw=lambda state, key: state.overseer.loads.get(key),
        row=_machine,
    ),
)
"""In the order in which they are shown."""
