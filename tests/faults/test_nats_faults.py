"""Failure modes 4 and 12: the server dies, its log is cut, swapped, renewed or damaged. Is it
noticed?"""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from ingestor.republish import Republished, republish_tail
from nervous_system import names
from nervous_system.bus import Bus
from tests.events_under_test import labels
from tests.faults.mesh_under_test import Mesh, until


@pytest.mark.parametrize("rounds", [1, pytest.param(4, marks=pytest.mark.long)])
async def test_a_killed_server_under_load(mesh: Mesh, rounds: int) -> None:
    """Failure mode 4, one node: SIGKILL and restart while events are published and recorded."""
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()
        async with publishing.load("under load"):
            for _ in range(rounds):
                enough = len(mesh.ledger.acknowledged) + 200
                await _acknowledged(mesh, enough)
                mesh.nats.kill()
                await asyncio.to_thread(mesh.nats.start)
            await _acknowledged(mesh, len(mesh.ledger.acknowledged) + 200)
        assert ingestor.running
        await mesh.law()


async def test_an_older_store_comes_back_and_new_events_hide_it(mesh: Mesh, tmp_path: Path) -> None:
    """Failure mode 12: the numbers look right again; the ingestor was away meanwhile."""
    copy = tmp_path / "copy of the store"
    async with mesh.publishing() as publishing:
        await publishing.all(labels("kept", 300))
        await _copy_store(mesh, copy)
        await publishing.all(labels("lost", 200))
        first = mesh.ingestor()
        await first.records()
        await mesh.recorded()
        assert await asyncio.to_thread(first.terminate) == 0
        await _put_back(mesh, copy)
        await publishing.all(labels("hiding", 400))
        mesh.ingestor()
        await mesh.law(alarms=["stream_truncated"], tail_lost=True)
        assert await _republish(mesh) == Republished(published=200, left=0)
        mesh.ingestor()
        report = await mesh.law(alarms=["stream_truncated"])
        assert report.counts["duplicate"] == 200
        assert report.counts["epochs"] == 2
        assert await _republish(mesh) == Republished(published=200, left=0)  # twice is harmless
        mesh.ingestor()
        assert (await mesh.law(alarms=["stream_truncated"])).counts["duplicate"] == 200


@pytest.mark.long
async def test_a_tail_that_was_brought_back_is_lost_once_more(mesh: Mesh, tmp_path: Path) -> None:
    """Failure mode 12: what one republish brought are repeats; the next brings them all the
    same."""
    first_copy, second_copy = tmp_path / "first copy", tmp_path / "second copy"
    async with mesh.publishing() as publishing:
        await publishing.all(labels("at first", 50))
        await _copy_store(mesh, first_copy)
        await publishing.all(labels("kept", 50))
        await _copy_store(mesh, second_copy)
        await publishing.all(labels("lost", 100))
        ingestor = mesh.ingestor()
        await ingestor.records()
        await mesh.recorded()
        await _put_back(mesh, second_copy)
        await ingestor.says('"epoch": 2, "next_sequence": 101')
        await _republish(mesh, epoch=1)
        await mesh.recorded()
        await _put_back(mesh, first_copy)  # shorter than where the first fork was
        await publishing.all(labels("hiding", 20))
        await ingestor.says('"epoch": 3, "next_sequence": 51')
        await mesh.recorded()
        await _republish(mesh, epoch=2)
        await mesh.law(alarms=["stream_truncated"])


async def test_the_stream_is_removed_and_made_anew_under_a_running_ingestor(mesh: Mesh) -> None:
    """Failure mode 12: every sequence is used again."""
    async with mesh.publishing() as publishing:
        await publishing.all(labels("old", 300))
        ingestor = mesh.ingestor()
        await ingestor.records()
        await mesh.recorded()
        async with mesh.bus() as bus:
            await _remove_stream(bus)
            await bus.stream.ensure(mesh.settings)
        await publishing.all(labels("new", 500))
        await ingestor.says("stream_truncated")
        await mesh.recorded()
        assert (await _republish(mesh)).published == 300
        await mesh.law(alarms=["stream_truncated"])


@pytest.mark.long
async def test_a_stream_made_anew_after_a_truncation_is_read_from_its_beginning(
    mesh: Mesh, tmp_path: Path
) -> None:
    """Failure mode 12: the present epoch begins in the middle; the new stream does not."""
    copy = tmp_path / "copy of the store"
    async with mesh.publishing() as publishing:
        await publishing.all(labels("kept", 200))
        await _copy_store(mesh, copy)
        await publishing.all(labels("lost", 100))
        ingestor = mesh.ingestor()
        await ingestor.records()
        await mesh.recorded()
        await _put_back(mesh, copy)
        await ingestor.says('"epoch": 2')
        await _republish(mesh)
        await mesh.recorded()
        async with mesh.bus() as bus:
            await _remove_stream(bus)
            await bus.stream.ensure(mesh.settings)
        await publishing.all(labels("new", 150))  # ends below the place where epoch 2 began
        await ingestor.says('"epoch": 3, "next_sequence": 1}')
        await mesh.recorded()
        await _republish(mesh, epoch=2)
        await mesh.law(alarms=["stream_truncated"])


