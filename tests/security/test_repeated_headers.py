"""Does a header that stands in a message twice, or in no proper block, make anybody believe what
nobody vouched for? Frames as they are, on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, ROLE_OVERSEER
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from ingestor.core import examine
from ingestor.row_encoder import RowEncoder
from local_mesh.key_files import ensure_mesh_key
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.client.request_client import AnswerCheck
from nervous_system.clock import system_clock
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.header_block import UNRELIABLE, unreliable, written_by_us
from nervous_system.contract.message import Entry, encode_message
from nervous_system.contract.signature import TrustedKeys
from nervous_system.contract.stored import Stored
from nervous_system.errors import Untrusted
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from nervous_system.transport.requests import Reply
from tests.security.raw_client import publish_with, raw_client

OURS = (
    *(names.MESSAGE_ID, names.TRACEPARENT, names.REPUBLISHED_FROM, names.SEAL),
    *(names.KEY_ID, names.NONCE, names.ISSUED_AT, names.SIGNATURE, names.ASK),
)
TRACE = b"traceparent: 00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01\r\n"


@pytest.fixture
async def service(bus: Bus, mesh_settings: MeshSettings, tmp_path: Path) -> AsyncIterator[Bus]:
    """Of a mesh that has its key."""
    home = tmp_path / "home"
    home.mkdir()
    ensure_mesh_key(home)
    settings = mesh_settings.model_copy(update={"home": home})
    async with open_bus(settings, name="service") as service:
        yield service


def event(*, agent: str = "overseer/main") -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_OVERSEER if agent == "overseer/main" else ROLE_CODER,
        agent_id=agent,
        payload=SystemSignal(status="HEALTHY"),
    )


async def put(bus: Bus, headers: bytes, *, subject: str, data: bytes) -> Stored:
    """Publish this very frame; what the log has of it."""
    url = bus.connection.client.connected_url
    assert url is not None
    async with raw_client(url.geturl()) as client:
        await client.say(
            b"SUB _INBOX.raw 1\r\n",
            publish_with(headers, subject.encode(), data, reply=b"_INBOX.raw"),
        )
        assert b'"seq"' in await client.answer()
    stored = await bus.stream.at((await bus.stream.state()).last_sequence)
    assert stored is not None
    assert stored.data == data
    return stored


def lines(headers: dict[str, str]) -> list[bytes]:
    return [f"{name}: {value}\r\n".encode() for name, value in headers.items()]


def block(*each: bytes) -> bytes:
    return b"NATS/1.0\r\n" + b"".join(each) + b"\r\n"


def refused(bus: Bus, stored: Stored) -> bool:
    """Whether nobody goes by it: those who decide, and the row says so in the same words."""
    (examined,) = examine([stored], RowEncoder(epoch=1, writer=1), trusted=bus.trusted)
    warned = UNRELIABLE.encode() in examined.frame
    try:
        bus.decode_stored(stored)
    except Untrusted as error:
        assert str(error).endswith(f": its {UNRELIABLE}")
        assert warned
        return True
    assert not warned
    return False


async def test_what_is_vouched_for_counts_only_with_each_header_once(service: Bus) -> None:
    message = encode_message(
        Entry(event=event()),
        service.redactor,
        traceparent=None,
        vouch=lambda subject, message_id, data: service.vouching.for_message(
            subject,
            message_id,
            data,
            event_id=message_id,
            agent_id="overseer/main",
            now=service.clock(),
        ),
    )[0]
    true = lines(message.headers())
    assert any(line.startswith(b"Ganglion-Seal: ") for line in true)
    stored = await put(service, block(*true), subject=message.subject, data=message.data)
    assert not refused(service, stored)
    for line in (*true, TRACE):
        name, _, value = line.partition(b":")
        for other in (
            line,
            name + b": 1\r\n",
            name.lower() + b":" + value,
            name.upper() + b":x\r\n",
        ):
            base = [TRACE if each is line else each for each in (*true, line)]
            for frame in (block(*true, line, other), block(other, *base, line)):
                # One id is stored once: the bytes of the block are what is looked at here.
                changed = stored._replace(raw_headers=frame)
                assert refused(service, changed), frame
    other_id = f"Nats-Msg-Id: {new_event_id()}\r\n".encode()
    for frame in (block(other_id, *true), block(other_id, *true, *true)):
        fresh = frame.replace(other_id, f"Nats-Msg-Id: {new_event_id()}\r\n".encode())
        found = await put(service, fresh, subject=message.subject, data=message.data)
        assert refused(service, found), fresh


@pytest.mark.parametrize("name", OURS)
async def test_nor_does_what_need_not_be_vouched_for(service: Bus, bus: Bus, name: str) -> None:
    """Also where there are no keys: an event of an agent that does not sign."""
    said, subject = encode(event(agent="coder-1")), "swarm.events.coder.signal"
    twice = f"{name}: x\r\n".encode()
    own = f"Nats-Msg-Id: {new_event_id()}\r\n".encode() if name != names.MESSAGE_ID else b""
    for frame in (
        block(own, twice, twice),
        block(own, twice, b"Foreign: a\r\n", twice.lower()),
        block(own, twice)[:-2] + b"Foreign: a\nb: c\r\n\r\n",
    ):
        fresh = frame.replace(b": x", b": " + new_event_id().encode())
        fresh = fresh.replace(own, f"Nats-Msg-Id: {new_event_id()}\r\n".encode()) if own else fresh
        stored = await put(bus, fresh, subject=subject, data=said)
        for reader in (service, bus):
            assert refused(reader, stored), fresh
        assert not stored.is_history(TrustedKeys.none())


async def test_other_headers_are_as_their_publishers_like(bus: Bus) -> None:
    said, subject = encode(event(agent="coder-1")), "swarm.events.coder.signal"
    for frame in (
        block(b"A: b\r\n", b"A: c\r\n"),
        block(b"Nats-Msg-Id: %s\r\n" % new_event_id().encode(), b"A: b\r\n", b"A: c\r\n", TRACE),
        block(TRACE, b"nats-msg-id: %s\r\n" % new_event_id().encode()),
        b"NATS/1.0\r\nA\r\n\r\n",
        block(),
    ):
        stored = await put(bus, frame, subject=subject, data=said)
        assert not refused(bus, stored), frame


async def test_the_id_that_is_read_is_the_one_that_the_server_took(bus: Bus) -> None:
    """So a bell that rings for a message finds it, and whoever asks for an id gets what has it."""
    said, subject = encode(event(agent="coder-1")), "swarm.events.coder.signal"
    first, second = (f"Nats-Msg-Id: {new_event_id()}\r\n".encode() for _ in range(2))
    stored = await put(bus, block(first, second), subject=subject, data=said)
    assert stored.message_id == stored.headers[names.MESSAGE_ID] == first[13:-2].decode()
    assert (await put(bus, block(second), subject=subject, data=said)).sequence > stored.sequence
    last = (await bus.stream.state()).last_sequence
    await put(bus, block(first), subject=subject, data=said)
    assert (await bus.stream.state()).last_sequence == last


async def test_an_answer_counts_only_with_each_header_once(service: Bus) -> None:
    check = AnswerCheck(service.vouching, b"may I?")
    asked = check.next_try()[names.ASK]
    headers = lines(service.vouching.for_answer(asked, b"may I?", b"yes"))
    assert headers
    assert check.believes(Reply(b"yes", block(*headers)))
    for line in headers:
        name = line.partition(b":")[0]
        for other in (line, name + b": x\r\n", name.lower() + b": x\r\n"):
            assert not check.believes(Reply(b"yes", block(*headers, other)))
            assert not check.believes(Reply(b"yes", block(other, *headers)))
    assert not check.believes(Reply(b"yes", block(*headers)[:-2]))
    assert check.believes(Reply(b"yes", block(*headers)))


def test_what_we_write_is_known_at_one_look() -> None:
    """And it never says yes to what the long look refuses."""
    ours = [f"{name}: x\r\n".encode() for name in OURS[:-1]]
    order = [ours[0], ours[3], *ours[4:], ours[2], ours[1], b"Nats-Batch-Id: x\r\n"]
    assert written_by_us(block(*order))
    assert written_by_us(block())
    assert unreliable(block(*order)) == ""
    for place in range(len(order)):
        for line in (*order[:-1], b"A: b\r\n", b"Nats-Expected-Stream: x\nA: b\r\n"):
            changed = block(*order[:place], line, *order[place:])
            assert not written_by_us(changed)
    assert not written_by_us(block(*order)[:-2])
    assert not written_by_us(block(*order) + b"\r\n")
