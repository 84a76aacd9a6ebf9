"""Is what happens told as it happens, from a position on, and to whom is what is missed told?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from nervous_system.bus import Bus
from nervous_system.client.agent import Agent
from operations.http_tokens import Tokens
from operations.queries import live_feed
from operations.queries.live_feed import LiveFeed, MissedPositions, NothingNew
from tests.mission_control.door import Door
from tests.real_servers import PATIENCE_SECONDS, NatsServer, wait_until


def _agent(bus: Bus, name: str = "coder-1") -> Agent:
    return Agent(bus, role=ROLE_CODER, agent_id=name)


@asynccontextmanager
async def _listening(door: Door, path: str, **headers: str) -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
    try:
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        yield reader
    finally:
        writer.transport.abort()


async def _message(reader: asyncio.StreamReader) -> tuple[int, str, dict[str, object]]:
    """The next that says something: its id, its event and its data."""
    fields: dict[str, str] = {}
    while True:
        line = (await reader.readline()).decode().rstrip("\n")
        name, _, value = line.partition(": ")
        if name in ("id", "event", "data"):
            fields[name] = value
        if not line and "data" in fields:
            return int(fields["id"]), fields["event"], json.loads(fields["data"])


async def test_events_come_as_they_are_recorded_and_from_where_one_was(
    door: Door, bus: Bus
) -> None:
    agent = _agent(bus)
    first = await agent.decide(rationale="why\n\u2028 not", chosen="one")
    async with _listening(door, "/api/live?after=0") as reader:
        position, event, data = await _message(reader)
        assert (position, event) == (first.sequence, "event")
        assert data["decision"] == {"rationale": "why\n\u2028 not", "chosen_action": "one"}
        assert data["sentence"]
        second = await agent.decide(rationale="why", chosen="two")
        assert (await _message(reader))[0] == second.sequence
    third = await agent.decide(rationale="why", chosen="three")
    async with _listening(door, "/api/live", **{"Last-Event-ID": str(second.sequence)}) as reader:
        assert (await _message(reader))[0] == third.sequence


async def test_one_hears_what_one_wants(door: Door, bus: Bus) -> None:
    async with _listening(door, "/api/live?kind=decision&agent=coder-2") as reader:
        while not (await reader.readline()).startswith(b"id: "):
            pass  # it listens from here on
        await _agent(bus).decide(rationale="why", chosen="one")
        await _agent(bus, "coder-2").signal("HEALTHY")
        mine = await _agent(bus, "coder-2").decide(rationale="why", chosen="two")
        assert (await _message(reader))[0] == mine.sequence
    assert door.get("/api/live?kind=nothing").status == 422


async def test_a_position_behind_the_end_is_not_there(door: Door) -> None:
    for path in ("/api/live?after=7", "/api/live?after=-1", "/api/live?after=x"):
        assert door.get(path).status in (404, 422)


async def test_a_websocket_hears_the_same(door: Door, bus: Bus) -> None:
    decision = await _agent(bus).decide(rationale="why", chosen="one")
    url = f"ws://localhost:{door.port}/ws/events"
    async with connect(f"{url}?after=0") as socket:
        frame = json.loads(await socket.recv())
    assert frame.keys() == {"type", "data", "timestamp", "source", "seq"}
    assert (frame["type"], frame["source"], frame["seq"]) == ("decision", "coder-1", 1)
    assert frame["data"]["event_id"] == decision.event_id
    for path, status in (("?after=9", 404), ("?kind=nothing", 422)):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url + path):
                pass
        assert refused.value.response.status_code == status


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (403, {"Origin": "http://evil.example"}),
        (403, {"Origin": "http://localhost:3000"}),
        (401, {"Authorization": "Bearer wrong"}),
    ],
)
async def test_no_page_of_another_opens_a_websocket(
    door: Door, status: int, headers: dict[str, str]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://localhost:{door.port}/ws/events", additional_headers=headers):
            pass
    assert refused.value.response.status_code == status


async def test_who_is_slow_is_told_what_it_missed_and_nothing_grows(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "MAX_KEPT", 3)
    feed, agent = LiveFeed(bus), _agent(bus)
    async with (
        aclosing(feed.follow(0, quiet_seconds=3600.0)) as slow,
        aclosing(feed.follow(0, quiet_seconds=3600.0)) as quick,
    ):
        for heard in (1, 2):  # one from the log, one of those that are kept
            await agent.signal("HEALTHY")
            for listener in (slow, quick):
                assert [each.sequence for each in await anext(listener)] == [heard]
        for sequence in range(3, 12):
            await agent.signal("HEALTHY")
            while heard < sequence:
                batch = await anext(quick)
                assert not isinstance(batch, MissedPositions | NothingNew)
                heard = batch[-1].sequence
        assert await anext(slow) == MissedPositions(3, 8)
        assert [each.sequence for each in await anext(slow)] == [9, 10, 11]


async def test_who_begins_far_back_reads_all_at_its_own_pace(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "MAX_KEPT", 3)
    monkeypatch.setattr(live_feed, "MAX_BATCH", 2)
    agent = _agent(bus)
    for _ in range(9):
        await agent.signal("HEALTHY")
    heard: list[int] = []
    async with aclosing(LiveFeed(bus).follow(2, quiet_seconds=0.0)) as told:
        async for each in told:
            if isinstance(each, NothingNew):
                if each.sequence < 10:
                    if heard[-1] == 9:
                        await agent.signal("HEALTHY")
                        heard.append(-1)
                    continue
                break
            assert not isinstance(each, MissedPositions)
            heard += [position.sequence for position in each]
    assert [each for each in heard if each > 0] == list(range(3, 11))


async def test_it_ends_though_somebody_listens(door: Door) -> None:
    assert door.process is not None
    async with (
        _listening(door, "/api/live") as reader,
        connect(f"ws://localhost:{door.port}/ws/events") as socket,
    ):
        assert await asyncio.to_thread(door.process.terminate) == 0
        assert (await reader.read()).endswith(b"0\r\n\r\n"), "the stream has its end"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012, "come again"
    assert "drain_timed_out" not in door.log


async def test_who_is_let_in_no_more_hears_no_more(door: Door, bus: Bus) -> None:
    tokens = Tokens(door.home)
    mine = {"Authorization": f"Bearer {tokens.add('vera', 'viewer')}"}
    async with (
        _listening(door, "/api/live?after=0", **mine) as reader,
        connect(f"ws://localhost:{door.port}/ws/events", additional_headers=mine) as socket,
    ):
        heard = await _agent(bus).decide(rationale="why", chosen="one")
        assert (await _message(reader))[0] == heard.sequence
        assert json.loads(await socket.recv())["seq"] == heard.sequence
        tokens.revoke("vera")
        await _agent(bus).decide(rationale="why", chosen="a secret")
        assert b"a secret" not in await reader.read()
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_nothing_is_read_while_nobody_listens(bus: Bus) -> None:
    feed = LiveFeed(bus)
    async with aclosing(feed.follow(0, quiet_seconds=0.0)) as told:
        assert await anext(told) == NothingNew(0)
        assert any(each.get_name() == "live feed" for each in asyncio.all_tasks())
    assert not any(each.get_name() == "live feed" for each in asyncio.all_tasks())


async def test_who_comes_after_the_last_has_gone_waits_as_the_first_did(bus: Bus) -> None:
    feed = LiveFeed(bus)
    for _ in range(3):  # without end, and without a turn for anybody else, if it does not wait
        async with aclosing(feed.follow(0, quiet_seconds=0.0)) as told:
            assert await anext(told) == NothingNew(0)


async def test_whoever_listens_hears_on_after_the_log_was_away(
    door: Door, bus: Bus, nats_server: NatsServer
) -> None:
    async with _listening(door, "/api/live?after=0") as reader:
        first = await _agent(bus).decide(rationale="why", chosen="one")
        assert (await _message(reader))[0] == first.sequence
        nats_server.kill()
        away = await asyncio.to_thread(door.get, "/health")
        assert (away.status, away.headers["Content-Type"]) == (503, "application/problem+json")
        nats_server.start()
        await bus.connection.wait_connected(timeout_seconds=PATIENCE_SECONDS)
        second = await _agent(bus).decide(rationale="why", chosen="two")
        assert (await _message(reader))[0] == second.sequence
    await asyncio.to_thread(
        wait_until, lambda: door.get("/health").status == 200, "it answers again"
    )
