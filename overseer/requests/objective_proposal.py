"""Somebody proposes an objective: is it added?"""

from __future__ import annotations

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.objective_pb2 import (
    ObjectiveAdded,
    ObjectiveProposed,
    ObjectiveRejected,
)
from nervous_system.json_object import json_object
from nervous_system.refusal import Refusal
from nervous_system.service.decision import Emit
from overseer.kernel.manifest_check import MAX_ID_CHARACTERS
from overseer.kernel.submission import MAX_PROPOSED, objections
from overseer.kernel.task import HIGHEST_PRIORITY
from overseer.model import MAINTENANCE_IDS, MAINTENANCE_SOURCE
from overseer.plan import MAX_PLAN_BYTES, ObjectivePlan, PlanningRequest
from overseer.requests.asked import DecidedRequest, accepted


def leads_to(asked: DecidedRequest, proposal: ObjectiveProposed) -> tuple[Emit, ...]:
    """Added, or rejected with every reason there is."""
    if _was_added(asked, proposal):
        return ()  # asked again
    reasons = _problems(asked, proposal)
    if reasons:
        rejected = ObjectiveRejected(objective_id=proposal.objective_id, reasons=reasons)
        return (Emit(label="rejected", payload=rejected),)
    added = ObjectiveAdded(
        objective_id=proposal.objective_id,
        description=proposal.description,
        priority=proposal.priority,
        metadata_json=proposal.metadata_json,
        source=proposal.source,
        history=proposal.history,
    )
    return (Emit(label="added", payload=added, creates_aggregate=True),)


def reply(asked: DecidedRequest, proposal: ObjectiveProposed) -> Answer:
    """Whether this very request added it."""
    if _was_added(asked, proposal):
        return accepted(proposal.objective_id)
    return asked.refused("it was not accepted")


def _was_added(asked: DecidedRequest, proposal: ObjectiveProposed) -> bool:
    state, objective_id = asked.state, proposal.objective_id
    known = state.objectives.get(objective_id)
    of_this = known is not None and known.request_id == asked.request_id
    return of_this or state.finished.get(objective_id) == asked.request_id


def _problems(asked: DecidedRequest, proposal: ObjectiveProposed) -> list[str]:
    state, reasons = asked.state, []
    if not proposal.objective_id:
        reasons.append("it has no objective_id")
    elif len(proposal.objective_id) > MAX_ID_CHARACTERS:
        reasons.append(f"its objective_id is longer than {MAX_ID_CHARACTERS} characters")
    elif proposal.objective_id in state.objectives or proposal.objective_id in state.finished:
        reasons.append(f"an objective {proposal.objective_id} exists already; choose another id")
    elif proposal.objective_id.startswith(MAINTENANCE_IDS):
        reasons.append(f"ids that begin with {MAINTENANCE_IDS} are the overseer's; choose another")
    if proposal.source == MAINTENANCE_SOURCE:
        reasons.append(f"the source {MAINTENANCE_SOURCE} is the overseer's; name another")
    if not proposal.description.strip():
        reasons.append("it has no description")
    if proposal.priority > HIGHEST_PRIORITY:
        reasons.append(f"priority {proposal.priority} is above {HIGHEST_PRIORITY}")
    try:
        metadata = json_object(proposal.metadata_json)
    except ValueError as error:
        reasons.append(f"its metadata {error}")
        return reasons
    if not reasons and not proposal.history:
        wanted = PlanningRequest(
            objective_id=proposal.objective_id,
            description=proposal.description,
            priority=proposal.priority,
            metadata=metadata,
        )
        plan = asked.planner.plan(wanted)
        reasons += plan.reasons if isinstance(plan, Refusal) else _impossible(asked, plan)
    return reasons


def _impossible(asked: DecidedRequest, plan: ObjectivePlan) -> list[str]:
    """Why this plan could not be followed, however much room there is."""
    rules, size = asked.rules, sum(task.ByteSize() for task in plan.tasks)
    most = rules.policy.max_open_tasks
    if size > MAX_PLAN_BYTES:
        return [f"its tasks would be {size:,} bytes, more than {MAX_PLAN_BYTES:,}"]
    if len(plan.tasks) > MAX_PROPOSED:
        return [f"it would be {len(plan.tasks)} tasks, more than {MAX_PROPOSED}"]
    if len(plan.tasks) > most:
        return [f"it would be {len(plan.tasks)} tasks, and the policy allows {most} open ones"]
    against = objections(asked.kernel, rules, plan.tasks, objectives=asked.reserved_objectives)
    return [
        f"{plan.tasks[number].task_id}: {reason}"
        for number in sorted(against)
        for reason in against[number]
    ]
