"""How do tasks and objectives stand, and why does nothing move? As the overseer's own state has it,
followed on the log: neither ClickHouse nor the overseer need be up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import TaskManifest
from nervous_system.bus import Bus
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.environment import read_settings
from nervous_system.ids import new_event_id
from nervous_system.refusal import Refusal
from nervous_system.service.fold import Fold
from nervous_system.service.projection import Projection
from nervous_system.service.service_spec import ServiceSpec
from overseer.core import OverseerCore
from overseer.model import CoreSettings, OverseerState
from overseer.objectives import planning_request
from overseer.settings import OverseerSettings
from overseer.spec import service_spec
from overseer.standstill import Standstill


@dataclass(frozen=True)
class OverseerProjection:
    """What the overseer's fold is at one position of the log."""

    role: ServiceSpec[OverseerState]
    state: OverseerState
    sequence: int

    @classmethod
    async def of(cls, bus: Bus) -> OverseerProjection:
        """At the end of the log. Nothing is decided and nothing written.

        Raises Unavailable, NotAcknowledged.
        """
        return cls.by(await projection_of_overseer(bus))

    @classmethod
    def by(cls, projection: Projection[OverseerState]) -> OverseerProjection:
        """Where that is now."""
        return cls(projection.role, projection.state, projection.sequence)

    @property
    def settings(self) -> CoreSettings:
        """What it decides by."""
        return self._core.settings

    @property
    def _core(self) -> OverseerCore:
        core = self.role.core
        assert isinstance(core, OverseerCore)
        return core

    def would_do(self, objective_id: str) -> tuple[TaskManifest, ...]:
        """The tasks that an objective becomes when a person says yes."""
        objective = self.state.objectives.get(objective_id)
        if objective is None:
            return ()
        plan = self._core.planner.plan(planning_request(objective))
        return () if isinstance(plan, Refusal) else tuple(plan.tasks)

    def supposing(
        self, request: Payload, now: datetime, *, person: str = "supposed"
    ) -> DryRunDecision:
        """How things would stand if a person asked for this now. Nothing is asked and nothing
        written. Raises UnprocessableEvent."""
        fold = Fold(
            self.role.core,
            service=self.role.service,
            scope=self.role.scope,
            role=self.role.agent_role,
            state=self.state,
            sequence=self.sequence,
        )
        asked = Event(
            event_id=new_event_id(),
            timestamp=now,
            agent_role=ROLE_OPERATOR,
            agent_id=person,
            payload=request,
        )
        taken = fold.requests_taken(term=0, term_id=asked.event_id, number=0, now=now)
        decided = fold.decide_request(taken, asked)
        return DryRunDecision(
            after=OverseerProjection(self.role, fold.state, self.sequence),
            said=[each.event.payload for each in decided if each.event is not asked],
            answer=self._core.answer(fold.state, asked, now),
        )

    def standstill(self, now: datetime) -> Standstill:
        """What keeps tasks from being done."""
        return Standstill(self.state, self.settings, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunDecision:
    """What would follow from a request."""

    after: OverseerProjection
    said: list[Payload]  # all that would be said on the log at once
    answer: Answer


async def projection_of_overseer(bus: Bus) -> Projection[OverseerState]:
    """At the end of the log, from the overseer's last snapshot on. Raises as
    `OverseerProjection.of`."""
    projection = await Projection.from_snapshot(bus, service_spec(read_settings(OverseerSettings)))
    await projection.state_at_end()
    return projection


async def overseer_state(bus: Bus) -> OverseerState:
    """What the overseer's fold is at the end of the log. Raises as `OverseerProjection.of`."""
    return (await projection_of_overseer(bus)).state
