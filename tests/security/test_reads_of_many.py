"""Can somebody who reads the log keep everybody's acknowledgements waiting? One message an answer,
and not through their queue (decision 31)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from local_mesh.nats_keys import NamedUser
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.contract.message import Message
from nervous_system.errors import Forbidden
from nervous_system.users import MAINTENANCE, OPERATOR, SERVICES
from tests.security.permitted_server import PermittedServer
from tests.security.raw_client import publish, raw_client

DIRECT = f"$JS.API.DIRECT.GET.{names.STREAM}"
CODERS = "swarm.events.coder.decision"
MANY = (
    {"seq": 1, "next_by_subj": ">", "batch": 1_000_000},
    {"multi_last": [names.ALL_EVENTS], "batch": 1_000_000},
    {"multi_last": [names.ALL_EVENTS]},
    {"seq": 1, "batch": 1_000_000, "max_bytes": 2**30},
)
NAMED = (
    NamedUser("ext coder", "coder"),
    NamedUser("ext worker", "worker", works=True),
    NamedUser("boss", OPERATOR),
)
STANDING = ("architect", "coder", "coder_worker", "reviewer", "worker", OPERATOR, MAINTENANCE)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[PermittedServer]:
    async with PermittedServer(tmp_path).running() as server:
        yield server


async def _fill(bus: Bus, count: int) -> None:
    messages = [
        Message(subject=CODERS, data=b"%d" % number, message_id=f"m{number}")
        for number in range(count)
    ]
    await bus.publisher.append_batch(messages)


@asynccontextmanager
async def _everybody_else(folder: Path) -> AsyncIterator[tuple[PermittedServer, list[Bus]]]:
    """A server, and all who are no service, as one of its users each."""
    server = PermittedServer(folder)
    server.keys.make()
    passwords = [server.keys.add(each) for each in NAMED]
    await server.start()
    try:
        async with AsyncExitStack() as stack:
            buses = [await stack.enter_async_context(server.bus(each)) for each in STANDING]
            for named, password in zip(NAMED, passwords, strict=True):
                own = {"nats_user": named.user, "nats_password": password}
                settings = server.settings.model_copy(update=own)
                buses.append(await stack.enter_async_context(open_bus(settings, name="x")))
            yield server, buses
    finally:
        server.server.kill()


async def test_who_is_no_service_reads_single_messages_only(tmp_path: Path) -> None:
    """Many at once fails at once, with a sentence: each deadline is longer than the test's."""
    async with (
        _everybody_else(tmp_path) as (server, buses),
        server.bus("coder") as coder,
        server.bus("overseer") as service,
    ):
        await _fill(coder, 20)
        odd = {names.MESSAGE_ID: "odd", "Status": "404", "x": "a: b"}
        await coder.connection.request(CODERS, bytes(range(256)), headers=odd, timeout_seconds=300)
        stored = [await service.stream.at(each) for each in range(1, 22)]
        assert stored[20] is not None and stored[20].data == bytes(range(256))
        for bus in buses:
            for subject in (DIRECT, f"{DIRECT}.{CODERS}"):
                for body in MANY:
                    with pytest.raises(Forbidden, match="forbids this user the publish to"):
                        await bus.connection.request(
                            subject, json.dumps(body).encode(), timeout_seconds=600
                        )
            together = await asyncio.gather(*map(bus.stream.at, range(1, 22)))
            assert together == stored
            assert await bus.stream.at(1000) is None
            assert await bus.stream.last_on(CODERS) == stored[20]
            assert await bus.stream.next_on(CODERS, at_least=7) == stored[6]
            assert await bus.stream.next_on("swarm.events.*.none", at_least=1) is None


@pytest.mark.parametrize("body", MANY)
async def test_a_read_of_many_has_one_answer(server: PermittedServer, body: object) -> None:
    """Under the name under which single messages are read."""
    async with server.bus("coder") as bus:
        await _fill(bus, 20)
        reply = await bus.connection.request(
            names.LOG_MESSAGE, json.dumps(body).encode(), timeout_seconds=60
        )
        assert "bad request" in json.loads(reply.data)["error"]["description"]
        answers: list[bytes] = []
        inbox = "_INBOX.many"
        await bus.connection.listen(inbox, lambda *arrived: answers.append(bytes(arrived[2])))
        for _ in range(10):
            await bus.connection.client.publish(
                names.LOG_MESSAGE, json.dumps(body).encode(), reply=inbox
            )
        # What is asked after them is answered after them.
        while len(answers) < 10:
            await bus.stream.at(1)
        assert await bus.stream.at(1) is not None
        assert len(answers) == 10


@pytest.mark.parametrize("large", [1, 500_000])
async def test_a_flood_of_reads_lets_acknowledgements_through(
    server: PermittedServer, large: int
) -> None:
    """From several connections that read nothing; services look at the log meanwhile."""
    password = (server.home / "keys" / "nats" / "coder").read_text().strip()
    questions = [
        (names.LOG_MESSAGE, {"seq": 1}),
        (names.LOG_MESSAGE, {"seq": 1, "next_by_subj": ">"}),
        (names.LOG_MESSAGE, MANY[0]),
        (names.LOG_STATE, {}),
        (DIRECT, MANY[0]),
        (DIRECT, MANY[1]),
    ]
    flood = b"".join(
        publish(subject.encode(), json.dumps(body).encode(), reply=b"_INBOX.flood.1")
        for subject, body in questions
    )
    async with (
        server.bus("coder") as coder,
        server.bus("reviewer") as reviewer,
        server.bus("overseer") as service,
        AsyncExitStack() as stack,
    ):
        await coder.connection.request(CODERS, b"x" * large, timeout_seconds=300)
        await _fill(coder, 1000)
        for _ in range(4):
            client = await stack.enter_async_context(
                raw_client(server.server.url, user="coder", password=password)
            )
            await client.say(b"SUB _INBOX.flood.* 1\r\n")
            await client.flood(*[flood] * 100)
        for number in range(20):
            answer = await reviewer.connection.request(
                "swarm.events.reviewer.decision", b"%d" % number, timeout_seconds=250
            )
            position = json.loads(answer.data)["seq"]
            assert position == 1002 + number
            body = json.dumps({"seq": position}).encode()
            stored = await service.connection.request(DIRECT, body, timeout_seconds=250)
            assert stored.data == b"%d" % number


async def test_only_services_read_directly(server: PermittedServer) -> None:
    async with server.bus("coder") as coder:
        await _fill(coder, 3)
    for name in SERVICES:
        async with server.bus(name) as bus:
            reply = await bus.connection.request(DIRECT, b'{"seq": 2}', timeout_seconds=300)
            assert bytes(reply.data) == b"1"
            stored = await bus.stream.at(2)
            assert stored is not None and (stored.data, stored.message_id) == (b"1", "m1")
