"""How do tasks and objectives stand? Folded from the log, so it needs neither ClickHouse nor the
overseer to be up."""

from __future__ import annotations

import structlog

from nervous_system.bus import Bus, recorded
from nervous_system.errors import Unreadable
from nervous_system.snapshots import Snapshots, open_snapshots
from overseer.core import OverseerCore
from overseer.model import OverseerState
from overseer.plan import Catalogue, CataloguePlanner
from overseer.vocabulary import SERVICE
from overseer.wiring import READS, SOURCES

_log = structlog.get_logger()


async def overseer_state(bus: Bus) -> OverseerState:
    """What the overseer's fold is at the end of the log: from its last snapshot on.

    Nothing is decided and nothing written. Raises Unavailable, NotAcknowledged.
    """
    core = OverseerCore(planner=CataloguePlanner(Catalogue.shipped()))
    bucket = await open_snapshots(bus.connection)
    snapshot = await Snapshots(bucket, f"{SERVICE}.main", OverseerState).load()
    stream = await bus.stream.state()
    if snapshot is not None and (
        snapshot.stream_created != stream.created or snapshot.sequence > stream.last_sequence
    ):
        snapshot = None
    state = snapshot.state if snapshot is not None else core.initial()
    ahead = snapshot.ahead if snapshot is not None else frozenset()
    start = snapshot.sequence + 1 if snapshot is not None else 1
    subjects = [f"swarm.events.{source}.>" for source in (SERVICE, *SOURCES)] + list(READS)
    async for stored in bus.replay(start_sequence=start, subjects=subjects):
        if stored.message_id in ahead:
            continue
        try:
            state = core.evolve(state, recorded(stored))
        except Unreadable as error:
            _log.debug("event.unreadable", reason=str(error))
    return state
