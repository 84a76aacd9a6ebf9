"""A person says yes to an objective that waits for it: does it go on?"""

from __future__ import annotations

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.objective_pb2 import ObjectiveApproved
from nervous_system.service.decision import Emit
from overseer.objectives import plan_now
from overseer.requests.asked import DecidedRequest, accepted


def leads_to(asked: DecidedRequest, approval: ObjectiveApproved) -> tuple[Emit, ...]:
    """The tasks of a plan that waited for a person; nothing for one that does not wait."""
    objective = asked.state.objectives.get(approval.objective_id)
    if not asked.by_person or objective is None or not objective.waits_for_approval:
        return ()
    return plan_now(asked.state, asked.planner, asked.rules, objective, approved=True)


def reply(asked: DecidedRequest, approval: ObjectiveApproved) -> Answer:
    """Whether it has its tasks."""
    if not asked.by_person:
        return Answer(reasons=["only a person can approve an objective"])
    objective_id, kernel = approval.objective_id, asked.kernel
    known = asked.state.objectives.get(objective_id)
    if known is not None and known.waits_for_approval:
        most, are = asked.rules.policy.max_open_tasks, len(kernel.tasks)
        room = f"the policy allows {most} open tasks and {are} are; approve it again later"
        return Answer(reasons=[room])
    if known is not None and known.plan:
        return accepted(objective_id)
    if asked.request_id in kernel.refusals:
        failed = f"{objective_id} was approved and has failed, its tasks were rejected"
        return Answer(reasons=[failed, *kernel.refusals[asked.request_id]])
    return Answer(reasons=[f"no objective {objective_id} waits for approval"])
