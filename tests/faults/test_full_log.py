"""Failure mode 6: no room left on the log. Are publishers told, and does it go on with room
again?"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nervous_system.errors import GanglionError, LogFull
from tests.events_under_test import event, labels
from tests.faults.mesh_under_test import Mesh
from tests.real_servers import NatsServer

LARGE = "z" * 20_000


async def test_the_stream_is_full(mesh: Mesh) -> None:
    mesh.stream_max_bytes = 300_000
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()
        with pytest.raises(LogFull, match="GANGLION_STREAM_MAX_BYTES"):
            for number in range(100):
                await publishing.all([f"large-{number}"], rationale=LARGE)
        stored = len(mesh.ledger.acknowledged)
        assert 5 < stored < 100
        with pytest.raises(LogFull):
            await publishing.one("also refused" + LARGE)
        await ingestor.says("alarm.log_nearly_full")
        await mesh.recorded()
        assert await ingestor.fact("log_full") is False
        with pytest.raises(LogFull):
            for number in range(100):
                await publishing.one(f"small-{number}")
        stored = len(mesh.ledger.acknowledged)
        await ingestor.says("alarm.log_full")
        await ingestor.says("alarm.not_published")
        assert await ingestor.fact("log_full") is True
        mesh.stream_max_bytes = 10_000_000
        async with mesh.publishing() as roomier:  # makes the stream larger, as `ganglion up` does
            await roomier.all(labels("after", 100))
            report = await mesh.law(alarms=["log_nearly_full"])
    assert report.counts["stored"] == stored + 100 + 1
    assert ingestor.told.count("alarm.log_nearly_full") == 1
    assert ingestor.told.count("alarm.log_full") == 1


@pytest.mark.long
async def test_an_alarm_that_finds_the_log_full(mesh: Mesh, tmp_path: Path) -> None:
    """The new epoch opens all the same, and the log line says that the alarm is not on the log."""
    copy = tmp_path / "copy of the store"
    mesh.stream_max_bytes = 300_000
    async with mesh.publishing() as publishing:
        mesh.nats.stop()
        shutil.copytree(mesh.nats.store, copy)
        await asyncio.to_thread(mesh.nats.start)
    async with mesh.publishing() as publishing:
        await publishing.all(labels("lost", 20))
        ingestor = mesh.ingestor()
        await mesh.recorded()
        mesh.nats.stop()
        shutil.rmtree(mesh.nats.store)
        shutil.copytree(copy, mesh.nats.store)
        await asyncio.to_thread(mesh.nats.start)
        with pytest.raises(LogFull):
            for number in range(100):
                await publishing.all([f"large-{number}"], rationale=LARGE)
        await ingestor.says("stream_truncated")
        await ingestor.says('"epoch": 2, "next_sequence"')
        await mesh.recorded()
        evidence = await mesh.evidence()
    # Whether there was room for the alarm is a matter of bytes; if not, that was said.
    assert evidence.alarms or "alarm.not_published" in ingestor.told


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a disk of 24 MB: only root may mount one")
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "ganglion-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk of 24 MB: mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.long
async def test_the_disk_is_full(mesh: Mesh, small_disk: Path) -> None:
    """The server refuses; with room again, after a restart, all that was acknowledged is there."""
    mesh.nats.kill()
    mesh.nats = NatsServer(mesh.folder / "nats on a small disk", store=small_disk / "store")
    mesh.nats.start()
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()
        with pytest.raises(GanglionError):
            for number in range(100):
                await publishing.all([f"large-{number}"], rationale=LARGE * 40)
        assert 5 < len(mesh.ledger.acknowledged) < 40
        remount = ["mount", "-o", "remount,size=200m", str(small_disk)]
        await asyncio.to_thread(subprocess.run, remount, check=True)
        mesh.nats.kill()
        await asyncio.to_thread(mesh.nats.start)
        await publishing.all(labels("after", 100))
        mesh.ledger.attempted.update(event(label).event_id for label in labels("large", 100))
        if not ingestor.running:
            mesh.ingestor()
        await mesh.law()
    assert ingestor.wait() == 0, "the ingestor died of the full disk"
