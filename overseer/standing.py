"""Who may ask the overseer for what?

Told from the request alone, so that a replay comes to the same. Whether its sender is who it says
was looked at before (`nervous_system/deciding/inbox.py`).
"""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_OPERATOR
from enchanted.events.v1.task_request_pb2 import TaskOrdered
from nervous_system.contract.event import Event
from nervous_system.contract.payload import asks_as

_GIVE_ORDERS: Final = (ROLE_OPERATOR, ROLE_GUARDIAN)

NO_ORDERS: Final = "only a person, or the guardian, can give an order about a task"


def objection(request: Event) -> str:
    """Why this is not its sender's to ask for; empty where it is."""
    payload = request.payload
    if isinstance(payload, TaskOrdered):
        of_task = payload.task_id or not payload.objective_id
        return NO_ORDERS if of_task and request.agent_role not in _GIVE_ORDERS else ""
    others = sorted(asks_as(payload) - {request.agent_id})
    if others:
        return (
            f"{request.agent_id} cannot ask as {others[0]}: a worker claims, renews, gives back and"
            f" reports what it holds itself; use agent_id={others[0]!r}"
        )
    return ""
