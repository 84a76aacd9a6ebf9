"""Does what somebody vouched for count once more when a stranger sends it again? He reads it on the
log, and has its bytes, its signature and its seal. Frames as they are, on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER, ROLE_WORKER
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from ingestor.core import examine
from ingestor.row_encoder import RowEncoder
from local_mesh.key_files import ensure_mesh_key
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.contract.signature import OTHER_ID, Signer
from nervous_system.contract.stored import Stored
from nervous_system.errors import Untrusted
from nervous_system.ids import new_event_id
from nervous_system.settings import TRUSTED_KEYS, MeshSettings
from tests.security.raw_client import publish_with, raw_client

BEHIND = (" ", "\t", "\x0b", "\x1f", "\u00a0", "\u2028")
"""What a reader may take away, and the server does not."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Of a mesh that has its key, and lets `alpha` in, who signs."""
    home = tmp_path / "home"
    home.mkdir()
    ensure_mesh_key(home)
    alpha = Signer.generate("alpha")
    (home / "alpha").write_text(alpha.private_line)
    with (home / TRUSTED_KEYS).open("a") as lines:
        lines.write(alpha.public_line("alpha") + "\n")
    return home


@pytest.fixture
async def service(bus: Bus, mesh_settings: MeshSettings, home: Path) -> AsyncIterator[Bus]:
    settings = mesh_settings.model_copy(update={"home": home})
    async with open_bus(settings, name="service") as service:
        yield service


@pytest.fixture
async def alpha(bus: Bus, mesh_settings: MeshSettings, home: Path) -> AsyncIterator[Bus]:
    settings = mesh_settings.model_copy(update={"home": home, "signing_key": home / "alpha"})
    async with open_bus(settings, name="alpha") as alpha:
        yield alpha


def said(payload: Payload, *, agent_id: str) -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_WORKER if agent_id == "alpha" else ROLE_OVERSEER,
        agent_id=agent_id,
        payload=payload,
    )


async def last(bus: Bus) -> Stored:
    stored = await bus.stream.at((await bus.stream.state()).last_sequence)
    assert stored is not None
    return stored


async def again(bus: Bus, stored: Stored, *id_lines: bytes, ids_last: bool = False) -> Stored:
    """What the log has after a stranger sent it with these lines for its message id."""
    lines = stored.raw_headers.split(b"\r\n")[1:]
    rest = [each + b"\r\n" for each in lines if each and not each.startswith(b"Nats-")]
    block = [*rest, *id_lines] if ids_last else [*id_lines, *rest]
    url = bus.connection.client.connected_url
    assert url is not None
    async with raw_client(url.geturl()) as client:
        frame = b"NATS/1.0\r\n" + b"".join(block) + b"\r\n"
        await client.say(
            b"SUB _INBOX.raw 1\r\n",
            publish_with(frame, stored.subject.encode(), stored.data, reply=b"_INBOX.raw"),
        )
        assert b'"seq"' in await client.answer()
    return await last(bus)


def refused(bus: Bus, stored: Stored) -> str:
    """Why nobody goes by it: those who decide, and the row says so in the same words."""
    (examined,) = examine([stored], RowEncoder(epoch=1, writer=1), trusted=bus.trusted)
    try:
        bus.decode_stored(stored)
    except Untrusted as error:
        problem = str(error).partition(": its ")[2]
        assert problem.encode() in examined.frame
        return problem
    return ""


async def test_a_signed_word_counts_under_its_own_id_only(service: Bus, alpha: Bus) -> None:
    """Were it not so, a registration that is sent again would be a new life of the worker: what it
    holds would go to others while it works on it."""
    event = said(WorkerRegistered(worker_id="alpha"), agent_id="alpha")
    await alpha.publish(event, key="alpha")
    true = await last(service)
    assert names.SIGNATURE in true.headers
    assert refused(service, true) == ""
    own = f"{names.MESSAGE_ID}: {event.event_id}\r\n".encode()
    assert (await again(service, true, own)).sequence == true.sequence  # a repeat, to the log
    for other in (
        f"{names.MESSAGE_ID}: {new_event_id()}\r\n".encode(),
        f"{names.MESSAGE_ID}: \r\n".encode(),
        own.lower(),
        b"",
        *(own[:-2] + blank.encode() + b"\r\n" for blank in BEHIND),
    ):
        for ids_last in (False, True):
            found = await again(service, true, other, ids_last=ids_last)
            if found.sequence > true.sequence:
                assert refused(service, found) == OTHER_ID, other
        assert (await last(service)).sequence > true.sequence, other


async def test_a_word_whose_id_was_taken_is_signed_under_another(service: Bus, alpha: Bus) -> None:
    event = said(SystemSignal(status="HEALTHY"), agent_id="alpha")
    await alpha.publish(event, message_id=new_event_id())
    true = await last(service)
    assert true.message_id != event.event_id
    assert refused(service, true) == ""
    for other in (new_event_id(), event.event_id):
        found = await again(service, true, f"{names.MESSAGE_ID}: {other}\r\n".encode())
        assert found.sequence > true.sequence
        assert refused(service, found)


async def test_a_sealed_word_counts_once_whatever_stands_behind_its_id(service: Bus) -> None:
    event = said(SystemSignal(status="HEALTHY"), agent_id="overseer/main")
    await service.publish(event)
    true = await last(service)
    assert names.SEAL in true.headers
    assert refused(service, true) == ""
    own = f"{names.MESSAGE_ID}: {event.event_id}"
    for behind in BEHIND:
        for line, ids_last in ((own + behind, False), (own + 2 * behind, True)):
            found = await again(service, true, f"{line}\r\n".encode(), ids_last=ids_last)
            assert found.sequence > true.sequence, line
            assert refused(service, found), line
