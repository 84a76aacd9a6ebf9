"""Is whatever somebody puts onto the stream of spans a row that the engine takes, or counted?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ingestor import span_rows
from ingestor.span_rows import rows_of
from ingestor.span_table import SpanTable
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.contract.stored import Stored

RECORDED_AT_NS = 1_796_000_000_123_456_789


def message(*spans: Span, sequence: int = 7, **resource: AnyValue) -> Stored:
    """As it stands on the stream."""
    request = ExportTraceServiceRequest()
    within = request.resource_spans.add()
    for key, value in resource.items():
        within.resource.attributes.add(key=key.replace("_", "."), value=value)
    within.scope_spans.add().spans.extend(spans)
    return Stored(
        sequence, "swarm.telemetry.coder", RECORDED_AT_NS, request.SerializeToString(), b""
    )


def span(span_id: int = 1, **fields: Any) -> Span:
    given = {"trace_id": b"t" * 16, "span_id": span_id.to_bytes(8), "name": "work", **fields}
    return Span(**given)


def test_a_row_has_everything_that_was_said() -> None:
    said = span(
        parent_span_id=b"p" * 8,
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=1_500_000_000_000_000_001,
        end_time_unix_nano=1_500_000_001_000_000_003,
        status=Status(code=Status.STATUS_CODE_ERROR, message="broken"),
        attributes=[
            KeyValue(key="text", value=AnyValue(string_value="a")),
            KeyValue(key="text", value=AnyValue(string_value="said again")),
            KeyValue(key="count", value=AnyValue(int_value=3)),
            KeyValue(key="yes", value=AnyValue(bool_value=True)),
            KeyValue(key="list", value=AnyValue(array_value=ArrayValue())),
        ],
        links=[Span.Link(trace_id=b"l" * 16, span_id=b"m" * 8), Span.Link(trace_id=b"short")],
    )
    rows = rows_of([message(said, service_name=AnyValue(string_value="coder-1"))])
    (row,) = map(json.loads, rows.lines)
    assert row == {
        "trace_id": b"t".hex() * 16,
        "span_id": "0000000000000001",
        "parent_span_id": b"p".hex() * 8,
        "source": "coder",
        "service": "coder-1",
        "instance": "",
        "name": "work",
        "kind": "server",
        "started_at": "1500000000.000000001",
        "nanoseconds": 1_000_000_002,
        "status": "error",
        "status_message": "broken",
        "attributes": {"text": "a", "count": "3", "yes": "true"},
        "links": [{"trace_id": b"l".hex() * 16, "span_id": b"m".hex() * 8}],
        "recorded_at": "1796000000.123456789",
        "seq": 7,
        "precedence": 2**64 - 8,
    }
    assert (rows.unreadable, rows.lost) == (0, 0)


def test_what_is_no_span_is_counted_and_its_neighbours_are_rows() -> None:
    junk = Stored(8, "swarm.telemetry.coder", RECORDED_AT_NS, b"\xff\xff\xff", b"")
    short = [span(trace_id=b""), span(span_id=1, trace_id=b"t" * 17)]
    rows = rows_of([junk, message(*short, span())])
    assert (len(rows.lines), rows.unreadable) == (1, 3)


@pytest.mark.parametrize(
    ("said", "counted"), [(5, 5), (-5, 0), (span_rows.MAX_LOST + 1, 0), (2**63 - 1, 0)]
)
def test_what_others_lost_is_believed_within_reason(said: int, counted: int) -> None:
    rows = rows_of([message(span(), ganglion_spans_lost=AnyValue(int_value=said))])
    assert rows.lost == counted


def test_long_texts_are_cut() -> None:
    long = "x" * 5_000
    pairs = [KeyValue(key=f"{n}{long}", value=AnyValue(string_value=long)) for n in range(100)]
    said = span(name=long, attributes=pairs, status=Status(message=long))
    (row,) = map(json.loads, rows_of([message(said)]).lines)
    assert len(row["name"]) == span_rows.MAX_NAME_CHARACTERS
    assert len(row["status_message"]) == span_rows.MAX_TEXT_CHARACTERS
    assert len(row["attributes"]) == span_rows.MAX_ATTRIBUTES
    assert {len(each) for each in row["attributes"]} == {span_rows.MAX_NAME_CHARACTERS}


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_counted(data: bytes) -> None:
    rows_of([Stored(1, "swarm.telemetry.coder", RECORDED_AT_NS, data, b"")])


async def test_the_engine_takes_whatever_became_a_row(warehouse: ClickHouseWarehouse) -> None:
    hostile = [
        "'; DROP TABLE swarm.events; --",
        "\x00\x1b[2J\u202e",
        "{p:String}",
        "\\N",
        '\n\t"',
        "",
    ]
    moments = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]
    said = [
        span(
            number,
            name=text,
            start_time_unix_nano=began,
            end_time_unix_nano=ended,
            status=Status(code=Status.STATUS_CODE_ERROR, message=text),
            attributes=[KeyValue(key=text, value=AnyValue(string_value=text))],
        )
        for number, (text, began, ended) in enumerate(
            ((text, began, ended) for text in hostile for began in moments for ended in moments), 1
        )
    ]
    rows = rows_of([message(*said, service_name=AnyValue(string_value=hostile[0]))])
    table = SpanTable(warehouse.client)
    await table.insert(rows.lines)
    found = await warehouse.client.query(
        "SELECT name, status_message, attributes, service FROM swarm.spans ORDER BY span_id"
    )
    assert list(map(tuple, found.result_rows)) == [
        (each.name, each.name, {each.name: each.name}, hostile[0]) for each in said
    ]
    assert (await table.read_to()) == (RECORDED_AT_NS, 7)


async def test_of_one_span_twice_the_first_counts_and_another_source_replaces_nothing(
    warehouse: ClickHouseWarehouse,
) -> None:
    table = SpanTable(warehouse.client)
    first = message(span(name="first"), sequence=1)
    again = message(span(name="second"), sequence=2)
    of_another = message(span(name="forged"), sequence=3)._replace(subject="swarm.telemetry.worker")
    await table.insert(rows_of([again, of_another]).lines)
    await table.insert(rows_of([first]).lines)
    await table.insert(rows_of([first]).lines)
    found = await warehouse.client.query("SELECT source, name FROM swarm.spans ORDER BY source")
    assert list(map(tuple, found.result_rows)) == [("coder", "first"), ("worker", "forged")]


async def test_the_oldest_go_where_the_table_is_too_large(warehouse: ClickHouseWarehouse) -> None:
    table = SpanTable(warehouse.client)
    hour = 3_600 * 10**9
    for number in range(3):
        stored = message(span(number + 1), sequence=number + 1)
        at = RECORDED_AT_NS + number * 12 * hour
        await table.insert(rows_of([stored._replace(recorded_at_ns=at)]).lines)
    assert await table.keep_below(10**9) == 0
    assert await table.keep_below(1) == 2
    found = await warehouse.client.query("SELECT span_id FROM swarm.spans")
    assert [row[0] for row in found.result_rows] == [f"{3:016x}"]


async def test_rows_go_after_as_many_days_as_are_set(warehouse: ClickHouseWarehouse) -> None:
    table = SpanTable(warehouse.client)
    await table.apply_ttl(3)
    await table.apply_ttl(9)
    made = await warehouse.client.query("SHOW CREATE TABLE swarm.span_rows")
    assert "toIntervalDay(9)" in made.result_rows[0][0]
