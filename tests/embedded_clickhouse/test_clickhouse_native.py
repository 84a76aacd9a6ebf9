"""Is Native what a client of any protocol version expects, block by block?"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import clickhouse_connect
import pytest

from embedded_clickhouse.native import (
    BlockEncoder,
    NativeColumn,
    columns_statement,
    in_format,
    read_columns,
    read_header,
)
from embedded_clickhouse.sql import parse_statement

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Http, Server

INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
OLD, ZONE, LOW_CARDINALITY, FLAG, BUCKETS = 54336, 54337, 54405, 54454, 54480

ANY_TYPE = """
    SELECT number AS n, toString(number) AS s, if(number = 1, NULL, number) AS nullable,
        [number, 1] AS list, map('k', number) AS m, toLowCardinality('low') AS low,
        tuple(number, 'x')::Tuple(a UInt64, `b c` String) AS t, 1.5::Decimal(10, 2) AS d,
        toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS u, 'b'::Enum8('a' = 1, 'b' = 2) AS e,
        '{"k": ["x"]}'::JSON AS j, number::Dynamic AS dynamic, toDateTime(1, 'Asia/Tokyo') AS z,
        number::Variant(UInt64, String) AS v, toIPv6('::1') AS ip, materialize(0) AS nothing
    FROM numbers(3)"""


def test_buffers_become_native_in_any_pieces() -> None:
    column = struct.pack("<Q", 2) + b"\x01\x02", struct.pack("<Q", 6) + b"\x01x\x03yyy"
    block = struct.pack("<QQ", 2, 2) + b"".join(column)
    columns = [NativeColumn(b"a", b"UInt8"), NativeColumn(b"b", b"String")]
    wanted = INFO + b"\x02\x02\x01a\x05UInt8\x00\x01\x02\x01b\x06String\x00\x01x\x03yyy"
    for step in (1, 7, 1000):
        encoder, encoded = BlockEncoder(columns, version=FLAG), b""
        data = block * 3
        for start in range(0, len(data), step):
            encoded += encoder.encode(data[start : start + step])
        assert encoded == wanted * 3


def test_a_block_of_other_columns_than_were_described_is_never_handed_out() -> None:
    with pytest.raises(ValueError, match="3 columns in a result of 1"):
        BlockEncoder([NativeColumn(b"a", b"UInt8")], version=0).encode(struct.pack("<QQ", 3, 1))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"SELECT 1", b"SELECT 1\nFORMAT Buffers"),
        (b"SELECT 1 FORMAT Native;", b"SELECT 1 \nFORMAT Buffers;"),
        (b"SELECT 1 -- x", b"SELECT 1\nFORMAT Buffers -- x"),
        (
            b"SELECT 1 FORMAT `Native` SETTINGS a = 1",
            b"SELECT 1 \nFORMAT Buffers SETTINGS a = 1",
        ),
    ],
)
def test_a_statement_gets_another_format(text: bytes, wanted: bytes) -> None:
    statement = in_format(parse_statement(text), "Buffers")
    again = parse_statement(statement.text)
    assert statement.text[: statement.end] == wanted.removesuffix(b" -- x").removesuffix(b";")
    assert (statement.format_start, statement.format_end, statement.end) == (
        again.format_start,
        again.format_end,
        again.end,
    )
    described = columns_statement(parse_statement(text)).text
    assert described.startswith(b"DESCRIBE (SELECT 1") and b"FORMAT" not in described


def test_columns_are_read_whatever_else_is_said_of_them() -> None:
    rows = b"\x03\x04name\x04type\x0cis_subcolumn"
    rows += b"\x01t\x26Tuple(\n    x Int8,\n    `y\\n z` String)\x00" + b"\x03t.x\x04Int8\x01"
    assert read_columns(rows) == [NativeColumn(b"t", b"Tuple(x Int8, `y\\n z` String)")]
    header = b"a\\tb\tc\nEnum8(\\'x\\' = 1)\tUInt8\n"
    assert read_header(header) == [
        NativeColumn(b"a\tb", b"Enum8('x' = 1)"),
        NativeColumn(b"c", b"UInt8"),
    ]


QUERY = "SELECT toDateTime(1, 'Asia/Tokyo') AS d FORMAT Native"


@pytest.mark.parametrize(
    ("version", "before", "column_type", "flag"),
    [
        (None, b"", b"\x16DateTime('Asia/Tokyo')", b""),
        (0, b"", b"\x16DateTime('Asia/Tokyo')", b""),
        (OLD, INFO, b"\x08DateTime", b""),
        (ZONE, INFO, b"\x16DateTime('Asia/Tokyo')", b""),
        (LOW_CARDINALITY, INFO, b"\x16DateTime('Asia/Tokyo')", b""),
        (FLAG, INFO, b"\x16DateTime('Asia/Tokyo')", b"\x00"),
        (BUCKETS, INFO[:-1] + b"\x03\x00\x00", b"\x16DateTime('Asia/Tokyo')", b"\x00"),
        (10**18, INFO[:-1] + b"\x03\x00\x00", b"\x16DateTime('Asia/Tokyo')", b"\x00"),
    ],
)
async def test_each_version_gets_what_it_knows(
    http: Http, version: int | None, before: bytes, column_type: bytes, flag: bytes
) -> None:
    fields = {} if version is None else {"client_protocol_version": version}
    reply = await http.post(QUERY, **fields)  # type: ignore[arg-type]
    assert reply.status == 200, reply.text
    assert reply.body == before + b"\x01\x01\x01d" + column_type + flag + b"\x01\0\0\0"
    assert reply.headers["X-ClickHouse-Format"] == "Native"


@pytest.mark.parametrize("version", ["new", "-1", "1.5", "٣", "9" * 30])
async def test_a_version_that_is_no_number_is_refused(http: Http, version: str) -> None:
    reply = await http.post(QUERY, client_protocol_version=version)
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (400, "36")


async def test_every_type_comes_back_as_it_was(http: Http) -> None:
    """The engine reads what we put together, and has the same rows as in a format of its own."""
    rows = await http.post(f"{ANY_TYPE} FORMAT RowBinaryWithNamesAndTypes")
    native = await http.post(f"{ANY_TYPE} FORMAT Native")
    await http.post(f"CREATE OR REPLACE TABLE came ENGINE = Memory EMPTY AS {ANY_TYPE}")
    stored = await http.post(b"INSERT INTO came FORMAT Native\n" + native.body)
    assert stored.status == 200, stored.text
    again = await http.post("SELECT * FROM came FORMAT RowBinaryWithNamesAndTypes")
    assert again.body == rows.body


@pytest.mark.parametrize(
    ("statement", "types"),
    [
        ("SHOW DATABASES", [b"String"]),
        ("EXISTS TABLE nothing", [b"UInt8"]),
        ("DESCRIBE (SELECT 1 AS a, 2 AS `b\t\\\\\n'`)", [b"String"] * 7),
        ("EXPLAIN SELECT 1", [b"String"]),
        ("SHOW CREATE TABLE framed FORMAT Native", [b"String"]),
        ("CHECK TABLE framed", [b"String", b"UInt8", b"String"]),
    ],
)
async def test_whatever_answers_with_rows_does_so_in_native(
    http: Http, statement: str, types: list[bytes]
) -> None:
    await http.post("CREATE OR REPLACE TABLE framed (a UInt8) ENGINE = MergeTree ORDER BY a")
    await http.post("INSERT INTO framed VALUES (1)")
    reply = await http.post(statement, default_format="Native", client_protocol_version=FLAG)
    assert reply.status == 200, reply.text
    assert reply.body.startswith(INFO + bytes([len(types)]))
    assert reply.body.count(b"String\0") >= types.count(b"String")


async def test_nothing_is_said_of_no_rows_and_statements_without_rows(http: Http) -> None:
    for statement in (
        "SELECT 1 WHERE 0",
        "SHOW TABLES LIKE 'no such table'",
        "CREATE TABLE IF NOT EXISTS made (a UInt8) ENGINE = Memory",
        "SET max_threads = 1",
        "DROP TABLE made",
    ):
        reply = await http.post(statement, default_format="Native", client_protocol_version=FLAG)
        assert (reply.status, reply.body) == (200, b""), reply.text


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("SELECT nothing", 404, 47),
        ("SELECT FROM WHERE", 400, 62),
        ("SELECT * FROM nowhere", 404, 60),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT {a:Int8}", 400, 456),
        ("SHOW TABLES FROM nowhere", 404, 81),
    ],
)
async def test_errors_are_about_the_clients_own_text(
    http: Http, query: str, status: int, code: int
) -> None:
    reply = await http.post(query, default_format="Native", client_protocol_version=FLAG)
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert not any(word in reply.text for word in ("DESCRIBE (", "Buffers", "ganglion"))


async def test_bounds_on_rows_are_none_on_columns(http: Http) -> None:
    fields: dict[str, object] = {"client_protocol_version": FLAG, "default_format": "Native"}
    for bounds in (
        {"max_result_rows": 1},
        {"readonly": 1},
        {"describe_include_subcolumns": 1},
        {"describe_compact_output": 1},
    ):
        reply = await http.post("SELECT 1 AS a, 'x' AS b, 2 AS c", **fields, **bounds)  # type: ignore[arg-type]
        assert reply.body[len(INFO) : len(INFO) + 2] == b"\x03\x01", reply.text


async def test_an_account_that_only_reads_gets_native_as_well(http: Http) -> None:
    analyst = {"X-ClickHouse-User": "analyst", "X-ClickHouse-Key": "look, don't touch"}
    for query in ("SELECT 1 AS a", "SHOW DATABASES"):
        reply = await http.post(query, headers=analyst, default_format="Native")
        assert reply.status == 200 and reply.body, reply.text


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with clickhouse_connect.get_client(port=server.port) as client:
        yield client


def test_clickhouse_connect_finds_that_it_may_say_its_version(client: Any) -> None:
    assert client.protocol_version == LOW_CARDINALITY
    (when,) = client.query("SELECT toDateTime(0, 'Asia/Tokyo')").first_row
    assert when == datetime.datetime(1970, 1, 1, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert str(when.tzinfo) == "Asia/Tokyo"
    query = "SELECT number, toString(number) FROM numbers(300000)"
    assert client.query(query).result_rows[-1] == (299_999, "299999")
