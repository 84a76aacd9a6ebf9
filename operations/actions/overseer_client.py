"""How does a person at the command line ask the overseer for something?"""

from __future__ import annotations

import getpass
import socket

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from local_mesh.addresses import client_settings
from local_mesh.settings import LocalMeshSettings
from nervous_system.bus import Bus
from nervous_system.client.request_client import RequestClient
from nervous_system.contract.payload import Payload
from nervous_system.environment import read_settings
from nervous_system.errors import NotDone, Rejected
from nervous_system.ids import child_id, content_hash
from nervous_system.names import OVERSEER
from operations.log_session import bus_session


async def ask_overseer(payload: Payload, *, event_id: str | None = None) -> Answer:
    """The answer, after the log has what it led to. The same `event_id` is the same request: it is
    decided on once.

    Raises Rejected with the reasons, NotAcknowledged when no overseer runs.
    """
    async with bus_session(client_settings()) as bus:
        return await ask_as(operator(), bus, payload, event_id=event_id)


async def ask_as(person: str, bus: Bus, payload: Payload, *, event_id: str | None = None) -> Answer:
    """As `ask_overseer`, as a person of this name."""
    client = RequestClient(bus, service=OVERSEER, role=ROLE_OPERATOR, agent_id=person)
    return await client.require_accepted(payload, event_id=event_id)


async def ask_once(person: str, bus: Bus, payload: Payload, *, event_id: str) -> Answer:
    """As `ask_as`, of somebody who may ask again under the same id. Raises NotDone if something
    else was asked under it before."""
    try:
        return await ask_as(person, bus, payload, event_id=event_id)
    except Rejected as error:
        if error.reasons:
            raise
        raise NotDone("the same request was made before, for something else") from error


def id_of_request(kind: str, proposal: Payload, *, event_id: str) -> str:
    """For what a request brings, if nobody named it: with another content it is another one, also
    under the same `event_id`, and is not found afterwards."""
    content = content_hash(proposal.SerializeToString(deterministic=True))
    return f"{kind}-{child_id(event_id, content)[:13]}"


async def order_overseer(payload: Payload) -> None:
    """As `ask_overseer`, where it is about something that there is. Raises NotDone with the reasons
    why it can no longer be done."""
    try:
        await ask_overseer(payload)
    except Rejected as error:
        raise NotDone(str(error)) from error


def operator() -> str:
    """Who sits at the command line: whoever was let in under a name has it from his credentials."""
    named = read_settings(LocalMeshSettings).operator
    return named or f"{getpass.getuser()}@{socket.gethostname()}"
