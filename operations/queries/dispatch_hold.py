"""Why is no task handed out? Folded from what the mesh says on the log, while it says it."""

from __future__ import annotations

from typing import Final

from nervous_system.bus import Bus
from nervous_system.contract.stored import Stored
from nervous_system.names import EVENTS
from nervous_system.service.projection import Projection
from nervous_system.users import GUARDIAN, OPERATOR
from operations.queries.overseer_projection import OverseerProjection, projection_of_overseer
from overseer import dispatch_control as gates
from overseer.model import OverseerState

HOLDS: Final = (
    *(
        f"{EVENTS}.overseer.{word}"
        for word in ("dispatch_held", "dispatch_resumed", "policy_adopted", "charter_adopted")
    ),
    *(
        f"{EVENTS}.{who}.{word}"
        for who in (OPERATOR, GUARDIAN)
        for word in ("halt_ordered", "halt_lifted")
    ),
    f"{EVENTS}.guardian.system_mode_changed",
    f"{EVENTS}.governor.capacity_sampled.*",
)
"""The subjects of what holds dispatch, of what lets it go on, and of the numbers in between."""


class DispatchHold:
    """What holds dispatch at one moment: the limits, a halt, the system's mode."""

    subjects: Final = HOLDS

    def __init__(self, bus: Bus, projection: Projection[OverseerState]) -> None:
        self._bus = bus
        self._projection = projection

    @classmethod
    async def of(cls, bus: Bus) -> DispatchHold:
        """As the log says it now. Raises Unavailable."""
        return cls(bus, await projection_of_overseer(bus))

    def take(self, stored: Stored) -> None:
        """One more position of these subjects; what nobody vouches for changes nothing."""
        self._projection.take(stored)

    @property
    def sentence(self) -> str:
        """Why dispatch is held, as the overseer says it; empty where it is not."""
        known, now = OverseerProjection.by(self._projection), self._bus.clock()
        held = gates.hold_reason(known.state, known.settings, now)
        return gates.stop(known.state, known.settings, now) if held else ""
