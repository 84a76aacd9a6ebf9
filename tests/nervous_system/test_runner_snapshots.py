"""Does a runner go on from its snapshot, and from the log where that is of no use?"""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
import structlog

from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.service import lease
from nervous_system.service.packing import Packing, Snapshot
from nervous_system.service.runner import Runner
from nervous_system.service.snapshots import Snapshots, open_snapshots
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.metrics import Metrics
from tests.nervous_system.counting import Counts, role
from tests.nervous_system.event_samples import entry
from tests.nervous_system.running_roles import (
    ANSWERS,
    Running,
    assert_complete,
    publish,
    running,
    saved,
    until_on_log,
)

pytestmark = pytest.mark.usefixtures("quickly")


async def test_a_restart_begins_at_the_snapshot(bus: Bus, mesh_settings: MeshSettings) -> None:
    await bus.publish_all([entry(f"agent {number}") for number in range(1, 1201)])
    async with running(mesh_settings, of=role(snapshot_events=500)) as run:
        await until_on_log(bus, ANSWERS, 800)
        await run.until(lambda: run.value("snapshots_total", outcome="written") >= 2, "snapshots")
    async with running(mesh_settings) as run:
        await publish(bus, 1201, 1203)
        await until_on_log(bus, ANSWERS, 802)
        await run.reached((await bus.stream.state()).last_sequence)
        assert run.value("snapshots_total", outcome="loaded") == 1
        assert run.value("events_folded_total") < 1000  # of some 2400
    state = await assert_complete(bus, agents=1203)
    assert (await saved(bus)).state == state


async def test_it_leads_on_while_a_snapshot_is_written_and_read(
    bus: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large state either takes longer than a lease lasts."""
    decided = threading.Event()
    packed, unpacked = Packing.packed, Packing.unpacked

    def slowly_packed(self: Packing[Counts], snapshot: Snapshot[Counts]) -> bytes:
        assert decided.wait(30)
        return packed(self, snapshot)

    def slowly_unpacked(self: Packing[Counts], data: bytes) -> Snapshot[Counts]:
        time.sleep(3 * lease.LEASE_SECONDS)
        return unpacked(self, data)

    monkeypatch.setattr(Packing, "packed", slowly_packed)
    monkeypatch.setattr(Packing, "unpacked", slowly_unpacked)
    async with running(mesh_settings, of=role(snapshot_events=1)) as run:
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
        await publish(bus, 4, 6)
        await until_on_log(bus, ANSWERS, 4)
        assert run.value("snapshots_total", outcome="written") == 0
        decided.set()
        await run.until(lambda: run.value("snapshots_total", outcome="written") > 0, "a snapshot")
    async with running(mesh_settings) as run:
        await run.leads()
        assert run.value("snapshots_total", outcome="loaded") == 1
        assert run.value("term") == 2  # the lease it began with
    await assert_complete(bus, agents=6)


async def test_what_was_not_foreseen_while_a_snapshot_is_written_ends_the_runner(
    bus: Bus, mesh_settings: MeshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Packing[Counts], snapshot: Snapshot[Counts]) -> bytes:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(Packing, "packed", broken)
    async with open_bus(mesh_settings, name="one", metrics=Metrics()) as own:
        run = Running(own, Runner(own, role(snapshot_events=1), holder="one"))
        await publish(bus, 1, 3)
        async with asyncio.timeout(300):
            with pytest.raises(ZeroDivisionError, match="a fault of ours"):
                await run.task


@pytest.mark.parametrize(
    ("tampered", "reason"),
    [
        ({"stream_created": "2001-01-01T00:00:00Z"}, "made anew"),
        ({"sequence": 1000}, "truncated"),
        ({"fingerprint": "of another event"}, "another event"),
        ({"pending_ids": frozenset({"lost"})}, "1 events that it counts on are gone"),
    ],
)
async def test_a_snapshot_of_another_log_is_refused_and_said(
    bus: Bus, mesh_settings: MeshSettings, tampered: dict[str, object], reason: str
) -> None:
    """Failure mode 12."""
    async with running(mesh_settings) as run:
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
    bucket = await open_snapshots(bus.connection)
    snapshots = Snapshots(bus.connection, bucket, role().key, Counts)
    found = await snapshots.load()
    assert found is not None
    wrong = {name: getattr(found, name) for name in Snapshot.__dataclass_fields__}
    await snapshots.save(Snapshot(**{**wrong, "state": Counts(counted=77), **tampered}))
    with structlog.testing.capture_logs() as said:
        async with running(mesh_settings) as run:
            await publish(bus, 4, 6)
            await until_on_log(bus, ANSWERS, 4)
            assert run.value("snapshots_total", outcome="refused") == 1
    (line,) = [line for line in said if line["event"] == "snapshot.foreign"]
    assert reason in line["reason"]
    await assert_complete(bus, agents=6)


async def test_a_broken_snapshot_costs_time_only(bus: Bus, mesh_settings: MeshSettings) -> None:
    """Failure mode 12: also one whose parts are gone, or whose bucket disappears while it leads."""
    jetstream = bus.connection.client.jetstream()
    bucket = await open_snapshots(bus.connection)
    await bucket.put(role().key, b"\x00 no snapshot")
    async with running(mesh_settings):
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
    await jetstream.purge_stream(f"OBJ_{names.SNAPSHOTS}", subject=f"$O.{names.SNAPSHOTS}.C.>")
    with structlog.testing.capture_logs() as said:
        async with running(mesh_settings) as run:
            await publish(bus, 4, 6)
            await until_on_log(bus, ANSWERS, 4)
            await jetstream.delete_object_store(names.SNAPSHOTS)
        assert run.value("snapshots_total", outcome="not_written") == 1
    (reason,) = [line["reason"] for line in said if line["event"] == "snapshot.unreadable"]
    assert reason.startswith("parts of it are missing: 0 of")
    async with running(mesh_settings):
        await publish(bus, 7, 9)
        await until_on_log(bus, ANSWERS, 6)
    await assert_complete(bus, agents=9)
