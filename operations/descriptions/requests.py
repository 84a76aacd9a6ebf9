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
from nervous_system.phrases import because, counted, listed, named, percent


def _proposed(payload: TasksProposed) -> str:
    together = ", all or none" if payload.together else ""
    tasks = listed([task.task_id for task in payload.tasks])
    return f"{counted(len(payload.tasks), 'task')} proposed{together}{because(tasks)}"


def _claim(payload: ClaimRequested) -> str:
    actions = f", only {listed(payload.actions)}," if payload.actions else ""
    return f"{payload.worker_id} asks for a task{actions} and knows {listed(payload.skills)}"


def _progress(payload: ProgressReported) -> str:
    done = (
        f" is at {percent(payload.fraction)} of"
        if payload.HasField("fraction")
        else " goes on with"
    )
    return f"{payload.worker_id}{done} {payload.task_id}{because(payload.note)}"


def _result(payload: ResultReported) -> str:
    report = f"{payload.worker_id} reports {payload.task_id} as {named(TaskResult, payload.result)}"
    following = " and asks for another" if payload.HasField("next") else ""
    return f"{report}{following}{because(payload.notes or payload.output)}"


def _release(payload: ReleaseRequested) -> str:
    return f"{payload.worker_id} gives {payload.task_id} back{because(payload.reason)}"


def _ordered(payload: TaskOrdered) -> str:
    what = payload.task_id or f"objective {payload.objective_id}"
    return f"{named(TaskOrder, payload.order)} {what}{because(payload.reason)}"


def _taken(payload: RequestsTaken) -> str:
    requests = counted(payload.requests, "request")
    return f"{payload.service} decides {requests}, as of position {payload.as_of_sequence}"


REQUESTS: Final[dict[type[Payload], Callable[[Any], str]]] = {
    TasksProposed: _proposed,
    ClaimRequested: _claim,
    ProgressReported: _progress,
    ResultReported: _result,
    ReleaseRequested: _release,
    TaskOrdered: _ordered,
    RequestsTaken: _taken,
}
