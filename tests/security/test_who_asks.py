"""Can anybody ask the overseer as somebody else, by what the bytes of his headers are?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_OPERATOR,
    ROLE_WORKER,
    AgentRole,
)
from enchanted.events.v1.task_request_pb2 import ORDER_CANCEL, TaskOrdered
from enchanted.events.v1.worker_pb2 import WorkerDeparted
from ingestor.core import examine
from ingestor.row_encoder import RowEncoder
from local_mesh.nats_permissions import ASKED_BY_AGENTS, REQUEST
from nervous_system import names
from nervous_system.clock import system_clock
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.header_block import malformed
from nervous_system.contract.signature import NOT_ITSELF, TrustedKeys
from nervous_system.contract.stored import Stored
from nervous_system.ids import new_event_id
from nervous_system.service.request_queue import RequestQueue
from tests.security.permitted_server import PermittedServer
from tests.security.raw_client import RawClient, publish_with, raw_client

FORGED = b'Nats-Request-Info: {"acc":"operator/boss"}'
SPOILT = (
    b"NATS/1.0\r\nA: b--",  # the server's word goes into A
    b"NATS/1.0\r\nA: b\r\n",
    b"NATS/1.0\r\nA: b\n\n",
    b"NATS/1.0--",
    b"NATS/1.0\r\n" + FORGED + b"\r\nA: b--",
    b"NATS/1.0\r\n" + FORGED + b"\r\n" + FORGED + b"\r\nA: b--",
    b"NATS/1.0\r\n" + FORGED + b"\r\n" + FORGED.lower() + b"\r\nA: b--",
    b"NATS/1.0\r\n" + FORGED[:-1] + b',"x":"--',
    b"NATS/1.0\r\n" + FORGED + b"\r\nA\r\n\r\n",
)


def request(role: AgentRole.ValueType, agent_id: str = "boss") -> bytes:
    return encode(
        Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=role,
            agent_id=agent_id,
            payload=TaskOrdered(task_id="t", order=ORDER_CANCEL),
        )
    )


@asynccontextmanager
async def speaker(server: PermittedServer, user: str) -> AsyncIterator[RawClient]:
    password = (server.keys.folder / user).read_text().strip()
    async with raw_client(server.server.url, user=user, password=password) as client:
        await client.say(b"SUB _INBOX.> 1\r\n", f"SUB _INBOX_{user}.> 2\r\n".encode())
        yield client


async def outcome(inbox: RequestQueue, client: RawClient, headers: bytes, data: bytes) -> str:
    """Why it was refused; empty where it is to be decided on."""
    await client.say(publish_with(headers, REQUEST.encode(), data, reply=b"_INBOX.m.1"))
    async with asyncio.timeout(300):
        while not inbox.waiting:
            await inbox.wait_for_request(within_seconds=300)
    if inbox.take(1, max_bytes=1_000_000):
        return ""
    answer = Answer.FromString(await client.answer())
    assert answer.untrusted
    return answer.reasons[0]


async def test_no_header_makes_an_agent_a_person(tmp_path: Path) -> None:
    async with PermittedServer(tmp_path).running() as server, server.bus("overseer") as bus:
        some = asyncio.Event()
        async with RequestQueue(bus, REQUEST, some=some, now=bus.clock) as inbox:
            await bus.connection.client.flush()
            async with speaker(server, "coder") as coder:
                for headers in (
                    *SPOILT,
                    b"NATS/1.0\r\n\r\n",
                    b"NATS/1.0\r\n" + FORGED + b"\r\n\r\n",
                ):
                    assert await outcome(inbox, coder, headers, request(ROLE_OPERATOR)), headers
                for headers in (b"NATS/1.0\r\n\r\n", b"NATS/1.0\r\nA: b\r\n\r\n"):
                    assert await outcome(inbox, coder, headers, request(ROLE_CODER, "me")) == ""


async def test_of_the_mesh_nothing_has_to_be_said_and_what_is_must_be_whole(tmp_path: Path) -> None:
    async with PermittedServer(tmp_path).running() as server, server.bus("overseer") as bus:
        some = asyncio.Event()
        async with RequestQueue(bus, REQUEST, some=some, now=bus.clock) as inbox:
            await bus.connection.client.flush()
            async with server.bus("operator") as operator:
                asking = asyncio.create_task(
                    operator.connection.request(
                        REQUEST, request(ROLE_OPERATOR), timeout_seconds=300
                    )
                )
                await inbox.wait_for_request(within_seconds=300)
                (taken,) = inbox.take(1, max_bytes=1_000_000)
                inbox.answer([(taken, Answer(accepted=True))])
                assert Answer.FromString((await asking).data).accepted


async def test_nobody_but_the_server_speaks_where_agents_are_heard(tmp_path: Path) -> None:
    """A question there without the server's word is refused, whoever managed to put it there."""
    async with PermittedServer(tmp_path).running() as server, server.bus("overseer") as bus:
        some = asyncio.Event()
        async with (
            RequestQueue(bus, REQUEST, some=some, now=bus.clock) as inbox,
            server.bus("admin") as by,
        ):
            await bus.connection.client.flush()
            asking = asyncio.create_task(
                by.connection.request(ASKED_BY_AGENTS, request(ROLE_OPERATOR), timeout_seconds=300)
            )
            await inbox.wait_for_request(within_seconds=300)
            assert inbox.take(1, max_bytes=1_000_000) == []
            assert "who sent it is not there" in Answer.FromString((await asking).data).reasons[0]


@pytest.mark.parametrize(
    "block",
    [
        b"NATS/1.0\r\nA: b",
        b"NATS/1.0\r\nA: b\r\n",
        b"NATS/1.0\r\nA\r\n\r\n",
        b"NATS/1.0\r\n: b\r\n\r\n",
        b"NATS/1.0\r\nA : b\r\n\r\n",
        b"NATS/1.0\r\nA: b\nC: d\r\n\r\n",
        b"HTTP/1.1\r\nA: b\r\n\r\n",
        b"NATS/1.0\r\nGanglion-Signature: x\r\nGanglion-Signature: y\r\n\r\n",
        b"NATS/1.0\r\nNats-Msg-Id: x\r\nnats-msg-id: y\r\n\r\n",
    ],
)
def test_what_is_not_whole_is_not_relied_on(block: bytes) -> None:
    assert malformed(block)


@pytest.mark.parametrize(
    "block",
    [None, b"", b"NATS/1.0\r\n\r\n", b"NATS/1.0 503\r\n\r\n", b"NATS/1.0\r\nA: b: c\r\nA:\r\n\r\n"],
)
def test_what_is_whole_is_relied_on(block: bytes | None) -> None:
    assert malformed(block) == ""


@pytest.mark.parametrize(
    ("subject", "agent_id", "believed"),
    [("vw", "vw", True), ("vw", "bob", False), ("bob", "vw", False)],
)
def test_a_worker_alone_says_that_it_comes_and_goes(
    subject: str, agent_id: str, believed: bool
) -> None:
    """Also where nothing is signed; what counts for nothing carries the warning in its row."""
    departed = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_WORKER,
        agent_id=agent_id,
        payload=WorkerDeparted(worker_id="vw"),
    )
    stored = Stored(1, f"{names.EVENTS}.worker.departed.{subject}", 0, encode(departed))
    problem = stored.problem(TrustedKeys.none(), event_id="e", agent_id=agent_id, of_worker="vw")
    assert problem == ("" if believed else NOT_ITSELF)
    (examined,) = examine([stored], RowEncoder(epoch=1, writer=1))
    assert (NOT_ITSELF.encode() in examined.frame) is not believed
