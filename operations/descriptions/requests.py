"""What is asked of the task kernel, and how many of the requests were decided?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from enchanted.events.v1.leadership_pb2 import RequestsTaken
from enchanted.events.v1.task_pb2 import TaskResult
from enchanted.events.v1.task_request_pb2 import (
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultReported,
    TaskOrder,
    TaskOrdered,
    TasksProposed,
)
from nervous_system.contract.payload import Payload
from nervous_system.phrases import enum_label, join_list, percent, pluralize, with_reason


def _describe_proposed(payload: TasksProposed) -> str:
    together = ", all or none" if payload.together else ""
    tasks = join_list([task.task_id for task in payload.tasks])
    return f"{pluralize(len(payload.tasks), 'task')} proposed{together}{with_reason(tasks)}"


def _describe_claim(payload: ClaimRequested) -> str:
    actions = f", only {join_list(payload.actions)}," if payload.actions else ""
    return f"{payload.worker_id} asks for a task{actions} and knows {join_list(payload.skills)}"


def _describe_progress(payload: ProgressReported) -> str:
    done = (
        f" is at {percent(payload.fraction)} of"
        if payload.HasField("fraction")
        else " goes on with"
    )
    return f"{payload.worker_id}{done} {payload.task_id}{with_reason(payload.note)}"


def _describe_result(payload: ResultReported) -> str:
    report = (
        f"{payload.worker_id} reports {payload.task_id} as {enum_label(TaskResult, payload.result)}"
    )
    following = " and asks for another" if payload.HasField("next") else ""
    return f"{report}{following}{with_reason(payload.notes or payload.output)}"


def _describe_release(payload: ReleaseRequested) -> str:
    return f"{payload.worker_id} gives {payload.task_id} back{with_reason(payload.reason)}"


def _describe_ordered(payload: TaskOrdered) -> str:
    what = payload.task_id or f"objective {payload.objective_id}"
    return f"{enum_label(TaskOrder, payload.order)} {what}{with_reason(payload.reason)}"


def _describe_taken(payload: RequestsTaken) -> str:
    requests = pluralize(payload.requests, "request")
    return f"{payload.service} decides {requests}, as of position {payload.as_of_sequence}"


REQUESTS: Final[dict[type[Payload], Callable[[Any], str]]] = {
    TasksProposed: _describe_proposed,
    ClaimRequested: _describe_claim,
    ProgressReported: _describe_progress,
    ResultReported: _describe_result,
    ReleaseRequested: _describe_release,
    TaskOrdered: _describe_ordered,
    RequestsTaken: _describe_taken,
}
