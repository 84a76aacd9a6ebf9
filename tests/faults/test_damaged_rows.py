"""Failure mode 21: rows in ClickHouse are damaged, gone, doubled or altered. Is it told, and
mended?"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from ingestor.condition import Condition
from ingestor.examination import Found
from ingestor.repair import Repaired, repairing
from nervous_system.contract.codec import encode
from nervous_system.errors import Fenced
from nervous_system.ids import new_event_id
from tests.events_under_test import event, labels
from tests.faults.mesh_under_test import Mesh, until
from tests.real_servers import ClickHouseServer

pytestmark = pytest.mark.timeout(300)

QUICK = {"audit_percent": 50, "audit_round_seconds": 0.2}


class Rows:
    """The rows of one mesh, and ways to damage them."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    async def all(self) -> bytes:
        """Every column of every row, exactly."""
        async with self._mesh.warehouse() as warehouse:
            found: bytes = await warehouse.client.raw_query(
                "SELECT * FROM swarm.events ORDER BY epoch, seq", fmt="RowBinary"
            )
            return found

    async def ask(self, sql: str) -> list[Any]:
        """Rows of a query."""
        async with self._mesh.warehouse() as warehouse:
            return list((await warehouse.client.query(sql)).result_rows)

    async def do(self, sql: str) -> None:
        """A statement."""
        async with self._mesh.warehouse() as warehouse:
            await warehouse.client.command(sql, settings={"mutations_sync": 2})

    async def parts(self) -> list[Path]:
        """Folders of the parts in use, the oldest rows first."""
        found = await self.ask(
            "SELECT path FROM system.parts WHERE database = 'swarm' AND table = 'events' AND active"
            " ORDER BY min_block_number"
        )
        return [Path(path) for (path,) in found]


async def repair(mesh: Mesh) -> Repaired:
    """What `ganglion repair` does."""
    async with (
        mesh.bus() as bus,
        mesh.warehouse() as warehouse,
        repairing(bus, warehouse, holder=new_event_id()) as mending,
    ):
        return await mending.run(told=silent)


async def look(mesh: Mesh) -> Found:
    """What `ganglion repair --dry-run` does."""
    async with (
        mesh.bus() as bus,
        mesh.warehouse() as warehouse,
        repairing(bus, warehouse, holder="", dry_run=True) as mending,
    ):
        return await mending.examine(told=silent)


def silent(doing: str, done: int, total: int) -> None:
    """Nobody watches."""


async def ganglion(mesh: Mesh, *words: str) -> tuple[int, Any]:
    """A command's exit code and document."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ganglion",
        *words,
        "--json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "NATS_URL": mesh.nats.url,
            "CLICKHOUSE_URL": mesh.clickhouse_url,
            "GANGLION_HOME": str(mesh.folder / "nobody"),
            "GANGLION_DEBUG": "1",
        },
    )
    out, error = await process.communicate()
    assert process.returncode is not None
    assert out, error.decode()
    return process.returncode, json.loads(out)


async def recorded(mesh: Mesh, *, count: int = 600) -> None:
    """So many events, in several inserts, among them repeats and what cannot be read."""
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor(batch_events=200, catch_up_events=200, **QUICK)  # type: ignore[arg-type]
        await ingestor.records()
        await publishing.all(labels("first", 200))
        for number in range(5):
            await publishing.raw(b"\xff no event")
            again = event(f"first-{number}")
            await publishing.raw(encode(again), event_id=again.event_id)
        await publishing.all(labels("kept", count))
        await mesh.recorded()


Damaging = Callable[[Rows], Awaitable[None]]


async def flipped(rows: Rows) -> None:
    """One byte in the middle of a part's data."""
    file = max((await rows.parts())[0].glob("*.bin"), key=lambda each: each.stat().st_size)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x55
    file.write_bytes(data)


