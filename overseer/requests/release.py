"""A worker gives a task back: who may have it next?"""

from __future__ import annotations

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.task_pb2 import TaskReleased
from enchanted.events.v1.task_request_pb2 import ReleaseRequested
from nervous_system.service.decision import Emit
from overseer.kernel.ends import BEGUN_ONCE, quarantine
from overseer.requests.asked import DecidedRequest, accepted


def leads_to(asked: DecidedRequest, release: ReleaseRequested) -> tuple[Emit, ...]:
    """The task waits again, at once; not one that is done at most once."""
    if asked.kernel.is_applied(release.task_id, asked.request_id):
        return ()  # asked again
    task = asked.kernel.claimed_task(release.task_id, release.worker_id, release.attempt)
    if task is None:
        return ()
    why = release.reason or "its worker gave it back"
    if task.manifest.at_most_once:
        return quarantine(task, f"{BEGUN_ONCE}: {why}", asked.now)
    released = TaskReleased(
        task_id=task.task_id,
        worker_id=release.worker_id,
        attempt=release.attempt,
        reason=why,
        given_back=True,
    )
    return (Emit(label="released", payload=released),)


def reply(asked: DecidedRequest, release: ReleaseRequested) -> Answer:
    """Whether nobody has it any more in this attempt."""
    task = asked.kernel.tasks.get(release.task_id)
    set_aside = task is not None and task.quarantined and task.attempt == release.attempt
    if set_aside or asked.kernel.is_applied(release.task_id, asked.request_id):
        return accepted(release.task_id)
    return asked.refused("the worker does not have it in this attempt")
