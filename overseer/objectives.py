"""What follows from an objective, from its plan to its end?"""

from __future__ import annotations

from dataclasses import replace

from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_ACHIEVED,
    OBJECTIVE_CANCELLED,
    OBJECTIVE_FAILED,
    ObjectiveAdded,
    ObjectiveFinished,
    ObjectivePlanned,
)
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    TaskAcknowledged,
    TaskReleased,
    TaskSubmitted,
)
from nervous_system.contract.event import RecordedEvent
from nervous_system.json_object import json_object
from nervous_system.refusal import Refusal
from nervous_system.service.decision import Emit
from overseer.kernel.scheduling import DispatchRules
from overseer.kernel.submission import submissions
from overseer.model import MAX_FINISHED, Objective, OverseerState
from overseer.plan import ObjectivePlan, PlanningRequest, is_task_of
from overseer.ports import Planner


def plan_now(
    state: OverseerState,
    planner: Planner,
    rules: DispatchRules,
    objective: Objective,
    *,
    approved: bool,
    more_open: int = 0,
) -> tuple[Emit, ...]:
    """The plan and its tasks; or only the plan, where a person must say yes first.

    Nothing where the policy has no room for so many tasks beside the open ones and `more_open`
    that are submitted before them in the same batch: the next pulse asks again.
    """
    plan = planner.plan(planning_request(objective))
    if isinstance(plan, Refusal):  # it had one when it was added: the catalogue has changed
        plan = ObjectivePlan(name="none", version="", tasks=(), rationale=str(plan))
    waits = plan.needs_a_person and not approved
    are = len(state.kernel.tasks) + more_open
    if not waits and are + len(plan.tasks) > rules.policy.max_open_tasks:
        return ()
    tasks = (
        ()
        if waits
        else submissions(state.kernel, rules, plan.tasks, together=True, more_open=more_open)
    )
    planned = ObjectivePlanned(
        objective_id=objective.objective_id,
        plan=plan.name,
        plan_version=plan.version,
        task_ids=[task.task_id for task in plan.tasks],
        rationale=plan.rationale,
        risk_tier=plan.risk_tier,
        waits_for_approval=waits,
    )
    label = f"planned {objective.objective_id}"
    emits = [Emit(label=label, payload=planned)]
    emits += [replace(each, label=f"{objective.objective_id} {each.label}") for each in tasks]
    if not waits and not any(isinstance(each.payload, TaskSubmitted) for each in tasks):
        emits.append(_finish(objective, "none of its tasks was accepted", achieved=False))
    return tuple(emits)


def planning_request(objective: Objective) -> PlanningRequest:
    """The objective as a planner is asked about it."""
    return PlanningRequest(
        objective_id=objective.objective_id,
        description=objective.description,
        priority=objective.priority,
        metadata=json_object(objective.metadata_json, accepted=True),
    )


def on_end_of_task(state: OverseerState, payload: TaskAcknowledged) -> tuple[Emit, ...]:
    """The objective's end, when this was its last open task."""
    objective = state.objectives.get(payload.objective_id)
    if objective is None or objective.open_tasks or not objective.plan:
        return ()
    if objective.waits_for_approval:
        return ()
    if objective.failed_tasks:
        failed = ", ".join(objective.failed_tasks[:10])
        return (_finish(objective, f"not completed: {failed}", achieved=False),)
    return (_finish(objective, "all of its tasks were completed", achieved=True),)


def _finish(objective: Objective, summary: str, *, achieved: bool) -> Emit:
    finished = ObjectiveFinished(
        objective_id=objective.objective_id,
        result=OBJECTIVE_ACHIEVED if achieved else OBJECTIVE_FAILED,
        summary=summary,
    )
    return Emit(label=f"finished {objective.objective_id}", payload=finished)


