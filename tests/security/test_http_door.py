"""Who gets in at mission control, and what can a stranger do there?"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from local_mesh.home import Home
from mission_control.api.admission import MAX_BODY_BYTES
from mission_control.listening import MAX_CONNECTIONS, MAX_HEAD_BYTES
from nervous_system.bus import Bus
from nervous_system.errors import Fatal
from operations.http_tokens import FILE, Tokens
from tests.mission_control.conftest import door as door
from tests.mission_control.door import Door, Reply
from tests.real_servers import PATIENCE_SECONDS, NatsServer

SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _is_safe(reply: Reply) -> bool:
    """Every answer, also to who is not let in."""
    csp = reply.headers["Content-Security-Policy"]
    return (
        all(reply.headers[name] == value for name, value in SAFE.items())
        and "default-src 'none'" in csp
        and "unsafe" not in csp
        and not any(name.lower().startswith("access-control") for name in reply.headers)
        and "Server" not in reply.headers
    )


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (200, {"Host": "localhost"}),
        (200, {"Sec_Fetch_Mode": "cors"}),  # as Node's own fetch says it
        (421, {"Host": "evil.example"}),  # its name was made to lead here
        (421, {"Host": "localhost.evil.example:4040"}),
        (403, {"Origin": "http://evil.example"}),
        (403, {"Origin": "null"}),
        (403, {"Origin": "http://localhost:3000", "Host": "localhost:4040"}),
        (403, {"Sec_Fetch_Site": "cross-site"}),
        (403, {"Sec_Fetch_Site": "same-site"}),  # another port of this machine
        (401, {"Sec_Fetch_Site": "none"}),  # a browser that nobody let in
        (401, {"Sec_Fetch_Site": "same-origin"}),
        (401, {"Origin": "http://localhost:4040", "Host": "localhost:4040"}),
        (401, {"X_Forwarded_For": "127.0.0.1"}),  # by way of a proxy
        (401, {"Forwarded": "for=127.0.0.1"}),
        (401, {"Authorization": "Bearer wrong"}),
        (401, {"Authorization": "Basic YTpi"}),
        (401, {"Cookie": "{cookie}=wrong"}),
    ],
)
def test_a_program_on_this_machine_is_let_in_and_no_page(
    door: Door, status: int, headers: dict[str, str]
) -> None:
    given = {name: value.format(cookie=f"ganglion_{door.port}") for name, value in headers.items()}
    reply = door.get("/tasks", **given)
    assert reply.status == status, reply.body
    assert _is_safe(reply)
    assert status == 200 or reply.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("target", ["http://evil.example/tasks", "*", "//evil.example/tasks"])
def test_it_is_no_proxy(door: Door, target: str) -> None:
    assert door.get(target).status in (400, 404)


def test_what_changes_something_no_form_can_send(door: Door) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""):
        reply = door.post("/tasks", {"action": "dig"}, Content_Type=kind)
        assert (reply.status, _is_safe(reply)) == (415, True), kind
    assert door.ask("POST", "/tasks").status == 415
    assert door.ask("POST", "/tasks", headers={"Ganglion_Request": "1"}).status == 422


def test_a_browser_is_let_in_by_a_key_that_is_good_once(door: Door) -> None:
    own = {"Origin": f"http://localhost:{door.port}", "Host": f"localhost:{door.port}"}
    key = door.key
    assert door.post("/api/session", {"key": "wrong"}, **own).status == 401
    assert door.post("/api/session", {"key": key}, Origin="http://evil.example").status == 403
    reply = door.post("/api/session", {"key": key}, **own)
    assert reply.status == 204
    name, _, rest = reply.headers["Set-Cookie"].partition("=")
    cookie, *attributes = rest.split("; ")
    assert name == f"ganglion_{door.port}"
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(attributes)
    assert "Domain" not in rest
    assert door.post("/api/session", {"key": key}, **own).status == 401, "twice"
    assert door.key != key, "the next browser has another"
    with_it = {**own, "Cookie": f"a=b; {name}={cookie}"}
    assert door.get("/tasks", **with_it).status == 200
    assert door.get("/tasks", Cookie=with_it["Cookie"], Origin="http://evil.example").status == 403
    assert door.ask("DELETE", "/api/session", headers=with_it).status == 204
    assert door.get("/tasks", **with_it).status == 401


def test_the_key_is_for_its_owner_only(door: Door) -> None:
    assert Home.at(door.home).http_key.stat().st_mode & 0o777 == 0o600
    assert door.key not in door.log


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_may_what_its_scope_says_until_it_is_revoked(door: Door) -> None:
    tokens = Tokens(door.home)
    viewer, operator = tokens.add("vera", "viewer"), tokens.add("otto", "operator")
    kept = (door.home / FILE).read_text()
    assert viewer not in kept
    assert (door.home / FILE).stat().st_mode & 0o777 == 0o600
    assert door.get("/tasks", Authorization=f"Bearer {viewer}").status == 200
    refused = door.post("/tasks", {"action": "dig"}, Authorization=f"Bearer {viewer}")
    assert (refused.status, "vera" in refused.json["detail"]) == (403, True)
    assert door.ask("DELETE", "/tasks/t", headers=_bearer(viewer)).status == 403
    assert door.ask("DELETE", "/tasks/t", headers=_bearer(operator)).status == 404
    assert tokens.revoke("vera")
    assert door.get("/tasks", Authorization=f"Bearer {viewer}").status == 401
    assert door.get("/tasks", Authorization=f"Bearer {operator}").status == 200


@pytest.mark.parametrize(
    "content", ["x\n", "vera root " + "0" * 64 + "\n", "vera viewer 00\n", "\n", "v\x00 viewer x\n"]
)
def test_a_file_that_is_no_list_of_tokens_lets_nobody_in(tmp_path: Path, content: str) -> None:
    tokens = Tokens(tmp_path)
    token = tokens.add("vera", "viewer")
    path = tmp_path / FILE
    path.write_text(path.read_text() + content)
    with pytest.raises(Fatal, match="line 2 of"):
        tokens.caller(token)
    path.write_text("")
    path.chmod(0o644)
    with pytest.raises(Fatal, match="others may read"):
        tokens.caller(token)


@pytest.fixture
def demanding(home: Path, bus: Bus, nats_server: NatsServer) -> Iterator[Door]:
    """It was given a token, so everybody needs one."""
    started = Door(
        home,
        nats_url=nats_server.url,
        COLONY_SECRET_TOKEN="0123456789abcdef",
        GANGLION_HTTP_REQUESTS_PER_SECOND="5",
    )
    started.start()
    yield started
    started.kill()


def test_where_a_token_is_set_everybody_needs_one(demanding: Door) -> None:
    assert demanding.get("/tasks").status == 401
    mine = {"Authorization": "Bearer 0123456789abcdef"}
    assert demanding.get("/tasks", **mine).status == 200
    assert demanding.get("/tasks", Authorization="Bearer 0123456789abcdeg").status == 401
    assert "0123456789abcdef" not in demanding.log
    statuses = [demanding.get("/tasks", **mine).status for _ in range(60)]
    # On a machine so slow that it asks less than five times a second nothing is too often.
    assert set(statuses) <= {200, 429}
    assert demanding.get("/health").status == 200, "others are not kept out by that"


def _connect(door: Door) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _told(door: Door, request: bytes) -> bytes:
    """Until it is closed; empty where it was just closed."""
    with closing(_connect(door)) as connection:
        answer = b""
        try:
            connection.sendall(request)
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionError:
            pass
        return answer


def test_a_body_has_a_limit_said_or_not(door: Door) -> None:
    head = "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    said = f"{head}Content-Length: {10 * 1024**2}\r\n\r\n"
    assert _told(door, said.encode()).startswith(b"HTTP/1.1 413")
    piece = b"%x\r\n" % 65536 + b" " * 65536 + b"\r\n"
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()
    answer = _told(door, chunked + piece * (MAX_BODY_BYTES // 65536 + 2))
    assert answer.startswith(b"HTTP/1.1 413") or not answer  # closed while it was still sent
    assert door.get("/health").status == 200


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 100_000, b'{"action": ' + b"9" * 10_000 + b"}", b"\xff", b"", b"nul"]
)
def test_broken_json_is_said(door: Door, body: bytes) -> None:
    head = (
        "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    status = _told(door, head.encode() + body).split(b" ")[1]
    assert status in (b"400", b"422")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES * 2,
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 2\r\n\r\nxx",
        b"GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_clear_request_is_refused(door: Door, request_: bytes) -> None:
    answer = _told(door, request_)
    assert not answer or answer.split(b" ")[1][:1] in (b"4", b"2")
    assert b"Traceback" not in answer
    if b"Transfer-Encoding" not in request_:
        assert not answer.startswith(b"HTTP/1.1 200")


def test_many_that_ask_nothing_keep_nobody_out(door: Door) -> None:
    """Silent, in the middle of a head, and with a head that does not end."""
    with ExitStack() as held:
        for number in range(2 * MAX_CONNECTIONS):
            connection = held.enter_context(closing(_connect(door)))
            begun = (b"", b"GET /hea", b"GET / HTTP/1.1\r\nX: " + b"x" * 500)
            with suppress(ConnectionError):  # it made room for others
                connection.sendall(begun[number % 3])
        assert door.get("/health").status == 200
        assert door.process is not None
        descriptors = len([*Path(f"/proc/{door.process.pid}/fd").iterdir()])
        assert descriptors < MAX_CONNECTIONS + 100


def test_who_reads_no_answer_harms_no_other(door: Door) -> None:
    """It sends request after request, and takes nothing of what comes back."""
    with closing(_connect(door)) as stalled:
        stalled.settimeout(1.0)
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        began = time.monotonic()
        with suppress(TimeoutError, ConnectionError):
            while time.monotonic() - began < PATIENCE_SECONDS:
                stalled.sendall(request)
        assert door.get("/health").status == 200


def test_half_a_request_is_none(door: Door) -> None:
    """Whoever is gone in the middle of a body may have meant more than came."""
    body = b'{"system_signal": {"status": "HEALTHY"}}'
    head = (
        b"POST /api/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body)
    )
    with closing(_connect(door)) as connection:
        connection.sendall(head + body + b"\r\n")  # valid, and not said to be all
    with closing(_connect(door)) as connection:
        connection.sendall(head + body + b"\r\n")
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            connection.recv(65536)
    whole = door.post("/api/events", {"system_signal": {"status": "HEALTHY"}})
    assert whole.json["as_of"] == 1, "it is the first on record"


def test_strangers_take_nobodys_room(demanding: Door) -> None:
    """They may ask to be let in, slowly, and as many as there is room for of others' bodies."""
    mine = {"Authorization": "Bearer 0123456789abcdef"}
    with ExitStack() as held:
        for size in [MAX_BODY_BYTES] * 20 + [1_000] * 20:
            connection = held.enter_context(closing(_connect(demanding)))
            head = (
                "POST /api/session HTTP/1.1\r\nHost: localhost\r\n"
                f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n{{"
            )
            connection.sendall(head.encode())
        recorded = demanding.post("/api/events", {"system_signal": {"status": "x"}}, **mine)
        assert recorded.status == 201, recorded.body
    while (large := demanding.post("/api/session", {"key": "x" * 5_000})).status == 429:
        pass  # so many strangers are told to wait
    assert large.status == 413