@pytest.mark.long
async def test_the_consumer_is_deleted_under_a_running_read(mesh: Mesh) -> None:
    """Failure mode 12: reading goes on behind what is recorded; nobody has to be told."""
    async with mesh.publishing() as publishing, mesh.bus() as bus:
        ingestor = mesh.ingestor()
        await ingestor.records()
        async with publishing.load("during"):
            for number in range(3):
                await _acknowledged(mesh, len(mesh.ledger.acknowledged) + 50)
                while ingestor.told.count("ingestor.restarting") <= number:
                    for consumer in await _consumers(bus):
                        subject = f"$JS.API.CONSUMER.DELETE.{names.STREAM}.{consumer}"
                        await bus.connection.request_json(subject, {})
                    await asyncio.sleep(0.05)
        report = await mesh.law()
        assert report.counts["epochs"] == 1


async def test_one_flipped_byte_in_a_block(mesh: Mesh) -> None:
    """Failure mode 12: the server drops what stands behind it in silence, and reuses the
    sequences."""
    async with mesh.publishing() as publishing:
        await publishing.all(labels("before", 1000))
        ingestor = mesh.ingestor()
        await ingestor.records()
        await mesh.recorded()
        mesh.nats.kill()
        _flip_a_byte(_blocks(mesh)[-1], at=0.5)
        await asyncio.to_thread(mesh.nats.start)
        await publishing.all(labels("after", 1000))
        await ingestor.says("stream_truncated")
        await mesh.recorded()
        await _republish(mesh)
        await mesh.law(alarms=["stream_truncated"])


@pytest.mark.long
async def test_a_block_is_missing_in_the_middle(mesh: Mesh) -> None:
    """Failure mode 12: positions that nobody read are gone, and the log goes on behind them."""
    async with mesh.publishing() as publishing:
        await publishing.all(labels("small", 10))
        ingestor = mesh.ingestor()
        await ingestor.records()
        await mesh.recorded()
        assert await asyncio.to_thread(ingestor.terminate) == 0
        await publishing.all(labels("large", 24), rationale="x" * 900_000)
        mesh.nats.stop()
        blocks = _blocks(mesh)
        assert len(blocks) >= 3  # of 8 MiB
        blocks[1].unlink()
        await asyncio.to_thread(mesh.nats.start)
        present = await _present(mesh)
        gone = [key for key in mesh.ledger.acknowledged if key not in present]
        assert gone
        for event_id in gone:  # nobody has them any more: what counts is that it is said
            del mesh.ledger.acknowledged[event_id]
        mesh.ingestor()
        await mesh.law(alarms=["positions_lost"])


async def _present(mesh: Mesh) -> set[str | None]:
    async with mesh.bus() as bus:
        return {stored.message_id async for stored in bus.replay()}


async def _acknowledged(mesh: Mesh, count: int) -> None:
    async def enough() -> bool:
        return len(mesh.ledger.acknowledged) >= count

    await until(enough, f"{count} acknowledged events")


async def _copy_store(mesh: Mesh, copy: Path) -> None:
    mesh.nats.stop()
    shutil.copytree(mesh.nats.store, copy)
    await asyncio.to_thread(mesh.nats.start)


async def _put_back(mesh: Mesh, copy: Path) -> None:
    mesh.nats.stop()
    shutil.rmtree(mesh.nats.store)
    shutil.copytree(copy, mesh.nats.store)
    await asyncio.to_thread(mesh.nats.start)


async def _republish(mesh: Mesh, *, epoch: int = 1) -> Republished:
    """As `ganglion epochs republish` does it."""
    async with mesh.bus() as bus, mesh.warehouse() as warehouse:
        following = next(each for each in await warehouse.epochs() if each.epoch == epoch + 1)
        return await republish_tail(
            warehouse, bus.publisher, epoch=epoch, after_seq=following.forked_from_seq
        )


async def _remove_stream(bus: Bus) -> None:
    await bus.connection.request_json(f"$JS.API.STREAM.DELETE.{names.STREAM}", {})


async def _consumers(bus: Bus) -> list[str]:
    reply = await bus.connection.request(
        f"$JS.API.CONSUMER.NAMES.{names.STREAM}", b"", timeout_seconds=5
    )
    found: list[str] = json.loads(reply.data)["consumers"] or []
    return found


def _blocks(mesh: Mesh) -> list[Path]:
    """The block files of the log, oldest first."""
    folder = f"**/streams/{names.STREAM}/msgs/*.blk"
    return sorted(mesh.nats.store.glob(folder), key=lambda path: int(path.stem))


def _flip_a_byte(file: Path, *, at: float) -> None:
    data = bytearray(file.read_bytes())
    data[int(len(data) * at)] ^= 0xFF
    file.write_bytes(data)
