"""What are the importer and the exporter of stations tested on? Stations that are made here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER, AgentRole
from nervous_system.bus import Bus, decode_stored
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id

REAL_STATION = Path(__file__).parents[3] / "shared" / "data" / "station"
ROW_FILES = (
    "registry.jsonl",
    "objectives.jsonl",
    "objectives_history.jsonl",
    "task_queue.jsonl",
    "task_status.jsonl",
)
MARK = b"\xef\xbb\xbf"
LONG_AGO = datetime(2025, 1, 2, tzinfo=UTC)

POLICY = "# rules\r\nmax_cpu_pct: 70 # with a byte-order mark\r\nallow_api: false"


def task(task_id: str | None, status: str = "dispatched", **more: Any) -> dict[str, Any]:
    """A row of a task queue."""
    row = {
        "action": "look",
        "assignee": None,
        "created_at": "2025-10-23T20:31:05.744083",
        "objective_id": "o-1",
        "payload": {"description": "Look around", "priority": 5},
        "status": status,
        **more,
    }
    return row if task_id is None else {**row, "task_id": task_id}


def lines(rows: Iterable[dict[str, Any]]) -> bytes:
    """Rows as a file."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def make_station(folder: Path, **files: bytes | None) -> Path:
    """A small station with all that real ones have; `files` replace or add, None leaves out."""
    made: dict[str, bytes | None] = {
        "policy.yaml": MARK + POLICY.encode(),
        "registry.jsonl": MARK + lines([{"agent_id": "a-1", "role": "mentor"}]) + b"\n  \n",
        "objectives.jsonl": MARK
        + lines(
            [
                {
                    "objective_id": "o-open",
                    "description": "Diagnose",
                    "priority": 7,
                    "metadata": {"timestamp": "2026-01-05T16:53:00Z"},
                },
                {"objective_id": "o-1", "description": "taken already"},
                {"objective_id": "o-done", "description": "done", "status": "Completed"},
            ]
        ),
        "objectives_history.jsonl": lines(
            [
                {
                    "created_at": "2025-10-24T00:09:09.896714",
                    "description": "Reactivate",
                    "metadata": {"skills": ["teaching"]},
                    "objective_id": "o-1",
                    "priority": 8,
                },
                {"description": "nobody gave it an id"},
            ]
        ),
        "task_queue.jsonl": lines(
            [
                task("t-1"),
                task(None, action="no id"),
                task("t-done", "completed"),
                task("t-failed-says-status"),
                task("t with spaces", "pending", depends_on=["t-done", "t-1"], priority=3),
                {"odd": [1, None, "\u2028"], "task_id": 12, "priority": -1, "status": {"a": 1}},
            ]
        ),
        "task_status.jsonl": lines(
            [
                {"agent_id": "a-1", "notes": None, "status": "dispatched", "task_id": "t-1"},
                {"status": "failed", "task_id": "t-failed-says-status", "timestamp": 1.5},
                {"status": "seen", "task_id": "t-1"},
                {"status": "seen", "task_id": "t-1"},
            ]
        ),
    }
    for name, content in (made | {_name(key): value for key, value in files.items()}).items():
        if content is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return folder


def _name(key: str) -> str:
    return key.replace("_yaml", ".yaml").replace("_jsonl", ".jsonl")


def objects(path: Path) -> Counter[str]:
    """The JSON objects in a file, however they are written and ordered."""
    found = path.read_bytes().decode("utf-8-sig").split("\n")
    return Counter(json.dumps(json.loads(line), sort_keys=True) for line in found if line.strip())


async def log_of(bus: Bus) -> list[RecordedEvent]:
    """Everything on the log."""
    return [decode_stored(stored) async for stored in bus.replay()]


def spoken(
    payload: Payload, *, role: AgentRole.ValueType = ROLE_OVERSEER, agent_id: str = "overseer"
) -> Event:
    """An event as a service says it."""
    return Event(
        event_id=new_event_id(),
        timestamp=LONG_AGO,
        agent_role=role,
        agent_id=agent_id,
        payload=payload,
    )
