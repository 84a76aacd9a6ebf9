"""Can one who asks mission control take what all who ask have together? And can what somebody wrote
keep others from an answer, or get one that is no problem document?"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from mission_control.api.admission import MAX_BODIES_BYTES, MAX_BODY_BYTES
from mission_control.api.application import application
from mission_control.api.problem import MEDIA_TYPE
from mission_control.api.routes.ask import MAX_ASKS
from mission_control.api.shares import Turns
from mission_control.api.streams import MAX_STREAMS
from mission_control.listening import MAX_CONNECTIONS, Connection, Connections, Stake
from mission_control.mission import Mission
from nervous_system.bus import Bus
from nervous_system.errors import Crowded
from operations.http_tokens import Tokens
from operations.queries.state import past
from operations.queries.state.kept import KeptStates
from tests.mission_control.conftest import door as door
from tests.mission_control.door import Door
from tests.real_servers import PATIENCE_SECONDS, NatsServer, wait_until


def _connect(door: Door) -> socket.socket:
    return socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE_SECONDS)


def _head(path: str, *lines: str) -> bytes:
    host = ("Host: localhost", "Content-Type: application/json")
    return "\r\n".join((f"POST {path} HTTP/1.1", *host, *lines, "", "")).encode()


def _bearer(door: Door, name: str) -> str:
    return "Bearer " + Tokens(door.home).add(name, "viewer")


def test_bodies_that_do_not_end_keep_nobody_out(door: Door) -> None:
    """Nobody let in who sends them: each waits half a minute for the rest."""
    begun = _head("/api/session", "Content-Length: 10") + b"{"
    with ExitStack() as held:
        for _ in range(MAX_CONNECTIONS + 50):
            connection = held.enter_context(closing(_connect(door)))
            with suppress(ConnectionError):  # it made room for others
                connection.sendall(begun)
        assert door.get("/health").status == 200


class _Known:
    def __init__(self, stake: Stake) -> None:
        self.stake = stake
        self.is_gone = False

    def abort(self) -> None:
        self.is_gone = True


def test_the_first_has_to_go_that_waits_for_its_client() -> None:
    for order in (list(Stake), list(reversed(Stake))):
        known = [_Known(each) for each in order]
        connections = Connections(max_open=len(known))
        for each in [*known, last := _Known(Stake.SILENT)]:
            connections.add(cast(Connection, each))
        assert [each.stake for each in known if each.is_gone] == [Stake.SILENT]
        assert not last.is_gone, "it came to ask"
    served = [_Known(Stake.SERVED) for _ in range(2)]
    connections = Connections(max_open=2)
    for each in [*served, last := _Known(Stake.SILENT)]:
        connections.add(cast(Connection, each))
    assert [each.is_gone for each in (*served, last)] == [False, False, True]


def test_one_caller_leaves_room_for_the_bodies_of_others(door: Door) -> None:
    token = _bearer(door, "vera")
    begun = _head("/api/ask", f"Authorization: {token}", f"Content-Length: {MAX_BODY_BYTES}") + b"{"
    with ExitStack() as held:
        for _ in range(MAX_BODIES_BYTES // MAX_BODY_BYTES):
            held.enter_context(closing(_connect(door))).sendall(begun)

        def is_full() -> bool:
            reply = door.post("/api/ask", {"sql": "SELECT 1"}, Authorization=token)
            said = "too much is being read for vera alone: ask again"
            return (reply.status, reply.json["detail"]) == (503, said)

        wait_until(is_full, "vera has all the room that one caller may have")
        recorded = door.post("/api/events", {"system_signal": {"status": "x"}})
        assert recorded.status == 201, recorded.body


def test_one_caller_leaves_streams_for_others(door: Door) -> None:
    head = f"GET /api/live HTTP/1.1\r\nHost: localhost\r\nAuthorization: {_bearer(door, 'vera')}"
    with ExitStack() as held:

        def opens(request: str) -> bytes:
            connection = held.enter_context(closing(_connect(door)))
            connection.sendall(f"{request}\r\n\r\n".encode())
            return connection.recv(12)

        for _ in range(MAX_STREAMS // 2):
            assert opens(head) == b"HTTP/1.1 200"
        wait_until(lambda: opens(head) == b"HTTP/1.1 503", "vera has as many as one caller may")
        assert opens("GET /api/live HTTP/1.1\r\nHost: localhost") == b"HTTP/1.1 200"


class _Silent:
    """A ClickHouse that takes every question and answers none."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._take, daemon=True).start()

    @property
    def questions(self) -> int:
        return len(self._held)

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self._held.append(self._listening.accept()[0])

    def close(self) -> None:
        self._listening.close()
        for each in self._held:
            each.close()


