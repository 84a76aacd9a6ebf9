"""Does the ingestor's way in work: Protobuf frames, decoded by the engine, stored once?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Http, Reply

SCHEMA = """syntax = "proto3";
// it's a comment; with a quote
message SwarmEvent { uint64 seq = 1; string event_id = 2; bytes raw = 3; }
"""
STRUCTURE = "seq UInt64, event_id String, raw String"
PLAIN = "INSERT INTO swarm.events FORMAT Protobuf"
GUARDED = (
    f"INSERT INTO swarm.events SELECT seq, event_id, raw FROM input('{STRUCTURE}')"
    " WHERE seq > (SELECT max(seq) FROM swarm.events) FORMAT Protobuf"
)
RAW = bytes(range(256))


def varint(value: int) -> bytes:
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


def frames(first: int, last: int) -> bytes:
    """The messages first … last, each behind its length."""
    batch = []
    for sequence in range(first, last + 1):
        event_id = b"event-%d" % sequence
        message = b"\x08" + varint(sequence)
        message += b"\x12" + varint(len(event_id)) + event_id
        message += b"\x1a" + varint(len(RAW)) + RAW
        batch.append(varint(len(message)) + message)
    return b"".join(batch)


class Log:
    """A table of events behind the server."""

    def __init__(self, http: Http) -> None:
        self.http = http

    async def insert(self, statement: str, data: bytes, *, token: str, **fields: object) -> Reply:
        return await self.http.post(
            data,
            query=statement,
            format_schema_source="string",
            format_schema=SCHEMA,
            format_schema_message_name="SwarmEvent",
            async_insert=0,
            insert_deduplication_token=token,
            **fields,  # type: ignore[arg-type]
        )

    async def stored(self) -> list[str]:
        """How many rows, how many different ones, and the highest sequence."""
        query = f"""SELECT count(), uniqExact(event_id), max(seq) FROM swarm.events
            WHERE raw = unhex('{RAW.hex()}')"""
        return (await self.http.rows(query))[0]


@pytest.fixture
async def log(http: Http) -> AsyncIterator[Log]:
    await http.post("CREATE DATABASE IF NOT EXISTS swarm")
    reply = await http.post(
        """CREATE OR REPLACE TABLE swarm.events (seq UInt64, event_id String, raw String)
        ENGINE = MergeTree ORDER BY seq
        SETTINGS non_replicated_deduplication_window = 100, fsync_after_insert = 1"""
    )
    assert reply.status == 200, reply.text
    yield Log(http)


@pytest.mark.parametrize("statement", [PLAIN, GUARDED])
async def test_a_big_batch_is_one_part_and_a_repeated_token_changes_nothing(
    log: Log, statement: str
) -> None:
    batch = frames(1, 10_000)
    assert len(batch) > 2_000_000
    for _ in range(3):
        reply = await log.insert(statement, batch, token="epoch-1:1-10000")
        assert reply.status == 200, reply.text
    assert await log.stored() == ["10000", "10000", "10000"]
    parts = "SELECT count() FROM system.parts WHERE active AND table = 'events'"
    assert await log.http.rows(parts) == [["1"]]


async def test_the_statement_may_stand_in_front_of_the_data(log: Log) -> None:
    data = PLAIN.encode() + b"\n" + frames(1, 100)
    reply = await log.http.post(
        data,
        format_schema_source="string",
        format_schema=SCHEMA,
        format_schema_message_name="SwarmEvent",
    )
    assert reply.status == 200, reply.text
    assert reply.summary["written_rows"] == 100
    assert await log.stored() == ["100", "100", "100"]


async def test_the_guard_makes_a_recut_batch_harmless(log: Log) -> None:
    await log.insert(GUARDED, frames(1, 1000), token="a")
    await log.insert(GUARDED, frames(1, 1000), token="b")
    reply = await log.insert(GUARDED, frames(501, 1500), token="c")
    assert reply.summary["written_rows"] == 500
    assert await log.stored() == ["1500", "1500", "1500"]


async def test_another_token_stores_again_without_the_guard(log: Log) -> None:
    await log.insert(PLAIN, frames(1, 10), token="a")
    await log.insert(PLAIN, frames(1, 10), token="b")
    assert await log.stored() == ["20", "10", "10"]


@pytest.mark.parametrize("statement", [PLAIN, GUARDED])
async def test_one_corrupt_frame_stores_nothing(log: Log, statement: str) -> None:
    reply = await log.insert(statement, frames(1, 10) + b"\xff\xff", token="a")
    assert reply.status != 200
    assert await log.stored() == ["0", "0", "0"]
    assert (await log.insert(statement, frames(1, 10), token="a")).status == 200
    assert await log.stored() == ["10", "10", "10"]


async def test_the_schema_does_not_leak_into_other_requests(log: Log) -> None:
    await log.insert(PLAIN, frames(1, 10), token="a", session_id="ingestor")
    leaked = "SELECT count() FROM system.settings WHERE changed AND name LIKE 'format_schema%'"
    assert await log.http.rows(leaked) == [["0"]]
    query = "SELECT getSetting('format_schema'), getSetting('insert_deduplication_token')"
    assert await log.http.rows(query, session_id="ingestor") == [["", ""]]
