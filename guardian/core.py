"""What is wrong with the mesh, what is done about it, and in which mode is it? Pure.

What was seen is folded in `observe.py`, what was decided in `incidents.py`. At each tick every
rule is asked; a few also right after the events that they are about. What follows is one plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from guardian.incidents import apply
from guardian.model import GuardianLimits, GuardianState
from guardian.observe import watch
from guardian.plan import RecoveryPlan
from guardian.rules import RULES
from guardian.rules.rule import GuardianRule
from nervous_system.contract.event import RecordedEvent
from nervous_system.service.decision import Emit, Tick
from nervous_system.service.fast_replace import replace

_AT_ONCE: Final[dict[type, tuple[GuardianRule, ...]]] = {
    kind: tuple(rule for rule in RULES if kind in rule.at_once)
    for kind in {kind for rule in RULES for kind in rule.at_once}
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianCore:
    """The pure half of the guardian."""

    limits: GuardianLimits = field(default_factory=GuardianLimits)

    def initial(self) -> GuardianState:
        """Nothing was seen, and nothing is wrong."""
        return GuardianState()

    def evolve(self, state: GuardianState, recorded: RecordedEvent, /) -> GuardianState:
        """The state after one more event."""
        watched = watch(state.observations, recorded)
        if watched is not state.observations:
            return replace(state, observations=watched)
        event = recorded.event
        return apply(
            state,
            event.payload,
            recorded.recorded_at,
            limits=self.limits,
            event_id=event.event_id,
            by=event.agent_role,
        )

    def decide(
        self, state: GuardianState, cause: RecordedEvent | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        """What follows from a cause; nothing from what the guardian decided itself."""
        if isinstance(cause, Tick):
            plan = RecoveryPlan(state, self.limits, cause.event_id, now)
            plan.look(RULES)
            return tuple(plan.emits)
        kind = type(cause.event.payload)
        plan = RecoveryPlan(state, self.limits, cause.event.event_id, now)
        if kind in (HaltOrdered, HaltLifted):
            plan.set_mode()
        elif kind in _AT_ONCE:
            plan.look(_AT_ONCE[kind])
        return tuple(plan.emits)
