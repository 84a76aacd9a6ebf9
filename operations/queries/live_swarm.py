"""How does the swarm stand now? The overseer's state, folded here as the overseer folds it, and
brought up to the end of the log whenever somebody asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from nervous_system.bus import Bus
from nervous_system.contract.stored import StreamState
from nervous_system.service.projection import Projection
from operations.queries.overseer_projection import OverseerProjection, projection_of_overseer
from operations.queries.status_report import SwarmStatus, swarm_status
from overseer.model import OverseerState
from overseer.standstill import Standstill


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What there was to know when somebody asked."""

    overseen: OverseerProjection
    log: StreamState
    at: datetime

    @property
    def as_of(self) -> int:
        """The position of the log."""
        return self.log.last_sequence

    @property
    def state(self) -> OverseerState:
        """The overseer's."""
        return self.overseen.state

    @property
    def status(self) -> SwarmStatus:
        """As the overseer says it of itself."""
        return swarm_status(self.overseen, self.at)

    @property
    def standstill(self) -> Standstill:
        """What keeps tasks from being done."""
        return self.overseen.standstill(self.at)


class LiveSwarm:
    """Of one log. Those who ask at once share the work."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._turn = asyncio.Lock()
        self._projection: Projection[OverseerState] | None = None
        self._created = ""

    async def now(self) -> Now:
        """As it stands on the log when this is called, or later. Raises Unavailable, and as
        `Projection.state_at`."""
        async with self._turn:
            log = await self._bus.stream.state()
            projection = self._projection
            if projection is None or log.created != self._created or _ends_before(log, projection):
                projection = await projection_of_overseer(self._bus)
                self._projection, self._created = projection, log.created
            elif log.last_sequence > projection.sequence:
                await projection.state_at_end()
            return Now(overseen=OverseerProjection.by(projection), log=log, at=self._bus.clock())


def _ends_before(log: StreamState, projection: Projection[OverseerState]) -> bool:
    """The log was cut off, and goes on from there with other events."""
    return log.last_sequence < projection.sequence
