"""A request with all that the overseer decides it by; and may its sender ask for it?

All of it comes from the request and the state, so that a replay comes to the same.
`nervous_system/service/request_queue.py` has looked before whether the sender is who it says. Of a
sender that has neither a key nor a user of its own at the server, only the role is proven."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_OPERATOR
from enchanted.events.v1.task_request_pb2 import TaskOrdered
from nervous_system.contract.event import Event
from nervous_system.contract.payload import asks_as
from nervous_system.contract.subjects import source_of
from overseer import dispatch_control as gates
from overseer.kernel.scheduling import DispatchRules
from overseer.kernel.state import Kernel, KernelSettings
from overseer.model import MAINTENANCE_IDS, CoreSettings, OverseerState
from overseer.ports import Planner

_GIVE_ORDERS: Final = (ROLE_OPERATOR, ROLE_GUARDIAN)

NO_ORDERS: Final = "only a person, or the guardian, can give an order about a task"


@dataclass(frozen=True, slots=True)
class ReservedObjectives:
    """Objectives whose tasks are their own: those that are open, and the rounds of maintenance."""

    objectives: Container[str]

    def __contains__(self, objective_id: object) -> bool:
        if isinstance(objective_id, str) and objective_id.startswith(MAINTENANCE_IDS):
            return True
        return objective_id in self.objectives


class DecidedRequest(NamedTuple):
    """One request, at one moment."""

    state: OverseerState
    request: Event
    now: datetime
    planner: Planner
    settings: CoreSettings
    kernel_settings: KernelSettings

    @property
    def kernel(self) -> Kernel:
        """The tasks and workers."""
        return self.state.kernel

    @property
    def reserved_objectives(self) -> ReservedObjectives:
        """Whose tasks nobody proposes but they themselves."""
        return ReservedObjectives(self.state.objectives)

    @property
    def request_id(self) -> str:
        """The same whenever it is asked again."""
        return self.request.event_id

    @property
    def by_person(self) -> bool:
        """Whether a person asks."""
        return self.request.agent_role == ROLE_OPERATOR

    @property
    def rules(self) -> DispatchRules:
        """What holds for handing out and accepting tasks; made anew each time."""
        return gates.rules(self.state, self.settings, self.now)

    def refused(self, otherwise: str) -> Answer:
        """No, for the reasons that it led to."""
        return Answer(reasons=self.kernel.refusals.get(self.request_id, (otherwise,)))

    @property
    def objection(self) -> str:
        """Why this is not its sender's to ask for; empty where it is."""
        request, payload = self.request, self.request.payload
        if isinstance(payload, TaskOrdered):
            of_task = payload.task_id or not payload.objective_id
            return NO_ORDERS if of_task and request.agent_role not in _GIVE_ORDERS else ""
        others = sorted(asks_as(payload) - {request.agent_id})
        if others:
            return (
                f"{request.agent_id} cannot ask as {others[0]}: a worker claims, renews, gives back"
                f" and reports what it holds itself; use agent_id={others[0]!r}"
            )
        worker = self.kernel.workers.get(request.agent_id) if asks_as(payload) else None
        if worker is not None and worker.role != request.agent_role:
            here, asks = source_of(worker.role), source_of(request.agent_role)
            return (
                f"the worker {request.agent_id} that is here is a {here}, and who asks is a {asks};"
                " use another worker_id"
            )
        return ""


def accepted(*ids: str) -> Answer:
    """Yes, of these tasks, or of this objective."""
    return Answer(accepted=True, accepted_ids=ids)
