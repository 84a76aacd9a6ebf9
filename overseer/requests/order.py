"""A person, or the guardian, gives an order about a task or an objective: is it carried out?"""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.objective_pb2 import OBJECTIVE_CANCELLED, ObjectiveFinished
from enchanted.events.v1.task_pb2 import RESULT_CANCELLED
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ORDER_RETRY,
    TaskOrdered,
)
from nervous_system.contract.truncation import truncate_middle
from nervous_system.service.decision import Emit
from overseer.kernel import retrying
from overseer.kernel.ends import cancel, quarantine, result_in_words
from overseer.requests.asked import DecidedRequest, accepted

MAX_REASON_CHARACTERS: Final = 1_000
"""Of why an objective is called off: each of its tasks says it."""


def leads_to(asked: DecidedRequest, order: TaskOrdered) -> tuple[Emit, ...]:
    """A task is cancelled, set aside or tried again; an objective, by a person, is called off."""
    if _is_of_objective(order):
        return _call_off_objective(asked, order) if asked.by_person else ()
    if order.order == ORDER_RETRY:
        return retrying.on_retry(asked.kernel, order)
    task = asked.kernel.tasks.get(order.task_id)
    if task is None:
        return ()
    if order.order == ORDER_CANCEL:
        return cancel(task, order.reason or "it was called off", asked.now)
    if order.order == ORDER_QUARANTINE and not task.quarantined:
        return quarantine(task, order.reason or "it was set aside", asked.now)
    return ()


def reply(asked: DecidedRequest, order: TaskOrdered) -> Answer:
    """Whether it is as ordered now, or why not."""
    if _is_of_objective(order):
        return _of_objective(asked, order)
    kernel, task_id = asked.kernel, order.task_id
    task, ended = kernel.tasks.get(task_id), kernel.ended.get(task_id)
    if order.order == ORDER_RETRY:
        reason = retrying.objection(kernel, order)
        done = not reason and task is not None
    elif task is not None:
        done = task.quarantined is (order.order == ORDER_QUARANTINE)
        reason = f"{task_id} is not in a state for that"
    elif ended is not None:
        done = order.order == ORDER_CANCEL and ended.result == RESULT_CANCELLED
        reason = f"{task_id} has ended already: {result_in_words(ended.result)}"
    else:
        done, reason = False, f"there is no task {task_id}"
    return accepted(task_id) if done else Answer(reasons=[reason])


def _is_of_objective(order: TaskOrdered) -> bool:
    return bool(order.objective_id) and not order.task_id


def _call_off_objective(asked: DecidedRequest, order: TaskOrdered) -> tuple[Emit, ...]:
    """It ends at once, and time ends its tasks; nothing else can be ordered of one."""
    objective = asked.state.objectives.get(order.objective_id)
    if objective is None or order.order != ORDER_CANCEL:
        return ()
    finished = ObjectiveFinished(
        objective_id=objective.objective_id,
        result=OBJECTIVE_CANCELLED,
        summary=truncate_middle(order.reason, max_characters=MAX_REASON_CHARACTERS)
        or "it was called off",
    )
    return (Emit(label=f"finished {objective.objective_id}", payload=finished),)


def _of_objective(asked: DecidedRequest, order: TaskOrdered) -> Answer:
    """Accepted when it is over, however it ended: the log tells how."""
    if not asked.by_person:
        return Answer(reasons=["only a person can call an objective off"])
    if order.order != ORDER_CANCEL:
        return Answer(reasons=["an objective can be cancelled; give other orders to its tasks"])
    if order.objective_id in asked.state.finished:
        return accepted(order.objective_id)
    return Answer(reasons=[f"there is no objective {order.objective_id}"])
