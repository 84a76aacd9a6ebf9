"""Failure modes 2, 2b, 15: is anything lost or doubled when ingestors die, sleep and take turns?"""

from __future__ import annotations

import asyncio
import re
import signal

import pytest

from tests.events_under_test import labels
from tests.faults.mesh_under_test import IngestorProcess, Mesh, until

POINTS = ["ingestor.before_insert", "ingestor.during_insert", "ingestor.after_insert"]


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.long)])
async def test_ingestors_killed_around_an_insert(mesh: Mesh, times: int) -> None:
    """Failure mode 2: one after the other dies at its second batch; the last one lives."""
    async with mesh.publishing() as publishing:
        await publishing.all(labels("at first", 200))
        for point in POINTS * times:
            doomed = mesh.ingestor(failpoint=f"{point}:2", batch_events=50, catch_up_events=50)
            await publishing.all(labels(f"for {doomed.pid}", 200))
            assert await doomed.dies() == -signal.SIGKILL
        mesh.ingestor()
        await mesh.law()


async def test_an_ingestor_stopped_while_another_takes_over(mesh: Mesh) -> None:
    """Failure mode 2b: SIGSTOP, another starts, SIGCONT; the first comes back in the middle of a
    load."""
    async with mesh.publishing() as publishing:
        first = mesh.ingestor(batch_events=50)
        await first.records()
        async with publishing.load("before"):
            await _some_recorded(mesh, at_least=100)
            first.pause()
            second = mesh.ingestor(batch_events=50)
            await second.records()
            first.resume()
            await first.says("ingestor.restarting")
            reached = await second.fact("watermark")
            await _some_recorded(mesh, at_least=reached + 100)
        assert first.running
        assert second.running
        await mesh.law()


async def test_only_the_one_that_records_says_how_far_it_is(mesh: Mesh) -> None:
    """Before its turn, and after it: who waits claims no watermark and no lag."""
    async with mesh.publishing() as publishing:
        await publishing.all(labels("some", 50))
        first = mesh.ingestor()
        await first.records()
        second = mesh.ingestor()
        await second.says("lease.waiting")
        await mesh.recorded()
        await _stands_by(second)
        assert "ganglion_watermark 50.0" in await first.metrics()
        first.pause()
        await second.records()
        first.resume()
        await first.says("lease.waiting")
        await _stands_by(first)
        await mesh.law()


async def _stands_by(ingestor: IngestorProcess) -> None:
    health = await ingestor.health()
    assert health is not None
    facts = health["facts"]
    assert facts["state"] == "waiting for the lease"
    assert (facts["epoch"], facts["watermark"], facts["lag"]) == (None, None, None)
    shown = await ingestor.metrics()
    assert not re.search(r"^ganglion_(epoch|watermark|lag)\b", shown, re.MULTILINE)


@pytest.mark.long
async def test_a_rolling_restart_under_load(mesh: Mesh) -> None:
    """Failure modes 2b and 15: one after the other is ended as an operator ends it."""
    async with mesh.publishing() as publishing, publishing.load("during"):
        present = mesh.ingestor()
        await present.records()
        for _ in range(2):
            following = mesh.ingestor()
            await following.says("lease.waiting")
            assert await asyncio.to_thread(present.terminate) == 0, present.told
            await following.records()
            present = following
    await mesh.law()


async def test_sigterm_in_the_middle_of_a_flush(mesh: Mesh) -> None:
    """Failure mode 15: what was read is stored, the exit code is 0."""
    async with mesh.publishing() as publishing:
        ending = mesh.ingestor(batch_events=50, catch_up_events=50)
        await ending.records()
        async with publishing.load("during"):
            await _some_recorded(mesh, at_least=100)
            assert await asyncio.to_thread(ending.terminate, seconds=300) == 0, ending.told
        assert "ingestor.drained" in ending.told
        mesh.ingestor()
        await mesh.law()


async def _some_recorded(mesh: Mesh, *, at_least: int) -> None:
    async def enough() -> bool:
        facts = [await each.fact("watermark") for each in mesh.ingestors if each.running]
        return max((fact or 0 for fact in facts), default=0) >= at_least

    await until(enough, f"position {at_least} being recorded; see {mesh.folder}")
