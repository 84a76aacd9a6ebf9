"""Is a name only ever a name? Nothing of the text that somebody chooses is read as a command."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from enchanted.events.v1.answer_pb2 import Answer
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.agent import open_agent
from nervous_system.client.worker import open_worker
from nervous_system.contract.signature import Signer, TrustedKeys
from nervous_system.contract.subjects import inbox_prefix, token
from nervous_system.ids import child_id, subject_key
from nervous_system.service.request_queue import RequestQueue
from nervous_system.settings import MeshSettings
from nervous_system.transport.connection import Connection
from nervous_system.transport.frame import frame
from tests.security.raw_client import publish, raw_client

NAMES = {
    "a blank": "Claude Code",
    "line breaks": "a\r\nPUB swarm.events.coder.injected 2\r\nhi\r\n",
    "NUL": "a\0b",
    "blanks": " \t ",
    "a form feed": "a\fb\vc",
    "wildcards": "*",
    "all": ">",
    "dots": "..a..b.",
    "much": "n" * 5_000,
    "emoji": "🐝" * 500,
    "a quote": "\"},'--",
    "upwards": "../../../etc/passwd",
    "right to left": "\u202eabc\u2066",
    "line separators": "a\u2028b\u0085c",
}
EACH_NAME = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


@EACH_NAME
async def test_an_agent_may_be_called_anything(
    name: str, bus: Bus, mesh_settings: MeshSettings
) -> None:
    async with open_agent(
        mesh_settings.nats_url, role="coder", agent_id=name, settings=mesh_settings
    ) as agent:
        await agent.decide(rationale="it must be said", chosen="say it")
    (stored,) = [each async for each in bus.replay()]
    assert decode_stored(stored).event.agent_id == name
    assert stored.subject == "swarm.events.coder.decision"


@EACH_NAME
async def test_a_worker_may_be_called_anything(
    name: str, bus: Bus, mesh_settings: MeshSettings
) -> None:
    async with (
        open_worker(mesh_settings.nats_url, worker_id=name, settings=mesh_settings) as worker,
        asyncio.timeout(300),
    ):
        await worker.command_listener.wait_until_informed()
        await worker.heartbeat()
    subjects = [each.subject async for each in bus.replay()]
    assert subjects == [
        f"swarm.events.worker.{word}.{token(name)}"
        for word in ("registered", "heartbeat", "departed")
    ]


@pytest.mark.parametrize("name", ["\ud800", "", *NAMES.values()])
async def test_a_connection_may_be_called_anything(name: str, mesh_settings: MeshSettings) -> None:
    connection = await Connection.open(mesh_settings, name=name)
    try:
        assert await connection.request_json("$JS.API.INFO", {})
    finally:
        await connection.close()


@pytest.mark.parametrize("name", ["\ud800", "", *NAMES.values()])
def test_a_name_is_one_word_wherever_it_stands_in_a_subject(name: str) -> None:
    for word in (token(name), subject_key(name), inbox_prefix(name), child_id(name, name)):
        assert word.isascii()
        assert word.replace("_", "").replace("-", "").isalnum()
        assert len(word) <= 210


def test_who_is_called_plainly_keeps_his_name() -> None:
    assert inbox_prefix("coder-1") == "_INBOX_coder-1"
    assert inbox_prefix("coder.1") not in ("_INBOX_coder.1", inbox_prefix("coder_1"))


def test_a_line_break_in_a_header_ends_no_header() -> None:
    injecting = {"Nats-Msg-Id": "a\r\nNats-Expected-Last-Sequence: 0\r\n\r\nx\nPUB y 0"}
    framed = frame("swarm.events.coder.decision", b"x", headers=injecting)
    assert framed.count(b"\r\n") == 5  # the line, the version, one header, the blank line, the end
    assert framed.count(b"\n") == 5


ODD_SUBJECTS = [b"swarm.events.coder.a\fb", b"swarm.events.coder.\v", b"swarm.events.coder.\xff"]


@pytest.mark.parametrize("subject", ODD_SUBJECTS)
async def test_a_subject_that_is_no_text_stops_no_reader(
    subject: bytes, bus: Bus, mesh_settings: MeshSettings
) -> None:
    async with raw_client(mesh_settings.nats_url) as stranger:
        await stranger.say(publish(subject, b"hello"), publish(b"swarm.events.coder.next", b""))
    found: list[str] = []
    async with asyncio.timeout(300), bus.reader(start_sequence=1) as reader:
        while len(found) < 2:
            found += [
                each.subject for each in await reader.batch(max_messages=10, within_seconds=5)
            ]
    assert found == [subject.decode(errors="replace"), "swarm.events.coder.next"]
    assert bus.connection.generation == 0, "the connection was lost over it"


async def test_a_stranger_stops_no_leader_by_where_he_wants_his_answer(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    """Neither by a subject that is no text, nor by one on which only the leader may speak."""
    some = asyncio.Event()
    async with RequestQueue(bus, "swarm.requests.overseer", some=some, now=bus.clock) as inbox:
        async with raw_client(mesh_settings.nats_url) as stranger:
            term = b"swarm.events.overseer.leadership_taken.main"
            for reply in (b"_INBOX.\xff", b"a\fb", b"\v", term, b"$JS.API.STREAM.DELETE.X"):
                await stranger.say(publish(b"swarm.requests.overseer", b"junk", reply=reply))
        asking = bus.connection.request("swarm.requests.overseer", b"junk", timeout_seconds=300)
        answering = asyncio.create_task(asking)
        async with asyncio.timeout(300):
            await inbox.wait_for_request(within_seconds=300)
            while not answering.done():
                inbox.take(10, max_bytes=10_000)
                await asyncio.sleep(0)
        assert Answer.FromString((await answering).data).reasons
    assert (await bus.stream.state()).messages == 0
    assert bus.connection.generation == 0


@EACH_NAME
def test_a_key_speaks_for_whoever_is_called_so_and_nobody_else(name: str, tmp_path: Path) -> None:
    """A name is one word of one line, and adds no key of its own."""
    signer = Signer.generate("key")
    evil = f"{name}\nevil {signer.public_line().split()[1]} *"
    for named in (name, evil):
        file = tmp_path / "trusted_keys"
        file.write_text(f"{signer.public_line(named)} other\n", encoding="utf-8")
        (key_id, trusted), *others = TrustedKeys.read(file).keys.items()
        assert (key_id, trusted.agents, others) == ("key", (named, "other"), [])
