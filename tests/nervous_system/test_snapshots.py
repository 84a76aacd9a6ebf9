"""Is a snapshot read back as it was, or not at all?"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import pytest
import structlog
from immutables import Map
from nats.js.api import ObjectInfo
from pydantic import TypeAdapter, ValidationError

from nervous_system.bus import Bus
from nervous_system.service.packing import Snapshot
from nervous_system.service.persistent import CHUNK_ITEMS, EMPTY, ChunkedTables, PersistentMap
from nervous_system.service.snapshots import Snapshots, open_snapshots
from nervous_system.transport.reader import Reader

State = TypeVar("State")


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
class Halls:
    boards: PersistentMap[str, Board] = EMPTY
    owners: PersistentMap[str, str] = EMPTY
    left: PersistentMap[str, int] = EMPTY


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


def snapshot(state: State, *, sequence: int = 7) -> Snapshot[State]:
    return Snapshot(
        state=state,
        sequence=sequence,
        stream_created="2026-11-21T09:00:00.123456789Z",
        fingerprint="f" * 64,
        pending_ids=frozenset({"id-1", "id-2"}),
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


async def test_what_is_removed_while_it_is_read_is_not_waited_for(bus: Bus) -> None:
    """Nobody says of what the server counted before that it does not come any more."""
    created = {"name": "CROWD", "subjects": ["crowd"], "storage": "memory"}
    await bus.connection.request_json("$JS.API.STREAM.CREATE.CROWD", created)
    for number in range(100):
        await bus.connection.client.jetstream().publish("crowd", b"%d" % number)
    async with Reader(
        bus.connection, stream="CROWD", start_sequence=1, buffer_messages=8
    ) as reader:
        found = await reader.batch(max_messages=1, within_seconds=60)
        assert reader.pending
        await bus.connection.request_json("$JS.API.STREAM.PURGE.CROWD", {})
        async with asyncio.timeout(300):
            while not reader.at_end:
                found += await reader.batch(max_messages=100, within_seconds=5)
    assert [stored.sequence for stored in found] == list(range(1, len(found) + 1))


async def test_one_that_is_replaced_while_it_is_read_is_read_anew(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks, or leads next, while its leader goes on: the parts of the old one go."""
    bucket = await open_snapshots(bus.connection)
    leader = Snapshots(bus.connection, await open_snapshots(bus.connection), "test.main", Board)
    await leader.save(snapshot(BOARD))
    asked, further = bucket.get_info, iter((8, 9))

    async def then_replaced(name: str) -> ObjectInfo:
        info = await asked(name)
        if sequence := next(further, 0):
            await leader.save(snapshot(BOARD, sequence=sequence))
        return info

    monkeypatch.setattr(bucket, "get_info", then_replaced)
    found = await Snapshots(bus.connection, bucket, "test.main", Board).load()
    assert found is not None
    assert found.sequence == 9


async def test_a_state_of_another_shape_is_not_filled_up_with_defaults(bus: Bus) -> None:
    bucket = await open_snapshots(bus.connection)
    await Snapshots(bus.connection, bucket, "test.main", Board).save(snapshot(BOARD))
    with structlog.testing.capture_logs() as said:
        assert (
            await Snapshots(bus.connection, bucket, "test.main", BoardOfTheNextVersion).load()
            is None
        )
    ((action, level),) = [(line["event"], line["log_level"]) for line in said]
    assert action == "snapshot.outdated"
    assert level == "warning"  # nobody must do anything: a command that only looks is silent


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
        told = [(line["event"], line["log_level"]) for line in said]
        assert told == [("snapshot.unreadable", "error")]


async def test_tables_of_any_size_are_read_back(bus: Bus) -> None:
    bucket = await open_snapshots(bus.connection)
    snapshots = Snapshots(bus.connection, bucket, "test.main", Halls)
    for size in (0, 1, CHUNK_ITEMS, 3 * CHUNK_ITEMS + 7):
        halls = Halls(
            boards=Map({f"board {n}\n": BOARD for n in range(size)}),
            owners=Map({f"board {n}\n": "somebody" for n in range(size // 2)}),
            left=Map(one=1),
        )
        await snapshots.save(snapshot(halls))
        assert await snapshots.load() == snapshot(halls)


def test_a_table_whose_lines_are_gone_is_not_read() -> None:
    halls = TypeAdapter(Halls)
    slices = ChunkedTables()
    rest = halls.dump_json(Halls(left=Map(one=1)), context=slices)
    assert halls.validate_json(rest, context=ChunkedTables(slices.lines)) == Halls(left=Map(one=1))
    with pytest.raises(ValidationError, match="lines 0 to 1 of 0 cannot be read"):
        halls.validate_json(rest, context=ChunkedTables())


def test_without_slices_a_table_is_a_json_object() -> None:
    halls = Halls(boards=Map(hall=BOARD), left=Map(one=1))
    text = TypeAdapter(Halls).dump_json(halls)
    assert json.loads(text)["left"] == {"one": 1}
    assert TypeAdapter(Halls).validate_json(text) == halls
