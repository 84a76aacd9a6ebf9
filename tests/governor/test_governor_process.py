"""Does a real governor put a real machine on a real log, and leave in good order?"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from local_mesh.nats import find_binary
from nervous_system.bus import Bus, decode_stored, open_bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.settings import MeshSettings
from tests.real_servers import free_port


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[MeshSettings]:
    """Settings of a mesh whose log is a server of its own."""
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        str(find_binary()), "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(tmp_path / "js"),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert server.stderr is not None
    async for line in server.stderr:
        if b"Server is ready" in line:
            break
    yield MeshSettings(
        home=tmp_path,
        nats_url=f"nats://127.0.0.1:{port}",
        stream_max_bytes=1 << 30,  # on a disk that has less room than a mesh usually takes, too
    )
    server.terminate()
    await server.communicate()


@asynccontextmanager
async def governor(
    mesh: MeshSettings, **variables: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A governor's process; gone at the end, whatever happened."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "governor",
        env={
            **os.environ,
            "NATS_URL": mesh.nats_url,
            "GANGLION_HOME": str(mesh.home),
            "GANGLION_STREAM_MAX_BYTES": str(mesh.stream_max_bytes),
            "GANGLION_GOVERNOR_HOST": "node-1.example",
            **variables,
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def events(bus: Bus, subject: str, *, number: int) -> list[RecordedEvent]:
    """The first events on a subject, as soon as there are so many."""
    found: list[RecordedEvent] = []
    async with bus.reader(start_sequence=1, subjects=[subject]) as reader:
        while len(found) < number:
            found += [
                decode_stored(stored)
                for stored in await reader.batch(max_messages=100, within_seconds=1)
            ]
    return found


async def test_a_governor_records_its_machine_and_drains(mesh: MeshSettings) -> None:
    port = free_port()
    async with open_bus(mesh, name="test") as bus:
        await bus.stream.ensure(mesh)
    async with (
        asyncio.timeout(120),
        governor(
            mesh, GANGLION_GOVERNOR_SAMPLE_SECONDS="0.2", GANGLION_METRICS_PORT=str(port)
        ) as process,
        open_bus(mesh, name="test") as bus,
    ):
        samples = await events(bus, "swarm.events.governor.capacity_sampled.*", number=2)
        signals = await events(bus, "swarm.events.governor.signal.*", number=2)
        for sample, answer in zip(samples[:2], signals[:2], strict=True):
            assert isinstance(sample.event.payload, CapacitySampled)
            assert isinstance(answer.event.payload, SystemSignal)
            assert sample.event.payload.host == "node-1.example"
            assert sample.event.payload.memory_used_bytes
            assert answer.event.causation_id == sample.event.event_id
            assert answer.event.payload.status in ("HEALTHY", "DEGRADED")
            assert answer.sequence > sample.sequence
        url = f"http://127.0.0.1:{port}/healthz"
        with await asyncio.to_thread(urllib.request.urlopen, url) as answered:
            assert set(json.load(answered)["checks"]) == {"fold", "sample"}
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        log = (await process.stderr.read()).decode()
        assert await process.wait() == 0, log
    assert "leadership.taken" in [json.loads(line)["action"] for line in log.splitlines()]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"GANGLION_GOVERNOR_CPU_LOW_PERCENT": "99"}, "GANGLION_GOVERNOR_CPU_LOW_PERCENT must"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "which is not an http address"),
    ],
)
async def test_what_it_cannot_start_with_is_one_clear_sentence(
    tmp_path: Path, variables: dict[str, str], sentence: str
) -> None:
    async with asyncio.timeout(60), governor(MeshSettings(home=tmp_path), **variables) as process:
        _, said = await process.communicate()
        assert process.returncode == 1
    last = said.decode()
    assert sentence in last
    assert "Traceback" not in last