async def truncated(rows: Rows) -> None:
    """A file that ends early."""
    file = max((await rows.parts())[0].glob("*.bin"), key=lambda each: each.stat().st_size)
    os.truncate(file, file.stat().st_size // 3)


async def folder_gone(rows: Rows) -> None:
    """A part's folder, under the running engine."""
    shutil.rmtree((await rows.parts())[0])


async def deleted(rows: Rows) -> None:
    """By somebody with the rights."""
    await rows.do("ALTER TABLE swarm.events DELETE WHERE seq BETWEEN 100 AND 250 OR seq = 400")


async def lightly_deleted(rows: Rows) -> None:
    """Likewise, by a mask."""
    await rows.do("DELETE FROM swarm.events WHERE seq % 7 = 0 AND seq < 1000")


async def bytes_altered(rows: Rows) -> None:
    """What was published."""
    await rows.do("ALTER TABLE swarm.events UPDATE raw = concat(raw, 'x') WHERE seq IN (5, 6, 700)")


async def columns_altered(rows: Rows) -> None:
    """What was read of it."""
    await rows.do("ALTER TABLE swarm.events UPDATE agent_id = 'somebody' WHERE seq = 77")


async def hidden(rows: Rows) -> None:
    """An event that no view shows any more."""
    await rows.do("ALTER TABLE swarm.events UPDATE disposition = 'duplicate' WHERE seq = 78")


async def doubled(rows: Rows) -> None:
    """Rows that are there twice."""
    await rows.do("INSERT INTO swarm.events SELECT * FROM swarm.events WHERE seq BETWEEN 20 AND 25")


async def emptied(rows: Rows) -> None:
    """The whole table."""
    await rows.do("TRUNCATE TABLE swarm.events")


@pytest.mark.parametrize(
    ("damage", "alarm"),
    [
        (flipped, "rows_damaged"),
        pytest.param(truncated, "rows_damaged", marks=pytest.mark.long),
        (folder_gone, "rows_damaged"),
        (deleted, "rows_missing"),
        pytest.param(lightly_deleted, "rows_missing", marks=pytest.mark.long),
        pytest.param(bytes_altered, "rows_damaged", marks=pytest.mark.long),
        (columns_altered, "rows_damaged"),
        pytest.param(hidden, "rows_damaged", marks=pytest.mark.long),
        (doubled, "rows_damaged"),
        pytest.param(emptied, "rows_missing", marks=pytest.mark.long),
    ],
)
async def test_damage_is_noticed_and_mended(
    mesh_of_its_own: Mesh, damage: Damaging, alarm: str
) -> None:
    """An alarm, a command, and every row is again what it was, byte for byte."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh)
    ingestor = mesh.ingestors[-1]
    before = await rows.all()
    await damage(rows)
    await ingestor.says(f"alarm.{alarm}")
    assert "ganglion repair" in ingestor.told

    async def damage_is_told() -> bool:
        return bool(await ingestor.fact("damage"))

    await until(damage_is_told, "the damage being a fact of the ingestor's health")
    assert not (await look(mesh)).sound
    done = await repair(mesh)
    assert done.sound, done
    await ingestor.says("audit.mended")
    assert (await look(mesh)).sound
    after = await rows.all()
    assert after.startswith(before)  # the alarm, and what is told of it, came after
    await mesh.law(alarms=[alarm])


async def test_the_commands_say_what_is_damaged_and_mend_it(mesh_of_its_own: Mesh) -> None:
    """`ganglion doctor` notices by itself; `ganglion repair` says what it did."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh)
    await asyncio.to_thread(mesh.ingestors[-1].terminate)
    before = await rows.all()
    await flipped(rows)
    _, findings = await ganglion(mesh, "doctor")
    (finding,) = [each for each in findings if each["name"] == "rows"]
    assert not finding["ok"]
    assert "no longer read" in finding["sentence"]
    assert "ganglion repair" in finding["remedy"]
    code, found = await ganglion(mesh, "repair", "--dry-run")
    assert code == 1
    assert found["found"]["sentence"] in finding["sentence"]
    assert "repaired" not in found
    code, done = await ganglion(mesh, "repair", "--yes")
    assert code == 0, done
    assert done["repaired"]["parts_set_aside"]
    code, found = await ganglion(mesh, "repair", "--dry-run")
    assert code == 0, found
    assert await rows.all() == before
    _, findings = await ganglion(mesh, "doctor")
    (finding,) = [each for each in findings if each["name"] == "rows"]
    assert finding["ok"], finding


async def test_each_file_of_a_part_is_read(mesh_of_its_own: Mesh) -> None:
    """Whichever column's file has one wrong byte, or is gone."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh, count=300)
    await asyncio.to_thread(mesh.ingestors[-1].terminate)
    folder = await one_wide_part(rows)
    async with mesh.warehouse() as warehouse:
        condition = Condition(warehouse.client)
        assert await condition.fault_of(folder.name) == ""
        files = sorted(folder.glob("*.bin"))
        assert len(files) > 100
        for file in files:
            data = file.read_bytes()
            if not data:
                continue
            file.write_bytes(wrong(data))
            assert await condition.fault_of(folder.name), file
            file.write_bytes(data)
        for file in files[::20]:
            file.rename(folder / "away")
            assert await condition.fault_of(folder.name), file
            (folder / "away").rename(file)
        assert await condition.fault_of(folder.name) == ""


async def test_parts_that_are_gone_at_a_start_are_noticed_and_mended(
    mesh_of_its_own: Mesh, own_clickhouse: ClickHouseServer
) -> None:
    """The engine starts without a word: one folder is gone, another part it set aside."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await rows_in_parts(mesh, rows, count=3)
    before = await rows.all()
    first, second, *_ = await rows.parts()
    await asyncio.to_thread(own_clickhouse.stop)
    shutil.rmtree(first)
    (second / "columns.txt").unlink()
    next(iter(second.glob("data.bin"))).write_bytes(b"")
    await asyncio.to_thread(own_clickhouse.start)
    ingestor = mesh.ingestors[-1]
    await ingestor.says("alarm.rows_missing")
    done = await repair(mesh)
    assert done.sound, done
    await ingestor.says("audit.mended")
    assert (await rows.all()).startswith(before)
    await mesh.law(alarms=["rows_missing"])


async def test_a_dropped_table_is_made_again_and_filled(mesh_of_its_own: Mesh) -> None:
    """The ingestor does not start on half a schema, and says what helps."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh, count=500)
    before = await rows.all()
    await asyncio.to_thread(mesh.ingestors[-1].terminate)
    await rows.do("DROP TABLE swarm.events SYNC")
    await rows.do("DROP VIEW swarm.parked SYNC")
    refused = mesh.ingestor(**QUICK)  # type: ignore[arg-type]
    assert await refused.dies() != 0
    assert "ganglion repair" in refused.told
    code, found = await ganglion(mesh, "repair", "--dry-run")
    assert code == 1
    assert "swarm.events, swarm.parked" in found["found"]["sentence"]
    code, done = await ganglion(mesh, "repair", "--yes")
    assert code == 0, done
    assert set(done["repaired"]["tables"]) == {"events", "parked"}
    assert await rows.all() == before
    mesh.ingestor(**QUICK)  # type: ignore[arg-type]
    await mesh.law()


async def test_what_the_log_no_longer_has_is_saved_or_named_as_lost(mesh_of_its_own: Mesh) -> None:
    """A damaged part gives what still reads; what does not is lost, and said to be so."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh, count=500)
    folder = await one_wide_part(rows)
    before = await rows.all()
    last = (await rows.ask("SELECT max(seq) FROM swarm.events"))[0][0]
    await the_log_forgets(mesh)
    async with mesh.publishing() as publishing:
        await publishing.all(labels("later", 50))
        await mesh.recorded()
    file = folder / "agent_id.bin"
    file.write_bytes(wrong(file.read_bytes()))
    await mesh.ingestors[-1].says("alarm.rows_damaged")
    done = await repair(mesh)
    assert done.sound, done
    assert done.salvaged == last
    assert (await rows.all()).startswith(before)

    await rows.do("TRUNCATE TABLE swarm.salvaged")
    await rows.do("ALTER TABLE swarm.events UPDATE agent_id = 'somebody' WHERE seq = 77")
    done = await repair(mesh)
    assert not done.sound
    assert done.doubtful == {1: ((77, 77),)}
    assert (await rows.ask("SELECT agent_id FROM swarm.events WHERE seq = 77"))[0][0] == "somebody"

    await rows.do(
        f"ALTER TABLE swarm.events DELETE WHERE seq BETWEEN 70 AND 90 OR seq = {last + 3}"
    )
    done = await repair(mesh)
    (lost,) = done.lost
    assert (lost.epoch, lost.first, lost.last) == (1, 70, 90)
    assert lost.after and lost.before
    assert await rows.ask(f"SELECT count() FROM swarm.events WHERE seq = {last + 3}") == [(1,)]


async def test_whoever_watches_sees_each_step_come_to_its_end(mesh_of_its_own: Mesh) -> None:
    """Of a few rows, too, and where the log has them no more."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh)
    await asyncio.to_thread(mesh.ingestors[-1].terminate)
    await rows.do("ALTER TABLE swarm.events DELETE WHERE seq BETWEEN 50 AND 60")
    seen: dict[str, list[tuple[int, int]]] = {}

    def told(doing: str, done: int, total: int) -> None:
        seen.setdefault(doing, []).append((done, total))

    async with (
        mesh.bus() as bus,
        mesh.warehouse() as warehouse,
        repairing(bus, warehouse, holder=new_event_id()) as mending,
    ):
        assert (await mending.run(told=told)).filled == 11
    steps_to_be_seen = {"reading the parts", "comparing rows with the log", "filling holes"}
    assert steps_to_be_seen <= seen.keys()
    for doing, steps in seen.items():
        assert steps[0][0] == 0, doing
        assert steps[-1][0] == steps[-1][1] > 0, doing
        assert all(done <= total for done, total in steps), doing


async def test_a_killed_repair_is_simply_run_again(mesh_of_its_own: Mesh) -> None:
    """Half of it is there; the next fills the rest, and each position once."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh, count=6_000)
    before = await rows.all()
    await rows.do("ALTER TABLE swarm.events DELETE WHERE seq > 100")
    await mesh.ingestors[-1].says("alarm.rows_missing")
    async with mesh.bus() as bus, mesh.warehouse() as warehouse:

        def told(doing: str, done: int, total: int) -> None:
            if doing == "filling holes" and done:
                raise KeyError("killed")

        with pytest.raises(KeyError):
            async with repairing(bus, warehouse, holder="first") as first:
                await first.run(told=told)
        half = (await rows.ask("SELECT count() FROM swarm.events"))[0][0]
        assert 100 < half < 6_000
        async with (
            repairing(bus, warehouse, holder="second") as second,
            repairing(bus, warehouse, holder="third") as third,
        ):
            with pytest.raises(Fenced):
                await second.run(told=silent)
            done = await third.run(told=silent)
    assert done.sound
    assert (await rows.all()).startswith(before)
    await mesh.law(alarms=["rows_missing"])


async def test_a_repeat_that_was_stored_meanwhile_becomes_a_repeat_again(
    mesh_of_its_own: Mesh,
) -> None:
    """An event comes again while the row of the first is gone: it is stored, for now."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh, count=300)
    again = event("kept-20")
    await rows.do(f"ALTER TABLE swarm.events DELETE WHERE event_id = '{again.event_id}'")
    await mesh.ingestors[-1].says("alarm.rows_missing")
    async with mesh.publishing() as publishing:
        repeat = await publishing.raw(encode(again), event_id=again.event_id)
        await mesh.recorded()
        disposition = f"SELECT toString(disposition) FROM swarm.events WHERE seq = {repeat}"
        assert await rows.ask(disposition) == [("stored",)]
        done = await repair(mesh)
        assert done.sound, done
        assert await rows.ask(disposition) == [("duplicate",)]
        await publishing.all(labels("after", 10))
    await mesh.law(alarms=["rows_missing"])


def wrong(data: bytes) -> bytes:
    """The same with one byte changed, in the middle."""
    changed = bytearray(data)
    changed[len(changed) // 2] ^= 0x55
    return bytes(changed)


async def one_wide_part(rows: Rows) -> Path:
    """The folder of the one part that there is then, with a file for each column."""
    await rows.do("ALTER TABLE swarm.events MODIFY SETTING min_bytes_for_wide_part = 0")
    await rows.do("OPTIMIZE TABLE swarm.events FINAL")
    (folder,) = await rows.parts()
    assert (folder / "raw.bin").exists()
    return folder


async def rows_in_parts(mesh: Mesh, rows: Rows, *, count: int) -> None:
    """So many parts that are not merged."""
    await recorded(mesh, count=200)
    await rows.do("OPTIMIZE TABLE swarm.events FINAL")
    await rows.do(
        "ALTER TABLE swarm.events MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1"
    )
    async with mesh.publishing() as publishing:
        for number in range(count):
            await publishing.all(labels(f"part-{number}", 100))
            await mesh.recorded()
    assert len(await rows.parts()) > count


async def the_log_forgets(mesh: Mesh) -> None:
    """Everything that is on it now is older than it keeps."""
    async with mesh.bus() as bus:
        last = (await bus.stream.state()).last_sequence
        await bus.stream.ensure(mesh.settings.model_copy(update={"stream_max_age_seconds": 1.0}))

        async def forgot() -> bool:
            return (await bus.stream.state()).first_sequence > last

        await until(forgot, "the log having forgotten")
        await bus.stream.ensure(mesh.settings)


async def test_what_was_stored_without_its_secret_is_no_damage(mesh_of_its_own: Mesh) -> None:
    """Not where this version wrote it, nor where one did that took out other secrets; and yet its
    bytes are looked after.
    """
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh, count=50)
    secret = event(
        "secret", rationale="my key is AKIAIOSFODNN7EXAMPLQ, sk_live_4eC39HqLyjWDarjtT1zdp7dc"
    )
    message = SwarmEvent.FromString(encode(secret))
    async with mesh.publishing() as publishing:
        seq = await publishing.raw(message.SerializeToString(), event_id=secret.event_id)
        await mesh.recorded()
        (reason,) = await rows.ask(f"SELECT reason FROM swarm.events WHERE seq = {seq}")
        assert reason[0].startswith("redacted")
        assert (await look(mesh)).sound
        await rows.do("ALTER TABLE swarm.writers UPDATE reading = 'another' WHERE 1")
        assert (await look(mesh)).sound
        await rows.do(f"ALTER TABLE swarm.events UPDATE raw = 'x', reason = '' WHERE seq = {seq}")
        assert not (await look(mesh)).sound


async def test_rows_that_the_log_never_had_are_named_and_taken_out(mesh_of_its_own: Mesh) -> None:
    """Whatever epoch and position they claim; none opens an epoch, and they are kept elsewhere."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh, count=100)
    before = await rows.all()
    epochs = await rows.ask("SELECT * FROM swarm.epochs")
    await rows.do("INSERT INTO swarm.events (seq) VALUES (1)")
    await rows.do("INSERT INTO swarm.events (epoch, seq, subject, raw) VALUES (7, 3, 'a', 'b')")
    await rows.do(
        "INSERT INTO swarm.events SELECT * REPLACE (9 AS epoch)"
        " FROM (SELECT * FROM swarm.events WHERE epoch = 1)"
    )
    await rows.do("INSERT INTO swarm.events (epoch, seq) VALUES (1, 0)")
    await mesh.ingestors[-1].says("alarm.rows_damaged")
    await asyncio.to_thread(mesh.ingestors[-1].terminate)
    found = await look(mesh)
    assert "1 row that the log never had: epoch 0, position 1" in found.sentence()
    assert {each.epoch for each in found.foreign} == {0, 1, 7, 9}
    code, done = await ganglion(mesh, "repair", "--yes")
    assert code == 0, done
    assert len(done["repaired"]["foreign"]) == 4
    assert (await look(mesh)).sound
    assert await rows.ask("SELECT * FROM swarm.epochs") == epochs
    assert (await rows.all()).startswith(before)
    kept = await rows.ask("SELECT DISTINCT epoch FROM swarm.foreign_rows ORDER BY epoch")
    assert kept == [(0,), (1,), (7,), (9,)]
    mesh.ingestor(**QUICK)  # type: ignore[arg-type]
    await mesh.law(alarms=["rows_damaged"])


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT INTO swarm.events (epoch, seq) VALUES (1, 100000)",
        "INSERT INTO swarm.events SELECT * REPLACE (seq + 100000 AS seq) FROM swarm.events",
    ],
)
async def test_a_row_ahead_of_the_log_makes_no_recording_skip(
    mesh_of_its_own: Mesh, insert: str
) -> None:
    """It keeps what comes next out; that is tried until the row is gone, and nothing is lost."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh, count=50)
    before = await rows.all()
    await rows.do(insert)
    async with mesh.publishing() as publishing:
        await publishing.all(labels("behind", 40))
    await mesh.ingestors[-1].says("keeps positions")
    await mesh.ingestors[-1].says("alarm.rows_damaged")
    done = await repair(mesh)
    assert done.sound and done.foreign, done
    assert (await look(mesh)).sound
    await mesh.recorded()
    assert (await rows.all()).startswith(before)
    await mesh.law(alarms=["rows_damaged"])


async def test_an_epoch_that_was_lost_comes_back_from_what_bears_it_out(
    mesh_of_its_own: Mesh,
) -> None:
    """`swarm.epochs` is empty, and somebody's row is among the others."""
    mesh = mesh_of_its_own
    rows = Rows(mesh)
    await recorded(mesh, count=50)
    await asyncio.to_thread(mesh.ingestors[-1].terminate)
    before = await rows.all()
    await rows.do("INSERT INTO swarm.events (seq) VALUES (1)")
    await rows.do("TRUNCATE TABLE swarm.epochs")
    code, done = await ganglion(mesh, "repair", "--yes")
    assert code == 0, done
    assert await rows.ask("SELECT epoch, first_seq FROM swarm.epochs") == [(1, 1)]
    assert await rows.all() == before
