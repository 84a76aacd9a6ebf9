"""Which layout of `swarm.events` answers people's questions fastest, and what does it cost in disk
and insert rate?

`python bench/clickhouse_schema.py [--rows N]` builds each candidate in its own engine in a
temporary folder, fills it with events made up by SQL (words of this repository's own sources, 30
days, 200 agents, traces of about 60 events that overlap), asks the questions and prints one table.
Ten million rows take about five minutes and 3 GB of disk, freed at the end.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.external import ExternalData
from rich.console import Console  # noqa: TID251 - its own figures
from rich.table import Table

from enchanted.events.v1.action_outcome_pb2 import OUTCOME_SUCCEEDED
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, TYPE_DECISION, SwarmEvent
from ingestor.ingest_schema import MESSAGE_NAME, ingest_schema
from ingestor.row_encoder import Framer
from ingestor.schema import from_scratch
from ingestor.statements import statement
from nervous_system.contract.stored import Stored

SLICE_ROWS = 1_000_000
START_SECONDS = 1_793_000_000  # 26 October 2026: the 30 days lie in two partitions
SECONDS = 30 * 24 * 3600
FRAMES_PER_BATCH = 10_000
BATCHES = 10

ACCESS_PATHS = re.compile(r",\n    INDEX .*?\n\)\nENGINE = MergeTree", re.DOTALL)
NO_CACHE = {"use_query_condition_cache": 0}
"""It remembers which granules a filter found nothing in: the second time would measure that."""

SORT_KEY = "ORDER BY (epoch, seq)"

SKIP_INDEXES = """,
    INDEX recorded_at_range recorded_at TYPE minmax GRANULARITY 1,
    INDEX seq_range seq TYPE minmax GRANULARITY 1,
    INDEX agent_id_set agent_id TYPE set(256) GRANULARITY 1,
    INDEX event_id_filter event_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX trace_id_filter trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX resource_filter state_change.target_resource TYPE bloom_filter(0.01) GRANULARITY 1"""

PROJECTIONS = """,
    INDEX recorded_at_range recorded_at TYPE minmax GRANULARITY 1,
    INDEX resource_filter state_change.target_resource TYPE bloom_filter(0.01) GRANULARITY 1,
    PROJECTION by_trace_id (SELECT trace_id, _part_offset ORDER BY trace_id),
    PROJECTION by_agent (SELECT agent_id, payload_kind, _part_offset
        ORDER BY agent_id, payload_kind),
    PROJECTION by_event_id (SELECT event_hash, _part_offset ORDER BY event_hash)
        WITH SETTINGS (index_granularity = 256)"""

LAYOUTS: dict[str, tuple[str, str]] = {
    "position, bare": (SORT_KEY, ""),
    "position, projections": (SORT_KEY, PROJECTIONS),
    "agent first, skip indexes": ("ORDER BY (payload_kind, agent_id, epoch, seq)", SKIP_INDEXES),
    "as migrated": (SORT_KEY, "as migrated"),
}

QUESTIONS: dict[str, str] = {
    "error rate of one agent, 30 days": """
        SELECT countIf(status = 'failed') / countIf(status IN ('failed', 'succeeded'))
        FROM swarm.outcomes
        WHERE agent_id = 'agent-150' AND recorded_at >= {start} AND recorded_at < {end}""",
    "error rate of every agent by day": """
        SELECT agent_id, toDate(recorded_at) AS day, countIf(status = 'failed') / count()
        FROM swarm.outcomes WHERE status IN ('failed', 'succeeded') GROUP BY agent_id, day""",
    "one trace, all of it": """
        SELECT * FROM swarm.events WHERE trace_id = '{trace}' ORDER BY epoch, seq""",
    "one resource's history": """
        SELECT * FROM swarm.state_changes
        WHERE target_type = 'FILE_SYSTEM' AND target_resource = '{resource}'
        ORDER BY epoch, seq""",
    "one event by its id": "SELECT * FROM swarm.events WHERE event_id = '{event}'",
    "last hour, counts": """
        SELECT agent_id, payload_kind, count() FROM swarm.events WHERE recorded_at >= {end} - 3600
        GROUP BY agent_id, payload_kind""",
    "last hour, newest 100 events": """
        SELECT * FROM swarm.events WHERE recorded_at >= {end} - 3600
        ORDER BY epoch DESC, seq DESC LIMIT 100""",
    "one agent's last 100 decisions": """
        SELECT * FROM swarm.decisions WHERE agent_id = 'agent-150'
        ORDER BY epoch DESC, seq DESC LIMIT 100""",
    "max(seq) of the epoch": statement("watermark"),
}


def _tell(line: str) -> None:
    """To the parent process."""
    sys.stdout.write(line + "\n")  # noqa: TID251 - to its parent
    sys.stdout.flush()


def _sql(name: str) -> str:
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text()


def vocabulary() -> list[str]:
    """The words of this repository's sources, commonest first."""
    text = " ".join(path.read_text() for path in sorted(Path("nervous_system").glob("*.py")))
    counts: dict[str, int] = {}
    for word in re.findall(r"[A-Za-z_]{2,20}", text):
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: -counts[word])[:2000]


