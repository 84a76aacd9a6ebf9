"""Does /healthz tell a working service from a stuck one, whoever asks and however badly?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nervous_system.errors import Fatal, NotRunning
from nervous_system.host.http_get import http_get, url_at
from nervous_system.telemetry.endpoint import MAX_CONNECTIONS, MAX_REQUEST_BYTES, Endpoint
from nervous_system.telemetry.health import Health
from nervous_system.telemetry.metrics import Metrics

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Time:
    """A clock and a stopwatch that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def watch(self) -> float:
        return self.seconds


class Service:
    """A health endpoint on a real socket."""

    def __init__(self) -> None:
        self.time = Time()
        self.metrics = Metrics()
        self.health = Health(
            service="ingestor",
            metrics=self.metrics,
            clock=self.time.clock,
            watch=self.time.watch,
        )
        self.endpoint = Endpoint(health=self.health, metrics=self.metrics, request_seconds=0.2)
        self.port = 0

    async def send(self, request: bytes) -> tuple[str, bytes]:
        """The answer's status line and its body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.split(b"\r\n")[0].decode(), body

    async def get(self, path: str) -> tuple[str, bytes]:
        return await self.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    made.port = await made.endpoint.start(host="127.0.0.1", port=0)
    yield made
    await made.endpoint.close()


async def test_a_loop_that_goes_on_is_healthy_and_a_silent_one_is_not(service: Service) -> None:
    progress = service.health.progress("ingest", maximum_silence_seconds=30)
    service.health.progress("renew", maximum_silence_seconds=300)
    service.health.fact("lag", lambda: 12)
    service.time.seconds = 20
    progress.mark("inserting 1000 rows")
    service.time.seconds = 50

    status, body = await service.get("/healthz?verbose")
    assert status == "HTTP/1.1 200 OK"
    report = json.loads(body)
    assert report["status"] == "ok"
    assert report["facts"] == {"lag": 12}
    assert report["checks"]["ingest"]["silence_seconds"] == 30

    service.time.seconds = 51
    status, body = await service.get("/healthz")
    assert status == "HTTP/1.1 503 Service Unavailable"
    report = json.loads(body)
    assert report["status"] == "stuck"
    assert report["checks"]["renew"]["ok"]
    assert report["checks"]["ingest"] == {
        "ok": False,
        "since": "2026-11-20T12:00:20+00:00",
        "silence_seconds": 31,
        "sentence": "the ingest loop has made no progress for 31 s (at most 30 s);"
        " the last it said was: inserting 1000 rows",
    }
    progress.mark()
    assert (await service.get("/healthz"))[0] == "HTTP/1.1 200 OK"


async def test_metrics_are_served_with_the_silence_of_every_loop(service: Service) -> None:
    service.health.progress("ingest", maximum_silence_seconds=30)
    service.time.seconds = 7
    status, body = await service.get("/metrics")
    assert status == "HTTP/1.1 200 OK"
    assert b'ganglion_progress_silence_seconds{check="ingest"} 7.0' in body
    assert b"process_resident_memory_bytes" in body
    assert b"process_cpu_seconds_total" in body


async def test_head_is_the_answer_without_its_body(service: Service) -> None:
    assert await service.send(b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n") == (
        "HTTP/1.1 200 OK",
        b"",
    )


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404 Not Found"),
        (b"DELETE /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        (b"GET /healthz\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        (b"x" * (MAX_REQUEST_BYTES + 4), "HTTP/1.1 400 Bad Request"),
        (b"GET /healthz HTTP/1.1\r\nslow", ""),  # never finished: closed after the deadline
    ],
)
async def test_nonsense_is_refused_and_hurts_nobody(
    service: Service, request_bytes: bytes, status: str
) -> None:
    assert (await service.send(request_bytes))[0] == status
    assert (await service.get("/healthz"))[0] == "HTTP/1.1 200 OK"


async def test_who_holds_a_place_and_asks_nothing_makes_room() -> None:
    metrics = Metrics()
    endpoint = Endpoint(
        health=Health(service="ingestor", metrics=metrics), metrics=metrics, request_seconds=600
    )
    port = await endpoint.start(host="127.0.0.1", port=0)
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
    assert (await http_get(f"http://127.0.0.1:{port}/healthz")).status == 200
    assert await idle[0][0].read() == b"", "the one that waited longest had to go"
    idle[1][1].write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await idle[1][0].read()).startswith(b"HTTP/1.1 200"), "the others may still ask"
    await endpoint.close()
    assert await idle[2][0].read() == b""
    for _, writer in idle:
        writer.close()


async def test_its_owner_asks_at_a_file_however_deep_it_lies(
    service: Service, tmp_path: Path
) -> None:
    path = tmp_path / ("deep" * 40) / "ingestor.sock"
    path.parent.mkdir()
    await service.endpoint.start_privately(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (await http_get(url_at(path, "/healthz"))).status == 200
    metrics = Metrics()
    second = Endpoint(health=Health(service="ingestor", metrics=metrics), metrics=metrics)
    with pytest.raises(Fatal, match=r"cannot listen at .*ingestor.sock.*GANGLION_HEALTH_SOCKET"):
        await second.start_privately(path)
    await service.endpoint.close()  # and leaves its file, as one that is killed does
    with pytest.raises(NotRunning, match="nobody answers at .*ingestor.sock"):
        await http_get(url_at(path, "/healthz"))
    await second.start_privately(path)
    assert (await http_get(url_at(path, "/healthz"))).status == 200
    await second.close()


async def test_a_broken_fact_is_said_and_not_hidden(service: Service) -> None:
    service.health.fact("ratio", lambda: 1 / 0)
    status, body = await service.get("/healthz")
    assert status == "HTTP/1.1 500 Internal Server Error"
    assert body == b"ZeroDivisionError: division by zero\n"


async def test_a_taken_port_is_one_clear_sentence(service: Service) -> None:
    with pytest.raises(Fatal, match=f"cannot listen on 127.0.0.1:{service.port}.*METRICS_PORT"):
        await service.endpoint.start(host="127.0.0.1", port=service.port)


def test_two_loops_cannot_share_a_pulse() -> None:
    health = Health(service="x", metrics=Metrics())
    health.progress("loop", maximum_silence_seconds=1)
    with pytest.raises(ValueError, match="its own name"):
        health.progress("loop", maximum_silence_seconds=1)
