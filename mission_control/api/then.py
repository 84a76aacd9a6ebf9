"""How did the swarm stand at a moment, to whoever asks as of then?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mission_control.mission import Mission
from operations.queries.overseer_projection import OverseerProjection
from operations.queries.state.moment import NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What there was to know."""

    overseen: OverseerProjection
    as_of: int
    at: datetime


def is_now(typed: str) -> bool:
    """Whether no other moment is meant."""
    return typed in ("", NOW)


async def swarm_at(mission: Mission, typed: str) -> Then:
    """At a moment; now, if nothing is typed. Raises UnknownMoment, Unavailable."""
    now = await mission.swarm.now()
    if is_now(typed):
        return Then(overseen=now.overseen, as_of=now.as_of, at=now.at)
    found = await mission.past.at(typed)
    position = found.moment.position
    overseen = replace(now.overseen, state=found.state.overseer, sequence=position)
    return Then(overseen=overseen, as_of=position, at=found.moment.recorded_at)
