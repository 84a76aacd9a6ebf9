"""What became of each objective, and who decided over it? Folded from the log, so it needs neither
ClickHouse nor the overseer to be up."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_CANCELLED,
    ObjectiveAdded,
    ObjectiveApproved,
    ObjectiveFinished,
    ObjectivePlanned,
    ObjectiveResult,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import TaskResult
from enchanted.events.v1.task_request_pb2 import TaskOrdered
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import token
from nervous_system.names import EVENTS
from nervous_system.phrases import enum_label, moment, with_reason
from operations.log_session import bus_session, said_by
from operations.queries.overseer_projection import OverseerProjection

SUBJECTS: Final = (
    f"{EVENTS}.objective.>",
    f"{EVENTS}.request.objective_approved.>",
    f"{EVENTS}.request.task_ordered",
    f"{EVENTS}.request.task_ordered.>",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveVerdict:
    """What a person decided over an objective."""

    agent_id: str
    at: datetime
    reason: str

    def sentence(self) -> str:
        """Who, when and why."""
        return f"{self.agent_id}, {moment(self.at)}{with_reason(self.reason)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOfIt:
    """One of its tasks, as it stands, or stood last."""

    task_id: str
    status: str
    worker_id: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownObjective:
    """An objective that was taken on and is still on the log."""

    objective_id: str
    description: str
    priority: int
    brought: str
    added_at: datetime
    status: str = "added"
    plan: str = ""  # empty: not planned yet
    rationale: str = ""
    task_ids: tuple[str, ...] = ()
    waits_for_approval: bool = False
    approved: ObjectiveVerdict | None = None
    called_off: ObjectiveVerdict | None = None
    ended_at: datetime | None = None
    summary: str = ""
    tasks: tuple[TaskOfIt, ...] = ()
    open_tasks: tuple[str, ...] = ()
    waits: str = ""  # why it does not go on; empty where it does, or waits for approval
    failed_tasks: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether anything may come of it yet."""
        return self.ended_at is None and self.status != "history"

    def document(self) -> dict[str, Any]:
        """Its JSON; times in UTC."""
        document = asdict(self)
        for part in (document, document["approved"], document["called_off"]):
            for key, value in (part or {}).items():
                if isinstance(value, datetime):
                    part[key] = value.isoformat()
        return document


async def known_objectives(bus: Bus) -> list[KnownObjective]:
    """Those that are open, the most urgent first, then those that ended, the last first."""
    overseen = await OverseerProjection.of(bus)
    found = fold(await said_by(ROLE_OVERSEER, bus, *SUBJECTS))
    return objectives_in_order(found.values(), overseen, bus.clock())


def objectives_in_order(
    found: Iterable[KnownObjective], overseen: OverseerProjection, now: datetime
) -> list[KnownObjective]:
    """As they stand with the overseer: those that are open, the most urgent first, then those that
    ended, the last first."""
    stand = [_as_it_stands(each, overseen, now) for each in found]
    is_open = sorted((each for each in stand if each.is_open), key=lambda each: -each.priority)
    ended = [each for each in stand if not each.is_open]
    return is_open + sorted(ended, key=lambda each: each.ended_at or each.added_at, reverse=True)


def fold(history: Iterable[RecordedEvent]) -> dict[str, KnownObjective]:
    """By id."""
    found = ObjectiveHistory()
    for recorded in history:
        found.take(recorded)
    return found.objectives


class ObjectiveHistory:
    """What became of objectives, event by event. A person's word counts by what the overseer did
    about it, as in swarm.objectives."""

    def __init__(self) -> None:
        self.objectives: dict[str, KnownObjective] = {}
        self._said: dict[str, ObjectiveVerdict] = {}

    def take(self, recorded: RecordedEvent) -> None:
        """The next event of the history."""
        found, event, payload = self.objectives, recorded.event, recorded.event.payload
        if isinstance(payload, ObjectiveApproved | TaskOrdered):
            if event.agent_role == ROLE_OPERATOR:
                self._said[event.event_id] = ObjectiveVerdict(
                    agent_id=event.agent_id, at=recorded.recorded_at, reason=payload.reason
                )
            return
        if event.agent_role != ROLE_OVERSEER:
            return
        if isinstance(payload, ObjectiveAdded):
            found[payload.objective_id] = _on_added(recorded, payload)
            return
        if not isinstance(payload, ObjectivePlanned | ObjectiveFinished):
            return
        objective = found.get(payload.objective_id)
        if objective is None:
            return  # its beginning is no longer on the log
        verdict = self._said.get(event.causation_id)
        if isinstance(payload, ObjectivePlanned):
            found[payload.objective_id] = _on_planned(objective, payload, verdict)
        else:
            found[payload.objective_id] = replace(
                objective,
                status=enum_label(ObjectiveResult, payload.result),
                waits_for_approval=False,
                # What was approved may end by the same word, as its tasks were rejected.
                called_off=verdict if payload.result == OBJECTIVE_CANCELLED else None,
                ended_at=recorded.recorded_at,
                summary=payload.summary,
            )