@pytest.fixture
def silent() -> Iterator[_Silent]:
    listening = _Silent()
    yield listening
    listening.close()


def test_one_caller_leaves_asks_for_others(
    home: Path, bus: Bus, nats_server: NatsServer, silent: _Silent
) -> None:
    """Who asks holds a thread until ClickHouse says something, also if they are gone by then."""
    door = Door(home, nats_url=nats_server.url, CLICKHOUSE_URL=silent.url)
    door.start()
    try:
        body = json.dumps({"sql": "SELECT 1"}).encode()
        token = _bearer(door, "vera")
        ask = _head("/api/ask", f"Authorization: {token}", f"Content-Length: {len(body)}") + body
        with ExitStack() as held:
            connections = [held.enter_context(closing(_connect(door))) for _ in range(5 * MAX_ASKS)]
            for each in connections:
                each.sendall(ask)
            refused = [each.recv(12) == b"HTTP/1.1 503" for each in connections]
            assert any(refused)
            assert silent.questions < len(connections)
        other = door.post("/api/ask", {"sql": "SELECT 1"}, Authorization=_bearer(door, "otto"))
        assert "ClickHouse" in other.json["detail"], other.body
    finally:
        door.kill()


async def test_no_caller_waits_for_another_one() -> None:
    turns = Turns(at_once=1, waiting=1)
    is_let_in = asyncio.Event()

    async def again() -> None:
        async with turns.turn("vera"):
            is_let_in.set()

    async with turns.turn("vera"):
        waiting = asyncio.create_task(again())
        await asyncio.sleep(0)
        with pytest.raises(Crowded, match="for vera alone"):
            async with turns.turn("vera"):
                raise AssertionError
        async with turns.turn("otto"):
            assert not is_let_in.is_set()
    await waiting


async def test_one_comparison_of_moments_is_held_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held, most = 0, 0

    async def between(*_: object, **__: object) -> None:
        nonlocal held, most
        held += 1
        most = max(most, held)
        await asyncio.sleep(0)
        held -= 1

    monkeypatch.setattr(past, "between", between)
    states = past.PastStates(cast(Bus, None), cast(KeptStates, None))
    await asyncio.gather(*(states.between("1", "2") for _ in range(5)))
    assert (held, most) == (0, 1)


def test_what_other_ports_set_keeps_no_browser_out(door: Door) -> None:
    """Cookies are shared by all ports of a name, whatever is in them."""
    own = {"Origin": f"http://localhost:{door.port}", "Host": f"localhost:{door.port}"}
    answer = door.post("/api/session", {"key": door.key}, **own)
    name = f"ganglion_{door.port}"
    real = answer.headers["Set-Cookie"].partition(";")[0]
    for cookie in (
        f'a={{"b": [1, 2]}}; {real}',
        f'a="; {real}',
        f"\u00e4=1; =; b; {real}; c=\u0001",
        f"{name}=wrong; {real}",
        f"{real}; {name}=wrong",
        f'{name}=; {real}; {name}="x"',
    ):
        sent = cookie.encode().decode("latin-1")
        assert door.get("/tasks", **own, Cookie=sent).status == 200, cookie
    for cookie in (f"x{real}", f"{name}=wrong", f"a={real}", f"{name}={name}"):
        assert door.get("/tasks", **own, Cookie=cookie).status == 401, cookie


@pytest.mark.parametrize(
    "body",
    [
        rb'{"\ud800": 1}',
        rb'{"decision": "\ud800"}',
        rb'{"decision": {"rationale": "x", "chosen_action": "x\udfff"}}',
        rb'[{"system_signal": {"\ud800": "x"}}]',
        rb'{"trace_id": "\ud800"}',
    ],
)
def test_half_a_character_is_refused_and_no_defect(door: Door, body: bytes) -> None:
    with closing(_connect(door)) as connection:
        head = _head("/api/events", f"Content-Length: {len(body)}", "Connection: close")
        connection.sendall(head + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 422"), answer
    assert "http.failed" not in door.log


async def test_a_defect_is_a_problem_too() -> None:
    """Without a mission each route has one."""
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "method": "GET", "path": "/health", "headers": [], "query_string": b""}
    with pytest.raises(AssertionError):  # whoever logs it
        await application(cast(Mission, None))(scope, receive, send)
    assert told[0]["status"] == 500
    assert (b"content-type", MEDIA_TYPE.encode()) in told[0]["headers"]
    assert json.loads(told[1]["body"])["title"] == "internal server error"
