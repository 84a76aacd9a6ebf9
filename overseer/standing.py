"""Who may ask the overseer for what?

Told from the request and the state, so that a replay comes to the same. Whether its sender is who
it says was looked at before (`nervous_system/service/inbox.py`): of one without a name of its own
at the server, and without a key, that is its role.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_OPERATOR
from enchanted.events.v1.task_request_pb2 import TaskOrdered
from nervous_system.contract.event import Event
from nervous_system.contract.payload import asks_as
from nervous_system.contract.subjects import source_of
from overseer.kernel.worker import Worker

_GIVE_ORDERS: Final = (ROLE_OPERATOR, ROLE_GUARDIAN)

NO_ORDERS: Final = "only a person, or the guardian, can give an order about a task"


def objection(request: Event, workers: Mapping[str, Worker]) -> str:
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
    worker = workers.get(request.agent_id) if asks_as(payload) else None
    if worker is not None and worker.role != request.agent_role:
        here, asks = source_of(worker.role), source_of(request.agent_role)
        return (
            f"the worker {request.agent_id} that is here is a {here}, and who asks is a {asks};"
            " use another worker_id"
        )
    return ""
