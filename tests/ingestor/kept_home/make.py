"""How was the kept home made? `python -m tests.ingestor.kept_home.make`, with migrations 1 to 15.

`clickhouse.tar.xz` is the data folder of an embedded ClickHouse, as that version left it;
`answers.tar.xz` is what its tables and views answered then, one TSV file each; `migrations.tar.xz`
are the files by which that version and those before it had made their schema. A home that is kept
is never made anew: a newer version makes its own beside it.
"""

from __future__ import annotations

import asyncio
import io
import tarfile
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random  # noqa: TID251 - with a seed: the same home each time

from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_OPERATOR, SwarmEvent
from ingestor.row_encoder import RowEncoder
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.contract.payload import KINDS, KINDS_BY_FIELD
from nervous_system.contract.stored import Stored
from tests.control_history import History, _by_chance
from tests.ingestor.clickhouse_process import ClickHouseProcess
from tests.ingestor.ingestor_samples import event, filled, frame, stored
from tests.ready_warehouse import make_ready

FOLDER = Path(__file__).parent
HOME, ANSWERS = FOLDER / "clickhouse.tar.xz", FOLDER / "answers.tar.xz"

MOMENTS = ("2026-11-18 12:00:00", "2026-11-19 03:30:00", "2026-11-20 12:00:00")
"""At which the key indicators are asked for."""

NOT_ASKED = ["key_indicators", "key_indicators_at", "landing", "landing_to_events"]


def control_loop(first_sequence: int) -> History:
    """Two histories by chance, and between them every kind of event, each field set."""
    history = _by_chance(Random(14), History(first_sequence=first_sequence))
    for kind in KINDS:
        payload = kind()
        filled(payload)
        history.later(seconds=7)
        history.add(payload)
        history.add(payload, ROLE_OPERATOR)
        history.add(payload, ROLE_GUARDIAN)
    for task_id in ("one", "two"):
        history.submit(task_id, objective_id="o")
        history.claim(task_id)
        history.later(seconds=100)
        history.acknowledge(task_id, result=1, duration_seconds=100, changed_files=["f"])
    return _by_chance(Random(41), history)


def control_frames(framer: RowEncoder, history: History) -> list[bytes]:
    """What the ingestor would insert of it."""
    frames = []
    for recorded in history.log:
        told = recorded.event
        message = SwarmEvent(
            event_id=told.event_id,
            trace_id=told.trace_id,
            span_id=told.span_id,
            agent_role=told.agent_role,
            agent_id=told.agent_id,
            event_type=told.event_type,
            causation_id=told.causation_id,
        )
        message.timestamp.FromDatetime(told.timestamp)
        getattr(message, told.kind.field).CopyFrom(told.payload)
        raw = message.SerializeToString()
        microseconds = (recorded.recorded_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
            microseconds=1
        )
        at = Stored(recorded.sequence, recorded.subject, microseconds * 1000, raw)
        frames.append(framer.event(message, at, payload_field=told.kind.field))
    return frames


def strange_frames(framer: RowEncoder, first: int) -> list[bytes]:
    """A position that cannot be read, a repeat, a warning, unknown enum numbers, no timestamp."""
    unknown = event(first + 3, kind="alarm_raised", tag="strange")
    unknown.alarm_raised.severity = 99  # type: ignore[assignment]
    unknown.agent_role = 77  # type: ignore[assignment]
    timeless = event(first + 4, tag="strange")
    timeless.ClearField("timestamp")
    raw = event(first, tag="strange").SerializeToString()
    return [
        framer.encode_parked(stored(first, b"\xff\x00bytes"), reason="not an event"),
        frame(framer, first + 1, event(first + 1, tag="strange")),
        framer.event(
            event(first + 1, tag="strange"),
            stored(first + 2, raw),
            payload_field="decision",
            duplicate_of="seen at 1",
            warnings=("what breaks the contracts", "and more"),
        ),
        frame(framer, first + 3, unknown),
        frame(framer, first + 4, timeless),
        *(
            frame(framer, first + 5 + number, event(first + 5 + number, kind=kind, tag="strange"))
            for number, kind in enumerate(KINDS_BY_FIELD)
        ),
    ]


async def fill(warehouse: ClickHouseWarehouse) -> None:
    """Two epochs, two writers, two months, one remembered watermark."""
    await make_ready(warehouse)
    history = control_loop(1)
    framer = RowEncoder(epoch=1, writer=1)
    frames = control_frames(framer, history)
    last = history.log[-1].sequence
    await warehouse.insert(framer.batch(frames, first_seq=1, last_seq=last))
    await warehouse.save_watermark()
    await _open_second(warehouse, forked_from_seq=last - 2)
    framer = RowEncoder(epoch=2, writer=2)
    strange = strange_frames(framer, last)
    await warehouse.insert(framer.batch(strange, first_seq=last, last_seq=last + len(strange) - 1))


async def _open_second(warehouse: ClickHouseWarehouse, *, forked_from_seq: int) -> None:
    await warehouse.take_over("second")
    await warehouse.open_epoch(
        epoch=2,
        reason="the stream lost its end",
        stream_created=datetime(2026, 11, 1, tzinfo=UTC),
        first_seq=forked_from_seq + 1,
        forked_from_seq=forked_from_seq,
        holder="second",
    )


async def ask(warehouse: ClickHouseWarehouse, query: str) -> bytes:
    """The answer, with names and types."""
    answer = await warehouse.client.raw_query(query, fmt="TSVWithNamesAndTypes")
    assert isinstance(answer, bytes)
    return answer


async def answers(warehouse: ClickHouseWarehouse) -> dict[str, bytes]:
    """What each table and view answers, by its name."""
    found = await warehouse.client.query(
        "SELECT name FROM system.tables WHERE database = 'swarm' AND name NOT IN {no:Array(String)}"
        " ORDER BY name",
        parameters={"no": NOT_ASKED},
    )
    names: Sequence[str] = [str(name) for (name,) in found.result_rows]
    said = {
        name: await ask(warehouse, f"SELECT * FROM swarm.{name} ORDER BY ALL") for name in names
    }
    said["heard"] = await ask(
        warehouse, "SELECT epoch, seq, event_hash, heard FROM swarm.events ORDER BY ALL"
    )
    for number, moment in enumerate(MOMENTS):
        query = f"SELECT * FROM swarm.key_indicators_at(now = '{moment}') ORDER BY ALL"
        said[f"key_indicators_at_{number}"] = await ask(warehouse, query)
    return said


def write_answers(said: dict[str, bytes]) -> None:
    """Beside the home."""
    with tarfile.open(ANSWERS, "w:xz") as packed:
        for name, answer in said.items():
            entry = tarfile.TarInfo(f"{name}.tsv")
            entry.size = len(answer)
            packed.addfile(entry, io.BytesIO(answer))


async def make(folder: Path) -> None:
    """The home and its answers."""
    process = ClickHouseProcess(folder / "clickhouse")
    process.start()
    try:
        warehouse = await ClickHouseWarehouse.connect(process.url)
        try:
            await fill(warehouse)
            write_answers(await answers(warehouse))
        finally:
            await warehouse.close()
    finally:
        process.stop()
    with tarfile.open(HOME, "w:xz") as packed:
        packed.add(folder / "clickhouse", arcname="clickhouse", filter=_of_the_data)


def _of_the_data(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """No settings and no passwords: they are made anew when the engine starts."""
    _, _, name = entry.name.partition("/")
    return None if name.startswith(("ganglion-", "tmp/")) else entry


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(make(Path(folder)))
