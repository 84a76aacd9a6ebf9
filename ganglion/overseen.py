"""How do tasks and objectives stand? Folded from the log, so it needs neither ClickHouse nor the
overseer to be up."""

from __future__ import annotations

from contextlib import suppress

import structlog

from ganglion.settings import read_settings
from nervous_system.bus import Bus
from nervous_system.deciding.snapshots import Snapshots, open_snapshots
from nervous_system.errors import Unauthentic, Unreadable
from overseer.model import OverseerState
from overseer.settings import OverseerSettings
from overseer.wiring import role

_log = structlog.get_logger()


async def overseer_state(bus: Bus) -> OverseerState:
    """What the overseer's fold is at the end of the log: from its last snapshot on.

    Nothing is decided and nothing written. Raises Unavailable, NotAcknowledged.
    """
    overseer = role(read_settings(OverseerSettings))
    core = overseer.core
    bucket = await open_snapshots(bus.connection)
    snapshots = Snapshots(
        bus.connection, bucket, overseer.key, overseer.state_type, seal=bus.trusted.seal
    )
    snapshot = None
    with suppress(Unauthentic):  # the overseer says so; a command folds the log
        snapshot = await snapshots.load()
    stream = await bus.stream.state()
    if snapshot is not None and (
        snapshot.stream_created != stream.created or snapshot.sequence > stream.last_sequence
    ):
        snapshot = None
    state = snapshot.state if snapshot is not None else core.initial()
    ahead = snapshot.ahead if snapshot is not None else frozenset()
    start = snapshot.sequence + 1 if snapshot is not None else 1
    async for stored in bus.replay(start_sequence=start, subjects=overseer.reads):
        if stored.message_id in ahead:
            continue
        try:
            found = bus.recorded(stored)
            state = state if found.is_history else core.evolve(state, found)
        except Unreadable as error:
            _log.debug("event.unreadable", reason=str(error))
        except Exception as error:  # noqa: BLE001 - as the overseer: it counts for nothing
            _log.debug("event.undecidable", sequence=stored.sequence, reason=str(error))
    return state
