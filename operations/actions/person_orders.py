"""What does a person order about a task or an objective? Whoever asks the overseer for it gets
`Rejected` with the reasons why it cannot be done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL, ORDER_RETRY, TaskOrdered
from nervous_system.contract.given import Given
from nervous_system.errors import NoSuch, NotDone
from operations.queries.live_swarm import Now


def cancel_task(task_id: str, *, reason: str) -> TaskOrdered:
    """That a task is called off. Raises InvalidEvent."""
    return TaskOrdered(task_id=task_id, order=ORDER_CANCEL, reason=_checked(reason))


def retry_task(task_id: str, *, reason: str, payload: Mapping[str, Any] | None) -> TaskOrdered:
    """That a task that failed, or was set aside, is tried again; with another `payload`, unless
    that is None. Raises InvalidEvent."""
    given = Given()
    given.text("reason", reason)
    given.json_object("payload", {} if payload is None else payload)
    given.check()
    text = None if payload is None else json.dumps(payload, sort_keys=True)
    return TaskOrdered(task_id=task_id, order=ORDER_RETRY, reason=reason, payload_json=text)


def cancel_objective(now: Now, objective_id: str, *, reason: str) -> TaskOrdered:
    """That an objective is called off with all its tasks. Raises NoSuch, InvalidEvent."""
    require_objective(now, objective_id)
    return TaskOrdered(objective_id=objective_id, order=ORDER_CANCEL, reason=_checked(reason))


def deny_objective(now: Now, objective_id: str, *, reason: str) -> TaskOrdered:
    """No, to a plan that waits for a person. Raises NoSuch, InvalidEvent; NotDone if it does not
    wait."""
    order = cancel_objective(now, objective_id, reason=reason)
    objective = now.state.objectives.get(objective_id)
    if objective is not None and not objective.waits_for_approval:
        raise NotDone(f"{objective_id} does not wait for a person; it can be cancelled")
    return order


def require_objective(now: Now, objective_id: str) -> None:
    """Raises NoSuch."""
    state = now.state
    if objective_id not in state.objectives and objective_id not in state.finished:
        raise NoSuch(f"no objective {objective_id} is open, and none of the last that ended")


def _checked(reason: str) -> str:
    given = Given()
    given.text("reason", reason)
    given.check()
    return reason
