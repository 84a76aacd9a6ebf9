"""Failure mode 11: the same event again, soon, late, beside itself, after a restart, in another
epoch."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from nervous_system.contract.codec import encode
from tests.events_under_test import Publishing, event, labels
from tests.faults.mesh_under_test import Mesh


async def _late(publishing: Publishing, label: str) -> None:
    """As a producer sends it whose repeat the server no longer recognises: without Nats-Msg-Id."""
    again = event(label)
    await publishing.raw(encode(again), event_id=again.event_id)


async def test_repeats_within_and_beyond_the_window(mesh: Mesh) -> None:
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()
        await publishing.one("soon")
        await publishing.one("soon")  # the server drops it
        for label in labels("late", 20):
            await publishing.one(label)
        await mesh.recorded()
        for label in labels("late", 20):
            await _late(publishing, label)
        report = await mesh.law()
    assert report.counts["positions"] == 41
    assert (report.counts["stored"], report.counts["duplicate"]) == (21, 20)


async def test_repeats_in_one_batch_and_in_the_next(mesh: Mesh) -> None:
    """The next batch is prepared while the one before is being inserted."""
    async with mesh.publishing() as publishing:
        for label in labels("first", 60):
            await _late(publishing, label)
            await _late(publishing, label)
        for label in labels("first", 60):
            await _late(publishing, label)
        mesh.ingestor(batch_events=7, catch_up_events=7)
        report = await mesh.law()
    assert (report.counts["stored"], report.counts["duplicate"]) == (60, 120)


@pytest.mark.long
async def test_repeats_after_restarts(mesh: Mesh) -> None:
    async with mesh.publishing() as publishing:
        for _ in range(3):
            for label in labels("again", 30):
                await _late(publishing, label)
            ingestor = mesh.ingestor()
            await mesh.recorded()
            assert await asyncio.to_thread(ingestor.terminate) == 0
        mesh.ingestor()
        report = await mesh.law()
    assert (report.counts["stored"], report.counts["duplicate"]) == (30, 60)


@pytest.mark.long
async def test_repeats_in_another_epoch(mesh: Mesh, tmp_path: Path) -> None:
    """A producer that was told its event is safe sends it again to a server that lost it."""
    copy = tmp_path / "copy of the store"
    async with mesh.publishing() as publishing:
        await publishing.all(labels("kept", 50))
        mesh.nats.stop()
        shutil.copytree(mesh.nats.store, copy)
        await asyncio.to_thread(mesh.nats.start)
        await publishing.all(labels("lost", 50))
        ingestor = mesh.ingestor()
        await mesh.recorded()
        mesh.nats.stop()
        shutil.rmtree(mesh.nats.store)
        shutil.copytree(copy, mesh.nats.store)
        await asyncio.to_thread(mesh.nats.start)
        await ingestor.says('"epoch": 2')
        await publishing.all(labels("lost", 50))
        report = await mesh.law(alarms=["stream_truncated"])
    assert (report.counts["stored"], report.counts["duplicate"]) == (101, 50)


@pytest.mark.long
async def test_a_repeat_of_a_parked_position_is_parked_too(mesh: Mesh) -> None:
    """What cannot be read has no id, so it cannot repeat anything."""
    async with mesh.publishing() as publishing:
        for _ in range(3):
            await publishing.raw(b"\xff not an event")
        mesh.ingestor()
        report = await mesh.law()
    assert report.counts["parked"] == 3


@pytest.mark.long
async def test_other_bytes_under_an_id_that_is_stored(mesh: Mesh) -> None:
    """The first one counts; the bytes of the second are kept in its row."""
    async with mesh.publishing() as publishing:
        await publishing.one("twice")
        other = encode(event("twice", rationale="something else"))
        await publishing.raw(other, event_id=event("twice").event_id)
        mesh.ingestor()
        report = await mesh.law()
    assert (report.counts["stored"], report.counts["duplicate"]) == (1, 1)
