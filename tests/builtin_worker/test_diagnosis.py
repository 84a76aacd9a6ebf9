"""Do the diagnoses say what is true of the real machine, log and database, and miss nothing?"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from builtin_worker.action import MAX_NOTES_CHARACTERS, MAX_OUTPUT_CHARACTERS, ActionContext
from builtin_worker.clickhouse import ClickHouse
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR
from nervous_system import names
from nervous_system.bus import Bus
from tests.builtin_worker.mesh_of_worker import NOW, Ingesting, do, job, publish, tree
from tests.real_servers import ClickHouseServer, NatsServer, RealProcess


async def test_the_machine_and_what_the_governor_recorded_of_it(
    place: ActionContext, bus: Bus
) -> None:
    before = await do(job("diagnose.machine"), place)
    assert socket.gethostname() in before.output
    assert "No governor has recorded a sample yet" in before.output
    sample = CapacitySampled(
        host="node-1.example",
        cpu_percent=12,
        cpu_count=1.5,
        memory_used_bytes=1024**3,
        memory_limit_bytes=2 * 1024**3,
        in_container=True,
    )
    await publish(bus, sample, role=ROLE_GOVERNOR, key=sample.host)
    after = await do(job("diagnose.machine"), place)
    assert "node-1.example, in a container" in after.output
    assert "1.0 GiB of 2.0 GiB" in after.output
    assert after.changed_files == ()


async def test_the_disk_and_what_of_it_is_ours(place: ActionContext) -> None:
    (place.home / "logs").mkdir()
    (place.home / "logs" / "a.log").write_bytes(b"x" * 3 * 1024**2)
    done = await do(job("diagnose.disk"), place)
    assert "| logs/ | 3.0 MiB | 1 |" in done.output
    assert f"| {place.home} |" in done.output


async def test_memory(place: ActionContext) -> None:
    assert re.search(
        r"\| memory \| [\d.]+ \wiB \|", (await do(job("diagnose.memory"), place)).output
    )


async def test_the_process_that_uses_most_is_named_without_its_arguments(
    place: ActionContext, tmp_path: Path
) -> None:
    busy = RealProcess(
        [sys.executable, "-m", "timeit", "-n1", "-r1", "while True: pass # ghp_secret"],
        log=tmp_path / "busy.txt",
    )
    try:
        done = await do(job("diagnose.processes"), place)
    finally:
        busy.kill()
    assert re.search(rf"\| {busy.pid} \| python\S* -m timeit \|", done.output)
    assert "secret" not in done.output


async def test_streams_and_consumers_with_their_lag(place: ActionContext, bus: Bus) -> None:
    for number in range(3):
        await publish(bus, PulseCompleted(number=number))
    await bus.connection.request_json(
        f"$JS.API.CONSUMER.DURABLE.CREATE.{names.STREAM}.late",
        {
            "stream_name": names.STREAM,
            "config": {"durable_name": "late", "ack_policy": "explicit", "deliver_policy": "all"},
        },
    )
    done = await do(job("diagnose.nats"), place)
    assert re.search(r"- version: \d+\.\d+\.\d+\n", done.output)
    assert re.search(rf"\| {names.STREAM} \| 3 \| .* \| 1 \| 3 \|", done.output)
    assert f"| late | {names.STREAM} | 0 | 0 | 3 | 0 | 0 |" in done.output


async def test_clickhouse_and_how_far_it_is_behind(
    whole_place: ActionContext, bus: Bus, ingesting: Ingesting
) -> None:
    ingesting.start()
    await ingesting.until(await publish(bus, PulseCompleted(number=1)))
    level = await do(job("diagnose.clickhouse"), whole_place)
    assert "- watermark: 1\n- end of the log: 1\n- lag: 0 positions" in level.output
    assert re.search(r"\| swarm.events \| 1 \| 1 \|", level.output)
    ingesting.kill()
    await publish(bus, PulseCompleted(number=2))
    await publish(bus, PulseCompleted(number=3))
    behind = await do(job("diagnose.clickhouse"), whole_place)
    assert "- watermark: 1\n- end of the log: 3\n- lag: 2 positions" in behind.output
    assert "could not be read" not in behind.notes


async def test_before_anything_is_recorded_that_is_what_it_says(
    whole_place: ActionContext, bus: Bus, ingesting: Ingesting
) -> None:
    unmigrated = await do(job("diagnose.clickhouse"), whole_place)
    assert "ganglion migrate" in unmigrated.output
    assert unmigrated.notes == "the ingest could not be read"
    ingesting.start()
    await ingesting.until(0)
    assert (
        "- watermark: 0\n- end of the log: 0"
        in (await do(job("diagnose.clickhouse"), whole_place)).output
    )


async def test_the_report_holds_every_part_and_is_a_file(
    whole_place: ActionContext, ingesting: Ingesting
) -> None:
    ingesting.start()
    await ingesting.until(0)
    done = await do(job("diagnose.report", task_id="t-1", key="k-1"), whole_place)
    titles = re.findall(r"^## (.*)$", done.output, flags=re.M)
    assert [title for title in titles if title != "To look at"] == [
        *("Machine", "Capacity on record", "Memory", "Disk", "Processes"),
        *("NATS", "ClickHouse", "Ingest"),
    ]
    assert done.changed_files == ("reports/diagnostics/t-1.md",)
    assert (whole_place.home / done.changed_files[0]).read_text() == done.output
    before = tree(whole_place.home)
    again = await do(job("diagnose.report", task_id="t-1", key="k-1"), whole_place)
    assert again.output == done.output
    assert "nothing was changed again" in again.notes
    assert tree(whole_place.home) == before


async def test_what_cannot_be_read_costs_only_itself(
    place: ActionContext, nats_server: NatsServer, clickhouse_server: ClickHouseServer
) -> None:
    nats_server.kill()
    nowhere = ClickHouse("http://user:hunter2@127.0.0.1:9")
    done = await do(job("diagnose.report"), replace(place, clickhouse=nowhere))
    for title in ("Machine", "Memory", "Disk", "Processes"):
        assert f"## {title}\n" in done.output
    _, _, unread = done.output.partition("## Could not be read")
    for part in ("the capacity on record", "NATS", "ClickHouse", "the ingest"):
        assert f"- {part}: " in unread
        assert f"{part} could not be read" in done.notes
    assert "hunter2" not in done.output


async def test_a_worker_without_clickhouse_says_so(place: ActionContext) -> None:
    done = await do(job("diagnose.clickhouse"), place)
    assert "set CLICKHOUSE_URL" in done.output


async def test_a_clickhouse_that_hangs_is_given_up_and_does_not_hold_a_cancelled_task(
    place: ActionContext,
) -> None:
    reached = asyncio.Event()

    async def take_and_say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await writer.wait_closed()

    silent = await asyncio.start_server(take_and_say_nothing, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    hurried = replace(place, clickhouse=ClickHouse(url, answer_seconds=0.2))
    done = await do(job("diagnose.clickhouse"), hurried)
    assert "nothing within 0.2 s" in done.output
    reached.clear()
    patient = replace(place, clickhouse=ClickHouse(url, answer_seconds=600))
    task = asyncio.ensure_future(do(job("diagnose.clickhouse"), patient))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    silent.close()


@pytest.mark.parametrize(
    "task_id", ["../../escaped", "/etc/escaped", ".hidden", "", "a\0b", "x" * 400]
)
async def test_no_task_id_leads_out_of_the_folder_of_reports(
    place: ActionContext, task_id: str
) -> None:
    outside = tree(place.home.parent / "nats")
    done = await do(job("diagnose.report", task_id=task_id, key="k"), place)
    (path,) = done.changed_files
    written = (place.home / path).resolve()
    assert written.parent == place.home / "reports" / "diagnostics"
    assert written.is_file()
    assert not any("escaped" in name for name in tree(place.home.parent) if name not in outside)


async def test_however_much_there_is_to_say_it_fits_on_the_log(place: ActionContext) -> None:
    for number in range(3000):
        (place.home / f"{number:04}-{'x' * 200}").mkdir()
    done = await do(job("diagnose.disk"), place)
    assert len(done.output) <= MAX_OUTPUT_CHARACTERS + 100
    assert len(done.notes) <= MAX_NOTES_CHARACTERS + 100
    assert "more" in done.output
    assert place.clock() == NOW
