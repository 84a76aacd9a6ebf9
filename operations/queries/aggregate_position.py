"""Which position of the log is the last that says something of a task, an objective, a worker?

Whoever has seen it there has seen all that was decided about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from nervous_system.bus import Bus
from nervous_system.contract.subjects import token
from nervous_system.names import EVENTS

Aggregate = Literal["task", "objective", "worker"]

_FILTERS: Final[dict[Aggregate, Sequence[str]]] = {
    "task": ("task.*",),
    "objective": ("objective.*",),
    # Not its heartbeats: they come all the time and say nothing that is new.
    "worker": ("worker.registered", "worker.departed", "overseer.worker_lost", "command.*"),
}


async def position_of(bus: Bus, aggregate: Aggregate, id_: str) -> int:
    """0 if the log has nothing of it. Raises Unavailable."""
    filters = [f"{EVENTS}.{each}.{token(id_)}" for each in _FILTERS[aggregate]]
    found = [await bus.stream.last_on(each) for each in filters]
    return max((each.sequence for each in found if each is not None), default=0)
