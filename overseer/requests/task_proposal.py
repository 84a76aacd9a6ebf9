"""Somebody proposes tasks that belong to no objective: are they accepted?"""

from __future__ import annotations

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system.service.decision import Emit
from overseer.kernel.submission import submissions
from overseer.requests.asked import DecidedRequest


def leads_to(asked: DecidedRequest, proposal: TasksProposed) -> tuple[Emit, ...]:
    """Each task is submitted or rejected; what is of high risk only a person may propose so."""
    if _submitted_ids(asked, proposal):
        return ()  # asked again
    return submissions(
        asked.kernel,
        asked.rules,
        proposal.tasks,
        together=proposal.together,
        by_person=asked.by_person,
        objectives=asked.reserved_objectives,
    )


def reply(asked: DecidedRequest, proposal: TasksProposed) -> Answer:
    """Accepted if all were; which were, and why the others were not."""
    submitted = _submitted_ids(asked, proposal)
    reasons = asked.kernel.refusals.get(asked.request_id, ())
    return Answer(accepted=bool(submitted) and not reasons, accepted_ids=submitted, reasons=reasons)


def _submitted_ids(asked: DecidedRequest, proposal: TasksProposed) -> list[str]:
    """The ids that this very request was given."""
    tasks, ended = asked.kernel.tasks, asked.kernel.ended
    found = []
    for task_id in dict.fromkeys(each.task_id for each in proposal.tasks):
        known = tasks.get(task_id) or ended.get(task_id)
        if known is not None and known.request_id == asked.request_id:
            found.append(task_id)
    return found