def _on_added(recorded: RecordedEvent, payload: ObjectiveAdded) -> KnownObjective:
    return KnownObjective(
        objective_id=payload.objective_id,
        description=payload.description,
        priority=payload.priority,
        brought=payload.source,
        added_at=recorded.recorded_at,
        status="history" if payload.history else "added",
    )


def _on_planned(
    objective: KnownObjective, payload: ObjectivePlanned, verdict: ObjectiveVerdict | None
) -> KnownObjective:
    return replace(
        objective,
        status="waits for approval" if payload.waits_for_approval else "planned",
        plan=payload.plan,
        rationale=payload.rationale,
        task_ids=tuple(payload.task_ids),
        waits_for_approval=payload.waits_for_approval,
        approved=verdict or objective.approved,
    )


def _as_it_stands(
    objective: KnownObjective, overseen: OverseerProjection, now: datetime
) -> KnownObjective:
    """With its tasks: those that the overseer knows, or, before a person said yes, would make."""
    kernel = overseen.state.kernel
    actions = {}
    if objective.waits_for_approval:
        actions = {each.task_id: each.action for each in overseen.would_do(objective.objective_id)}
    tasks = []
    for task_id in objective.task_ids:
        if (task := kernel.tasks.get(task_id)) is not None:
            worker_id = task.claim.worker_id if task.claim is not None else ""
            status, action = task.status(now), task.manifest.action
        elif (ended := kernel.ended.get(task_id)) is not None:
            status, worker_id = enum_label(TaskResult, ended.result), ended.worker_id
            action = ended.action
        else:
            status = "not begun" if objective.waits_for_approval else "not known any more"
            worker_id, action = "", actions.get(task_id, "")
        tasks.append(TaskOfIt(task_id=task_id, status=status, worker_id=worker_id, action=action))
    held, why = overseen.standstill(now).of_objective(objective.objective_id)
    now_open = overseen.state.objectives.get(objective.objective_id)
    return replace(
        objective,
        tasks=tuple(tasks),
        open_tasks=tuple(sorted(now_open.open_tasks)) if now_open is not None else (),
        failed_tasks=now_open.failed_tasks if now_open is not None else (),
        waits=f"{held}: {why}" if why else "",
    )


async def what_follows(objective_id: str) -> str:
    """What the overseer said of the plan; it stands on the log before its answer comes."""
    planned = await last_word_of("planned", objective_id)
    typed = shlex.quote(objective_id)
    see = f"`ganglion objectives show {typed}` shows how it goes"
    if not isinstance(planned, ObjectivePlanned):
        return f"is added, and planned once there is room; {see}"
    if planned.waits_for_approval:
        return (
            f"waits for a person; say yes with `ganglion objectives approve {typed}`,"
            f" or no with `ganglion objectives cancel {typed}`"
        )
    return f"is planned; {see}"


async def why_it_waits(objective_id: str) -> str:
    """What keeps the first of its tasks that could be done from being done; empty where none is, or
    where one is being done."""
    async with bus_session(client_settings()) as bus:
        overseen = await OverseerProjection.of(bus)
        _, why = overseen.standstill(bus.clock()).of_objective(objective_id)
    return why


async def how_it_ended(objective_id: str) -> str:
    """Empty where it was called off."""
    ended = await last_word_of("finished", objective_id)
    if not isinstance(ended, ObjectiveFinished):
        return "it was imported as history"
    if ended.result == OBJECTIVE_CANCELLED:
        return ""
    how = ObjectiveResult.Name(ended.result).removeprefix("OBJECTIVE_").lower()
    return f"{how}, {ended.summary}"


async def last_word_of(word: str, objective_id: str) -> Payload | None:
    """What the last event of this kind says of the objective."""
    async with bus_session(client_settings()) as bus:
        last = await bus.last_live(f"{EVENTS}.objective.{word}.{token(objective_id)}")
    return last.event.payload if last is not None else None


async def every_objective() -> list[KnownObjective]:
    """As `known_objectives`, of the mesh that is meant."""
    async with bus_session(client_settings()) as bus:
        return await known_objectives(bus)
