"""Does anything but its own answer pass for the answer to a request?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.aio.msg import Msg

from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.ids import new_event_id
from nervous_system.users import OPERATOR, user_of_role
from tests.security.permitted_server import PermittedServer
from tests.security.raw_client import publish_with, raw_client

REQUEST = f"{names.REQUESTS}.{names.OVERSEER}"
SUBJECT = "swarm.events.coder.signal"
CODER = user_of_role("coder")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[PermittedServer]:
    async with PermittedServer(tmp_path).running() as server:
        yield server


async def published(bus: Bus) -> None:
    headers = {names.MESSAGE_ID: new_event_id()}
    await bus.connection.request(SUBJECT, b"mine", headers=headers, timeout_seconds=300)


async def test_who_hears_the_replies_to_others_cannot_tell_the_next_one(
    server: PermittedServer,
) -> None:
    """Both are of the shared user of a role, whose account each may listen in."""
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(message: Msg) -> None:
        heard.put_nowait(message.subject)

    async with (
        server.bus(names.OVERSEER) as overseer,
        server.bus(CODER) as victim,
        server.bus(CODER) as stranger,
    ):
        asked = asyncio.Event()

        async def keep_silent(message: Msg) -> None:
            asked.set()

        await overseer.connection.client.subscribe(
            f"{names.ASKED_BY_AGENTS}.{names.OVERSEER}", cb=keep_silent
        )
        await overseer.connection.client.flush()
        await stranger.connection.client.subscribe("_INBOX_coder.>", cb=hear)
        await stranger.connection.client.flush()
        await published(victim)
        async with asyncio.timeout(60):
            inbox, _, last = (await heard.get()).rpartition(".")
            asking = asyncio.create_task(
                victim.connection.request(REQUEST, b"may I?", timeout_seconds=300)
            )
            await asked.wait()
            number = int(last) if last.isdecimal() else 0
            guessed = [f"{inbox}.{each}" for each in range(number, number + 20)]
            for each in guessed:
                await stranger.connection.client.publish(SUBJECT, b"a stranger's", reply=each)
            while guessed:
                guessed.remove(await heard.get())  # the server answered there
            await published(victim)  # what came before was looked at
        assert not asking.done()
        asking.cancel()


@pytest.mark.parametrize(
    "headers",
    [
        b"NATS/1.0 404 x",
        b"NATS/1.0 503 x",
        b"NATS/1.0 204 EOBxx",
        b"NATS/1.0 404 Message Not Found",
    ],
)
async def test_what_stands_on_the_log_is_no_word_of_the_server(
    server: PermittedServer, headers: bytes
) -> None:
    """Without a line end the server leaves it there, and puts its own lines behind."""
    password = (server.home / "keys" / "nats" / OPERATOR).read_text().strip()
    async with (
        server.bus("ingestor") as ingestor,
        raw_client(server.server.url, user=OPERATOR, password=password) as client,
    ):
        await client.say(
            b"SUB _INBOX_operator.raw 1\r\n",
            publish_with(
                headers, b"swarm.events.operator.signal", b"junk", reply=b"_INBOX_operator.raw"
            ),
        )
        assert b'"seq"' in await client.answer()
        position = (await ingestor.stream.state()).last_sequence
        stored = await ingestor.stream.at(position)
        assert stored is not None
        assert (stored.sequence, stored.data) == (position, b"junk")
        same = await ingestor.stream.first_since(stored.recorded_at, "swarm.events.operator.>")
        assert same == stored
