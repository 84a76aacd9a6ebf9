"""Which checkpoints were made, and what does each state?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from enchanted.events.v1.checkpoint_pb2 import CheckpointMade
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.contract.checkpoint import checkpoint_problem
from nervous_system.contract.event import RecordedEvent
from nervous_system.errors import NoSuch
from nervous_system.names import EVENTS
from operations.log_session import bus_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What somebody stated of the swarm."""

    checkpoint_id: str
    name: str
    note: str
    epoch: int
    position: int
    log_created: str
    state_hash: str  # of the state that the overseer's fold is at the position
    signed_by: str  # the id of the key; empty: nobody signed it
    problem: str  # why it is not to be believed; empty if it is
    made_by: str
    made_at: datetime
    event_id: str

    def document(self) -> dict[str, Any]:
        """Its JSON; times in UTC."""
        return {**asdict(self), "made_at": self.made_at.isoformat()}


async def checkpoints(bus: Bus) -> list[Checkpoint]:
    """Those that are on the log, the last first. Raises Unavailable."""
    found: dict[str, Checkpoint] = {}
    async for stored in bus.replay(subjects=[f"{EVENTS}.operator.checkpoint_made.>"]):
        each = bus.believed(stored)
        if each is not None and each.event.agent_role == ROLE_OPERATOR:
            payload = each.event.payload
            assert isinstance(payload, CheckpointMade)
            # Of one that bears the id or the name of another, the first counts.
            if payload.name not in {known.name for known in found.values()}:
                found.setdefault(payload.checkpoint_id, _checkpoint(bus, each, payload))
    return list(found.values())[::-1]


async def known_checkpoint(bus: Bus, named: str) -> Checkpoint:
    """The one of this id or name. Raises NoSuch, Unavailable."""
    for each in await checkpoints(bus):
        if named in (each.checkpoint_id, each.name):
            return each
    raise NoSuch(f"no checkpoint {named} is on the log")


async def every_checkpoint() -> list[Checkpoint]:
    """As `checkpoints`, of the mesh that is meant."""
    async with bus_session(client_settings()) as bus:
        return await checkpoints(bus)


def _checkpoint(bus: Bus, recorded: RecordedEvent, made: CheckpointMade) -> Checkpoint:
    return Checkpoint(
        checkpoint_id=made.checkpoint_id,
        name=made.name,
        note=made.note,
        epoch=made.epoch,
        position=made.position,
        log_created=made.log_created,
        state_hash=made.state_hash,
        signed_by=made.key_id,
        problem=checkpoint_problem(made, bus.trusted, at=recorded.recorded_at),
        made_by=recorded.event.agent_id,
        made_at=recorded.recorded_at,
        event_id=recorded.event.event_id,
    )
