"""Failure mode 1: a publisher dies, or its server does. Is what it was told is safe there, once?"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from nervous_system.contract.codec import encode
from nervous_system.contract.message import Entry
from nervous_system.errors import Duplicate
from tests.events_under_test import event, labels
from tests.faults.mesh_under_test import Mesh, until
from tests.real_servers import RealProcess

PROGRAM = Path(__file__).with_name("publishing_process.py")
COUNT = 2_000


def _publisher(mesh: Mesh, *, how: str, point: str = "") -> RealProcess:
    command = [sys.executable, str(PROGRAM), mesh.nats.url, str(COUNT), how]
    return RealProcess(
        [*command, point] if point else command,
        log=mesh.folder / "publisher.log",
    )


def _told(mesh: Mesh) -> int:
    """How many events the publisher was told are safe."""
    numbers = (mesh.folder / "publisher.log").read_text().split()
    return int(numbers[-1]) if numbers else 0


def _note(mesh: Mesh) -> int:
    """Write what the publisher did into the ledger; how many were acknowledged."""
    acknowledged = _told(mesh)
    for number, label in enumerate(labels("killed", COUNT)):
        published = event(label)
        mesh.ledger.attempted.add(published.event_id)
        if number < acknowledged:
            mesh.ledger.acknowledged[published.event_id] = encode(published)
    return acknowledged


@pytest.mark.parametrize(
    ("how", "point"),
    [
        pytest.param("singly", "publish.before_send:20", marks=pytest.mark.long),
        pytest.param("singly", "publish.after_ack:20", marks=pytest.mark.long),
        ("bulk", "publish.before_commit:3"),
        pytest.param("bulk", "publish.after_ack:3", marks=pytest.mark.long),
    ],
)
async def test_a_publisher_killed_at_a_point_and_started_again(
    mesh: Mesh, how: str, point: str
) -> None:
    """What the second run sends again is not doubled."""
    async with mesh.publishing() as publishing:
        doomed = _publisher(mesh, how=how, point=point)
        assert await asyncio.to_thread(doomed.wait) == -signal.SIGKILL, doomed.log.read_text()
        acknowledged = _note(mesh)
        assert 0 < acknowledged < COUNT
        for label in labels("killed", COUNT)[:500]:
            await publishing.one(label)
        mesh.ingestor()
        report = await mesh.law()
    assert report.counts["stored"] in (500, 600)
    assert report.counts["duplicate"] == 0


@pytest.mark.long
async def test_a_bulk_publisher_killed_anywhere(mesh: Mesh) -> None:
    """A batch is on the log whole or not at all, and every acknowledged one is."""
    async with mesh.publishing():
        doomed = _publisher(mesh, how="bulk")

        async def half_way() -> bool:
            return _told(mesh) >= COUNT // 4 or not doomed.running

        await until(half_way, "a quarter of the bulk")
        doomed.kill()
        acknowledged = _note(mesh)
        mesh.ingestor()
        report = await mesh.law()
    assert report.counts["stored"] % 200 == 0
    assert report.counts["stored"] >= acknowledged


@pytest.mark.long
async def test_a_bulk_publisher_whose_server_is_killed(mesh: Mesh) -> None:
    """The batches that were on their way are sent again, whole, and recognised."""
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()

        async def bulk() -> None:
            for number in range(20):
                try:
                    await publishing.all(labels(f"bulk {number}", 200))
                except Duplicate:
                    raise AssertionError("a batch did not recognise its own earlier try") from None

        publishing_in_bulk = asyncio.create_task(bulk())

        async def some() -> bool:
            return len(mesh.ledger.acknowledged) >= 600

        await until(some, "the first batches")
        mesh.nats.kill()
        await asyncio.to_thread(mesh.nats.start)
        await publishing_in_bulk
        report = await mesh.law()
    assert report.counts["stored"] == 4000


@pytest.mark.long
async def test_a_batch_with_an_event_that_was_stored_before_stores_nothing(mesh: Mesh) -> None:
    """Whole or not at all: an import that is run again says so and adds nothing."""
    async with mesh.bus() as bus, mesh.publishing() as publishing:
        await publishing.one("old")
        with pytest.raises(Duplicate):
            await bus.publish_all([Entry(event=event("new")), Entry(event=event("old"))])
        mesh.ledger.attempted.add(event("new").event_id)
        mesh.ingestor()
        report = await mesh.law()
    assert report.counts["stored"] == 1