def evolve(state: OverseerState, recorded: RecordedEvent) -> OverseerState:
    """The objectives after one more event."""
    payload = recorded.event.payload
    if isinstance(payload, ObjectiveAdded):
        added = Objective(
            objective_id=payload.objective_id,
            description=payload.description,
            priority=payload.priority,
            metadata_json=payload.metadata_json,
            source=payload.source,
            added_at=recorded.recorded_at,
            request_id=recorded.event.causation_id,
            history=payload.history,
            traceparent=recorded.event.traceparent,
        )
        if payload.history:
            return _remember_finished(state, added)
        return replace(state, objectives=state.objectives.set(added.objective_id, added))
    if isinstance(payload, ObjectivePlanned):
        return _replace_objective(
            state,
            payload.objective_id,
            plan=payload.plan,
            waits_for_approval=payload.waits_for_approval,
        )
    if isinstance(payload, TaskSubmitted):
        manifest = payload.manifest
        objective = state.objectives.get(manifest.objective_id)
        if objective is None or not is_task_of(objective.objective_id, manifest.task_id):
            return state
        open_tasks = objective.open_tasks | {manifest.task_id}
        return _replace_objective(state, manifest.objective_id, open_tasks=open_tasks)
    if isinstance(payload, TaskAcknowledged):
        return _on_task_ended(state, payload)
    if isinstance(payload, TaskReleased) and payload.again:
        return _on_task_retried(state, payload.task_id)
    if isinstance(payload, ObjectiveFinished):
        objective = state.objectives.get(payload.objective_id)
        if objective is None:
            return state
        if payload.result == OBJECTIVE_CANCELLED:
            state = replace(
                state,
                kernel=state.kernel.mark_for_cancellation(objective.open_tasks, payload.summary),
            )
        if payload.result == OBJECTIVE_FAILED:
            kept = replace(objective, metadata_json="")  # it is planned
            failed = state.failed_objectives.set(objective.objective_id, kept)
            state = replace(state, failed_objectives=failed)
        return _remember_finished(
            replace(state, objectives=state.objectives.delete(payload.objective_id)), objective
        )
    return state


def _on_task_ended(state: OverseerState, payload: TaskAcknowledged) -> OverseerState:
    objective = state.objectives.get(payload.objective_id)
    if objective is None or payload.task_id not in objective.open_tasks:
        return state  # any task can name it
    if payload.task_id in state.kernel.tasks:
        return state  # it was set aside, and is still open in the kernel, which was told first
    failed = objective.failed_tasks
    if payload.result != RESULT_COMPLETED:
        failed = (*failed, payload.task_id)
    open_tasks = objective.open_tasks - {payload.task_id}
    return _replace_objective(
        state, payload.objective_id, open_tasks=open_tasks, failed_tasks=failed
    )


def _on_task_retried(state: OverseerState, task_id: str) -> OverseerState:
    """Its objective has it open again, and goes on where it had failed."""
    task = state.kernel.tasks.get(task_id)
    objective_id = task.manifest.objective_id if task is not None else ""
    objective = state.failed_objectives.get(objective_id)
    if objective is not None and task_id in objective.failed_tasks:
        state = replace(
            state,
            objectives=state.objectives.set(objective_id, objective),
            finished=state.finished.delete(objective_id),
            finished_order=tuple(each for each in state.finished_order if each != objective_id),
            failed_objectives=state.failed_objectives.delete(objective_id),
        )
    objective = state.objectives.get(objective_id)
    if objective is None or task_id not in {*objective.open_tasks, *objective.failed_tasks}:
        return state
    return _replace_objective(
        state,
        objective_id,
        open_tasks=objective.open_tasks | {task_id},
        failed_tasks=tuple(each for each in objective.failed_tasks if each != task_id),
    )


def _replace_objective(state: OverseerState, objective_id: str, **changes: object) -> OverseerState:
    objective = state.objectives.get(objective_id)
    if objective is None:
        return state
    changed = replace(objective, **changes)  # type: ignore[arg-type]
    return replace(state, objectives=state.objectives.set(objective_id, changed))


def _remember_finished(state: OverseerState, objective: Objective) -> OverseerState:
    finished = state.finished.set(objective.objective_id, objective.request_id)
    order = (*state.finished_order, objective.objective_id)
    failed = state.failed_objectives
    if len(order) > MAX_FINISHED:
        if order[0] in failed:
            failed = failed.delete(order[0])
        finished, order = finished.delete(order[0]), order[1:]
    return replace(state, finished=finished, finished_order=order, failed_objectives=failed)
