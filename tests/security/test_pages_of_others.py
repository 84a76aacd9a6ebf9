"""Does a port of ours answer pages of other sites, which a browser on this machine shows?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from nervous_system.browsers import LOOPBACK_NAMES, asks_for_another, comes_from_another_site
from nervous_system.telemetry.endpoint import MAX_CONNECTIONS, MAX_REQUEST_BYTES, Endpoint
from nervous_system.telemetry.health import Health
from nervous_system.telemetry.metrics import Metrics
from tests.security.clickhouse_front import DEFAULT, Front

HERE = "127.0.0.1:8123"
FOREIGN_HOSTS = (
    *("evil.example", "evil.example:8123", "127.0.0.1.evil.example", "", "[::1", "localhost."),
    *("127.0.0.1@evil.example", "evil.example#127.0.0.1", "127.0.0.2", "0.0.0.0", "[::]:8123"),
    *("evil@127.0.0.1", "evil:x@127.0.0.1:8123", "127.0.0.1 evil", "127.0.0.1/evil", "localhost:x"),
    *("127.0.0.1:", "127.0.0.1:8123:1", "127.0.0.1,evil", "[::1]evil", "[127.0.0.1]", "[::1%25lo]"),
    *(
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
        "http://127.0.0.1",
        "127.0.0.1?",
        "l\u00f6calhost",
        "::1",
    ),
)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8123", "localhost:1", "LOCALHOST", "[::1]:8123", "[0:0:0:0:0:0:0:1]"]
)
def test_its_own_names_are_answered(host: str) -> None:
    assert asks_for_another([host], LOOPBACK_NAMES) == ""


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_another_name_is_not(host: str) -> None:
    """The site's name was made to lead here (DNS rebinding), or it is no name at all."""
    assert repr(host) in asks_for_another([host], LOOPBACK_NAMES)


def test_one_header_names_the_host() -> None:
    assert asks_for_another([], LOOPBACK_NAMES)
    assert asks_for_another([HERE, HERE], LOOPBACK_NAMES)


def test_a_name_that_was_configured_is_answered() -> None:
    assert asks_for_another(["clickhouse:8123"], {"clickhouse"}) == ""


@pytest.mark.parametrize(
    ("origins", "sites"),
    [
        *(([each], []) for each in ("http://evil.example", "null", "http://127.0.0.1:3000", "")),
        *(([each], []) for each in (f"https://{HERE}", f"http://{HERE}.evil.example")),
        *(([], [each]) for each in ("cross-site", "same-site", "Cross-Site", "")),
        ([f"http://{HERE}"], ["cross-site"]),
        ([f"http://{HERE}", "http://evil.example"], []),
        ([], ["none", "cross-site"]),
    ],
)
def test_a_page_of_another_site_is_refused(origins: list[str], sites: list[str]) -> None:
    assert comes_from_another_site(host=HERE, origins=origins, sites=sites)


@pytest.mark.parametrize(
    ("origins", "sites"),
    [([], []), ([f"http://{HERE}"], []), ([], ["none"]), ([f"http://{HERE}"], ["same-origin"])],
)
def test_a_program_and_a_person_are_answered(origins: list[str], sites: list[str]) -> None:
    assert comes_from_another_site(host=HERE, origins=origins, sites=sites) == ""


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    started = Front(tmp_path_factory.mktemp("front") / "data")
    yield started
    assert started.stop() == 0


def _told(front: Front, head: str) -> bytes:
    """The answer to a request of these lines, whole."""
    who = "".join(f"{name}: {value}\r\n" for name, value in DEFAULT.items())
    lines = head.replace("\n", "\r\n")
    with front.open(f"{lines}\r\n{who}Connection: close\r\n\r\n".encode()) as connection:
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/?query=SELECT+1", "/ping", "/elsewhere"])
def test_clickhouse_is_asked_in_three_ways(front: Front, method: str, path: str) -> None:
    answer = _told(front, f"{method} {path} HTTP/1.1\nHost: {HERE}")
    assert answer.startswith(b"HTTP/1.1 405")
    assert b"Allow: GET, HEAD, POST\r\n" in answer
    assert b"This server is asked by GET, HEAD, POST" in answer


@pytest.mark.parametrize("path", ["/?query=SELECT+1", "/ping"])
def test_clickhouse_is_asked_by_one_name_of_its_own(front: Front, path: str) -> None:
    assert _told(front, f"GET {path} HTTP/1.1\nHost: {HERE}").startswith(b"HTTP/1.1 200")
    for host in ("evil@127.0.0.1", "evil.example", "localhost.", f"{HERE}\nHost: {HERE}"):
        answer = _told(front, f"GET {path} HTTP/1.1\nHost: {host}")
        assert answer.split()[1] in (b"421", b"400"), host
    for target in (f"http://{HERE}{path}", "http://evil.example/"):
        assert _told(front, f"GET {target} HTTP/1.1\nHost: {HERE}").startswith(b"HTTP/1.1 400")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """That of a service's /healthz and /metrics."""
    metrics = Metrics()
    endpoint = Endpoint(
        health=Health(service="ingestor", metrics=metrics),
        metrics=metrics,
        names=["Ingestor"],
        request_seconds=0.5,
    )
    yield await endpoint.start(host="127.0.0.1", port=0)
    await endpoint.close()


async def _asked(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, "Host: 127.0.0.1:9100"),
        (200, "host:localhost"),
        (200, "Host: ingestor:9100"),
        (421, "Host: evil.example:9100"),
        (421, "Host: evil@127.0.0.1"),
        (421, "Host: localhost."),
        (421, "X: y"),
        (421, "Host: 127.0.0.1\r\nHost: 127.0.0.1"),
        (421, "Host: 127.0.0.1\r\nhOST: evil.example"),
        (400, "Host : 127.0.0.1"),
        (400, "Host: 127.0.0.1\r\n Host: folded"),
        (400, "Host: 127.0.0.1\nHost: evil.example"),
        (403, "Host: 127.0.0.1\r\nOrigin: http://evil.example"),
        (403, "Host: 127.0.0.1\r\nOrigin: null"),
        (403, "Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site"),
        (200, "Host: 127.0.0.1\r\nSec-Fetch-Site: none"),
    ],
)
async def test_no_page_reads_health_and_metrics(
    port: int, path: str, status: int, headers: str
) -> None:
    answer = await _asked(port, f"GET {path} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert (b"Access-Control" in answer, b"python_info" in answer and status != 200) == (
        False,
        False,
    )


@pytest.mark.parametrize("target", ["http://127.0.0.1/healthz", "*", "evil", "//evil@127.0.0.1/"])
async def test_health_is_asked_by_its_path(port: int, target: str) -> None:
    answer = await _asked(port, f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404"))


async def test_many_that_are_slow_are_given_up_and_the_next_is_answered(port: int) -> None:
    """Idle, in the middle of a head, and with heads that do not end."""
    async with AsyncExitStack() as held:
        for number in range(2 * MAX_CONNECTIONS):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            held.callback(writer.transport.abort)
            writer.write((b"", b"GET /healthz HTT", b"x" * MAX_REQUEST_BYTES)[number % 3])
        answer = await _asked(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200")
