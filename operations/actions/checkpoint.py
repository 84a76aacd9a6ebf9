"""How is it stated what the swarm is now, under a name, so that people can come back to it?"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

from enchanted.events.v1.checkpoint_pb2 import CheckpointMade
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.contract.checkpoint import sign_checkpoint
from nervous_system.contract.given import Given
from nervous_system.errors import NotDone, Unavailable
from nervous_system.ids import new_event_id
from operations.actions.on_record import record_of_person
from operations.actions.overseer_client import operator
from operations.log_session import bus_session
from operations.queries.checkpoints import Checkpoint, checkpoints, known_checkpoint
from operations.queries.live_swarm import LiveSwarm, Now
from operations.queries.record import Record
from operations.queries.state_hash import state_hash

ID: Final = "checkpoint-"
MAX_NAME_CHARACTERS: Final = 200
_SAME: Final = timedelta(microseconds=1)


async def make_checkpoint(
    bus: Bus, now: Now, record: Record, *, name: str, note: str, person: str, event_id: str
) -> Checkpoint:
    """State what the swarm is now. Asked again under the same `event_id`, it is the same one.

    Raises InvalidEvent; NotDone for the name of another one; NotRunning or Unavailable if it is not
    known which epoch of the log this is.
    """
    _check(name, note)
    for known in await checkpoints(bus):
        if known.event_id == event_id and (known.name, known.note) == (name, note):
            return known
        if known.name == name:
            raise NotDone(f"there is a checkpoint called {name} already: {known.checkpoint_id}")
    epoch = await asyncio.to_thread(epoch_of_log, record, now.log.created)
    made = CheckpointMade(
        checkpoint_id=f"{ID}{event_id[:13]}",
        name=name,
        note=note,
        epoch=epoch,
        position=now.overseen.sequence,
        log_created=now.log.created,
        state_hash=await asyncio.to_thread(state_hash, now.state),
    )
    signed = sign_checkpoint(made, bus.vouching.signer)
    await record_of_person(bus, signed, person=person, event_id=event_id)
    return await known_checkpoint(bus, made.checkpoint_id)


def would_make(now: Now, name: str) -> list[str]:
    """What would be stated."""
    return [f"{name} is the name of position {now.overseen.sequence:,}, with a hash of the state"]


def epoch_of_log(record: Record, created: str) -> int:
    """The number of the life of the log that was created then. Raises NotRunning, QueryRefused;
    Unavailable if the tables do not know it yet."""
    found = record.rows("last_epoch")
    if not found or abs(found[0]["stream_created_at"] - datetime.fromisoformat(created)) > _SAME:
        raise Unavailable("the ingestor has not opened an epoch for this log yet: ask again")
    return int(found[0]["epoch"])


async def add_checkpoint(name: str, note: str) -> Checkpoint:
    """As `make_checkpoint`, of the mesh that is meant."""
    settings = client_settings()
    async with bus_session(settings) as bus:
        return await make_checkpoint(
            bus,
            await LiveSwarm(bus).now(),
            Record(settings.clickhouse_dsn),
            name=name,
            note=note,
            person=operator(),
            event_id=new_event_id(),
        )


def _check(name: str, note: str) -> None:
    given = Given()
    given.text("name", name, say="say what it is called")
    given.text("note", note)
    if len(name) > MAX_NAME_CHARACTERS:
        given.problems.append(f"name has more than {MAX_NAME_CHARACTERS} characters")
    if name.startswith(ID):
        given.problems.append(f"name begins as an id does, {ID}: take another")
    given.check()
