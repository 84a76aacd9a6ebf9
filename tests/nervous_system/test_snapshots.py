"""Is a snapshot read back as it was, or not at all?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from nervous_system.bus import Bus
from nervous_system.deciding.snapshots import Snapshot, Snapshots, open_snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    owner: str | None
    due: datetime
    tags: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    tasks: dict[str, Task]
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOfTheNextVersion:
    tasks: dict[str, Task]
    order: tuple[str, ...] = ()
    finished: int = 0  # counted from the first event on: a default would be a lie


BOARD = Board(
    tasks={
        "a": Task(owner=None, due=datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), tags=frozenset("xy"))
    },
    order=("a",),
)


def snapshot(state: Board, *, sequence: int = 7) -> Snapshot[Board]:
    return Snapshot(
        state=state,
        sequence=sequence,
        stream_created="2026-11-21T09:00:00.123456789Z",
        fingerprint="f" * 64,
        ahead=frozenset({"id-1", "id-2"}),
    )


async def test_what_was_saved_is_loaded_and_the_last_one_counts(bus: Bus) -> None:
    snapshots = Snapshots(bus.connection, await open_snapshots(bus.connection), "test.main", Board)
    assert await snapshots.load() is None
    await snapshots.save(snapshot(BOARD))
    assert await snapshots.load() == snapshot(BOARD)
    large = Board(tasks=BOARD.tasks, order=tuple(f"task {n}" for n in range(50_000)))
    await snapshots.save(snapshot(large, sequence=8))
    assert await snapshots.load() == snapshot(large, sequence=8)
    again = Snapshots(bus.connection, await open_snapshots(bus.connection), "test.main", Board)
    assert await again.load() == snapshot(large, sequence=8)
    other = Snapshots(bus.connection, await open_snapshots(bus.connection), "test.other", Board)
    assert await other.load() is None


async def test_a_state_of_another_shape_is_not_filled_up_with_defaults(bus: Bus) -> None:
    bucket = await open_snapshots(bus.connection)
    await Snapshots(bus.connection, bucket, "test.main", Board).save(snapshot(BOARD))
    with structlog.testing.capture_logs() as said:
        assert (
            await Snapshots(bus.connection, bucket, "test.main", BoardOfTheNextVersion).load()
            is None
        )
    assert "another version" in said[0]["reason"]


async def test_a_damaged_snapshot_counts_as_none(bus: Bus) -> None:
    bucket = await open_snapshots(bus.connection)
    snapshots = Snapshots(bus.connection, bucket, "test.main", Board)
    await snapshots.save(snapshot(BOARD))
    data = (await bucket.get("test.main")).data
    assert data is not None
    for damaged in (data[:-10], data.replace(b'"sequence":7', b'"sequence":"x"'), b"", b"\xff"):
        await bucket.put("test.main", damaged)
        with structlog.testing.capture_logs() as said:
            assert await snapshots.load() is None
        assert [line["event"] for line in said] == ["snapshot.unreadable"]