def frames_after(first: int) -> Iterator[bytes]:
    """Batches of real frames, as the ingestor makes them."""
    framer = Framer(epoch=1, writer=1)
    words = vocabulary()
    seq = first
    for _ in range(BATCHES):
        out = []
        for _ in range(FRAMES_PER_BATCH):
            seq += 1
            digest = hashlib.sha256(str(seq).encode()).hexdigest()
            message = SwarmEvent(
                event_id=str(uuid.UUID(digest[:32])),
                trace_id=hashlib.md5(str(seq // 60).encode()).hexdigest(),
                span_id=digest[:16],
                agent_role=ROLE_CODER,
                agent_id=f"agent-{seq % 200:03}",
                event_type=TYPE_DECISION,
            )
            message.timestamp.seconds = START_SECONDS + SECONDS
            text = " ".join(words[(seq * k) % len(words)] for k in range(1, 40))
            if seq % 2:
                message.decision.rationale = text
            else:
                message.action_outcome.output = text
                message.action_outcome.status = OUTCOME_SUCCEEDED
            raw = message.SerializeToString()
            moment = (START_SECONDS + SECONDS) * 1_000_000_000 + seq
            stored = Stored(seq, "swarm.events.coder.decision", moment, raw)
            field = message.WhichOneof("payload")
            assert field is not None
            out.append(framer.event(message, stored, payload_field=field))
        yield b"".join(out)


def schema_of(layout: str) -> list[str]:
    """The statements of the schema, with the table laid out otherwise."""
    sort_key, paths = LAYOUTS[layout]
    statements = list(from_scratch())
    if paths == "as migrated":
        return statements
    changed = []
    for text in statements:
        if "CREATE TABLE IF NOT EXISTS swarm.events" in text:
            text, count = ACCESS_PATHS.subn(f"{paths}\n)\nENGINE = MergeTree", text)
            assert count == 1, "the table no longer looks as this benchmark expects"
            assert SORT_KEY in text, "the table has another sort key than this benchmark expects"
            text = text.replace(SORT_KEY, sort_key)
        changed.append(text)
    return changed


def milliseconds(client: Any, sql: str, **options: Any) -> float:
    """Median of three."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        client.query(sql, settings=NO_CACHE, **options)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def measure(layout: str, *, rows: int, folder: Path, base: Path) -> dict[str, float]:
    """Builds one layout and returns what was measured; runs in a process of its own, for there is
    one engine per process.
    """
    client: Any = clickhouse_connect.get_client(dsn=f"chdb://{folder}")
    client.command("CREATE DATABASE swarm")
    for text in schema_of(layout):
        client.command(text)
    client.command("INSERT INTO swarm.writers VALUES (1, 'bench', now64())")
    client.command("INSERT INTO swarm.epochs VALUES (1, now64(), 'bench', now64(), 1, 0, 'bench')")
    found: dict[str, float] = {}
    started = time.perf_counter()
    slices = max(1, rows // SLICE_ROWS)
    for number in range(slices):
        offset = START_SECONDS + SECONDS * number // slices
        client.command(
            _sql("schema_slice").format(file=base, first=number * SLICE_ROWS, offset_seconds=offset)
        )
        _tell(f"progress {(number + 1) * SLICE_ROWS}")
    found["fill, rows/s"] = rows / (time.perf_counter() - started)
    settled = time.perf_counter() + 60
    while client.command("SELECT count() FROM system.merges") and time.perf_counter() < settled:
        time.sleep(0.2)  # a benchmark may wait for the machine to be quiet
    sizes = client.query(
        "SELECT count(), sum(bytes_on_disk), sum(secondary_indices_compressed_bytes) "
        "FROM system.parts WHERE table = 'events' AND active"
    ).first_row
    projections = client.command(
        "SELECT sum(bytes_on_disk) FROM system.projection_parts WHERE table = 'events' AND active"
    )
    found["parts"] = sizes[0]
    found["disk, bytes/event"] = sizes[1] / rows
    found["  of it skip indexes"] = sizes[2] / rows
    found["  of it projections"] = float(projections or 0) / rows

    sample = client.query(
        "SELECT any(trace_id), any(event_id) FROM swarm.events WHERE epoch = 1 AND seq = "
        f"{rows // 2}"
    ).first_row
    resource = client.command("SELECT any(target_resource) FROM swarm.state_changes WHERE seq > 10")
    context = {
        "trace": sample[0],
        "event": sample[1],
        "resource": resource,
        "start": f"toDateTime64({START_SECONDS}, 9, 'UTC')",
        "end": f"toDateTime64({START_SECONDS + SECONDS}, 9, 'UTC')",
    }
    for question, sql in QUESTIONS.items():
        found[f"{question}, ms"] = milliseconds(client, sql.format(**context))
    for count in (1000, 12_000):
        packed = hashlib.shake_128(layout.encode()).digest(8 * count)
        asked = ExternalData(
            file_name="asked", data=packed, fmt="RowBinary", structure="event_hash UInt64"
        )
        found[f"{count} new ids looked up, ms"] = milliseconds(
            client, statement("known_hashes"), external_data=asked
        )
    found.update(insert_rate(client, rows))
    client.close()
    return found


def insert_rate(client: Any, rows: int) -> dict[str, float]:
    """Frames through the landing table into a table that already holds `rows`."""
    settings = {
        "format_schema_source": "string",
        "format_schema": ingest_schema(),
        "format_schema_message_name": MESSAGE_NAME,
        "async_insert": 0,
        "input_format_parallel_parsing": 0,
        "max_insert_threads": 1,
    }
    batches = list(frames_after(rows))
    times = []
    for number, frames in enumerate(batches):
        started = time.perf_counter()
        client.raw_insert(
            "swarm.landing",
            insert_block=frames,
            fmt="Protobuf",
            settings={**settings, "insert_deduplication_token": f"bench-{number}"},
        )
        times.append(time.perf_counter() - started)
    return {
        f"frames inserted, {FRAMES_PER_BATCH} a batch, rows/s": FRAMES_PER_BATCH
        / statistics.median(times)
    }


def codecs(*, rows: int, folder: Path, base: Path) -> dict[str, float]:
    """Bytes per value of the big columns under several codecs."""
    client: Any = clickhouse_connect.get_client(dsn=f"chdb://{folder}")
    client.command("CREATE DATABASE swarm")
    for text in schema_of("position, bare"):
        client.command(text)
    client.command(_sql("schema_slice").format(file=base, first=0, offset_seconds=START_SECONDS))
    tried = {
        "raw": ("String", ("LZ4", "ZSTD(1)", "ZSTD(3)", "ZSTD(6)")),
        "event_id": ("String", ("LZ4", "ZSTD(1)", "ZSTD(3)")),
        "trace_id": ("String", ("LZ4", "ZSTD(1)", "ZSTD(3)")),
        "span_id": ("String", ("LZ4", "ZSTD(1)")),
        "subject": ("String", ("LZ4", "ZSTD(1)")),
        "seq": ("UInt64", ("LZ4", "Delta, LZ4", "Delta, ZSTD(1)", "DoubleDelta, ZSTD(1)")),
        "recorded_at": ("DateTime64(9)", ("LZ4", "Delta, ZSTD(1)", "DoubleDelta, ZSTD(1)")),
        "timestamp": ("Nullable(DateTime64(9))", ("LZ4", "Delta, ZSTD(1)", "ZSTD(1)")),
    }
    found: dict[str, float] = {}
    for column, (kind, choices) in tried.items():
        for choice in choices:
            client.command(
                f"CREATE TABLE codec (value {kind} CODEC({choice})) "
                "ENGINE = MergeTree ORDER BY tuple() "
                "SETTINGS min_bytes_for_wide_part = 0"
            )
            started = time.perf_counter()
            client.command(
                f"INSERT INTO codec SELECT {column} FROM swarm.events ORDER BY epoch, seq"
            )
            written = time.perf_counter() - started
            started = time.perf_counter()
            client.query("SELECT sum(cityHash64(value)) FROM codec")
            read = time.perf_counter() - started
            size = client.command(
                "SELECT sum(data_compressed_bytes) FROM system.columns WHERE table = 'codec'"
            )
            found[f"{column}: {choice}"] = float(size) / rows
            found[f"{column}: {choice}; write s"] = written
            found[f"{column}: {choice}; read s"] = read
            client.command("DROP TABLE codec SYNC")
    client.close()
    return found


def make_base(*, rows: int, folder: Path) -> None:
    """Writes one slice of the history to `folder`/base.native."""
    client: Any = clickhouse_connect.get_client(dsn="chdb://memory")
    words = "[" + ",".join(f"'{word}'" for word in vocabulary()) + "]"
    client.command(
        _sql("schema_base").format(
            words=words,
            rows=SLICE_ROWS,
            step_nanoseconds=SECONDS * 1_000_000_000 // max(rows, SLICE_ROWS),
            file=folder / "base.native",
        )
    )
    client.close()
    _tell("{}")


def run_apart(console: Console, *, part: str, rows: int, base: Path) -> dict[str, float]:
    """One part of this script in a process with an engine of its own."""
    folder = base.parent / "engine"
    arguments = [sys.executable, __file__, "--part", part, "--rows", str(rows), "--base", str(base)]
    try:
        with console.status(part) as status:
            child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
            assert child.stdout is not None
            result: dict[str, float] | None = None
            for line in child.stdout:
                if line.startswith("progress "):
                    status.update(f"{part}: {int(line.split()[1]):,} rows")
                elif line.startswith("{"):
                    result = json.loads(line)
            if child.wait() or result is None:
                raise SystemExit(f"{part} failed with exit code {child.returncode}")
            return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Prints the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--only", action="append", choices=[*LAYOUTS, "codecs"], default=[])
    parser.add_argument("--part", choices=[*LAYOUTS, "codecs", "base"], help=argparse.SUPPRESS)
    parser.add_argument("--base", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        run_part(arguments.part, rows=arguments.rows, base=arguments.base)
        return
    console = Console(width=200)
    with tempfile.TemporaryDirectory(prefix="ganglion-schema-") as folder:
        compare(
            console,
            wanted=arguments.only or [*LAYOUTS, "codecs"],
            rows=arguments.rows,
            base=Path(folder) / "base.native",
        )


def run_part(part: str, *, rows: int, base: Path) -> None:
    """What a child process does; its answer is the last line it prints."""
    folder = base.parent / "engine"
    if part == "base":
        make_base(rows=rows, folder=base.parent)
    elif part == "codecs":
        _tell(json.dumps(codecs(rows=SLICE_ROWS, folder=folder, base=base)))
    else:
        _tell(json.dumps(measure(part, rows=rows, folder=folder, base=base)))


def compare(console: Console, *, wanted: list[str], rows: int, base: Path) -> None:
    """Runs the wanted parts one after the other and prints the two tables."""
    run_apart(console, part="base", rows=rows, base=base)
    layouts = {
        part: run_apart(console, part=part, rows=rows, base=base)
        for part in wanted
        if part != "codecs"
    }
    if layouts:
        table = Table(title=f"swarm.events, {rows:,} rows")
        table.add_column("")
        for layout in layouts:
            table.add_column(layout, justify="right")
        for measured in next(iter(layouts.values())):
            table.add_row(measured, *(f"{found[measured]:,.1f}" for found in layouts.values()))
        console.print(table)
    if "codecs" in wanted:
        found = run_apart(console, part="codecs", rows=rows, base=base)
        table = Table(title=f"codecs, {SLICE_ROWS:,} rows")
        for heading in ("column: codec", "bytes/value", "write s", "read s"):
            table.add_column(heading, justify="left" if heading.startswith("c") else "right")
        for name in [name for name in found if ";" not in name]:
            write, read = found[f"{name}; write s"], found[f"{name}; read s"]
            table.add_row(name, f"{found[name]:.2f}", f"{write:.2f}", f"{read:.2f}")
        console.print(table)


if __name__ == "__main__":
    main()
