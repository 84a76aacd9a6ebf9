"""Do clickhouse-connect's clients, sync and async, use the server unchanged?"""

from __future__ import annotations

import asyncio
import datetime
import decimal
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import clickhouse_connect
import pandas
import pyarrow
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Server

COLUMNS = """a Int32, s String, t DateTime('UTC'), n Nullable(Float64), l Array(String),
    c LowCardinality(String), j JSON, u UUID, m Map(String, Int32), d Decimal(10, 2),
    p Tuple(x Int32, y String), v Variant(Int64, String)"""


def row(number: int) -> list[Any]:
    when = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(hours=number)
    measured = None if number % 2 else 1.5
    return [
        number,
        f"s{number}",
        when,
        measured,
        ["a", "b"],
        "low",
        {"k": number},
        uuid.UUID(int=number),
        {"z": number},
        decimal.Decimal("1.23"),
        {"x": 1, "y": "x"},
        "text" if number % 2 else number,
    ]


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with clickhouse_connect.get_client(port=server.port) as client:
        client.command(f"CREATE OR REPLACE TABLE things ({COLUMNS}) ENGINE = MergeTree ORDER BY a")
        yield client


@pytest.fixture
async def async_client(server: Server, client: Any) -> AsyncIterator[Any]:
    asynchronous = await clickhouse_connect.get_async_client(port=server.port)
    yield asynchronous
    await asynchronous.close()


def test_rows_of_every_type_come_back_as_they_went_in(client: Any) -> None:
    rows = [row(number) for number in range(100)]
    assert client.insert("things", rows).written_rows == 100
    result = client.query("SELECT * FROM things ORDER BY a")
    stored = [list(values) for values in result.result_rows]
    for given, found in zip(rows, stored, strict=True):
        found[2] = found[2].replace(tzinfo=datetime.UTC)
        assert found == given
    assert result.summary["read_rows"] == "100"


def test_inserts_in_every_form(client: Any) -> None:
    names = ["a", "s"]
    client.insert_df("things", pandas.DataFrame({"a": [1], "s": ["frame"]}))
    client.insert_arrow("things", pyarrow.table({"a": pyarrow.array([2], pyarrow.int32())}))
    client.raw_insert("things", names, b"3,raw\n", fmt="CSV")
    client.raw_insert("things", names, (b"%d,many\n" % number for number in (4, 5)), fmt="CSV")
    context = client.create_insert_context("things", column_names=names, data=[[6, "context"]])
    client.data_insert(context)
    client.command("INSERT INTO things (a, s) VALUES (7, 'it''s; inline')")
    client.command("INSERT INTO things (a, s) FORMAT TSV", data="8\tdata\n")
    client.query("INSERT INTO things (a, s) SELECT 9, 'select'")
    assert client.command("SELECT groupArray(a) FROM (SELECT a FROM things ORDER BY a)") == str(
        list(range(1, 10))
    ).replace(" ", "")


def test_queries_in_every_form(client: Any) -> None:
    query = "SELECT number, toString(number) AS text FROM numbers(200000)"
    assert client.query_df(query).shape == (200_000, 2)
    assert client.query_np(query).shape == (200_000,)
    assert client.query_arrow(query).shape == (200_000, 2)
    with client.query_rows_stream(query) as rows:
        assert sum(1 for _ in rows) == 200_000
    with client.query_df_stream(query) as frames:
        assert sum(len(frame) for frame in frames) == 200_000
    with client.query_arrow_stream(query) as batches:
        assert sum(batch.num_rows for batch in batches) == 200_000
    assert client.raw_query(query, fmt="CSV").count(b"\n") == 200_000
    assert client.raw_stream(query, fmt="CSV").read().count(b"\n") == 200_000


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_every_compression(server: Server, client: Any, compress: str | bool) -> None:
    with clickhouse_connect.get_client(port=server.port, compress=compress) as packing:
        packing.insert("things", [[n, "x" * 50] for n in range(20_000)], column_names=["a", "s"])
        assert packing.query("SELECT a, s FROM things").row_count == 20_000


def test_parameters_contexts_and_external_data(client: Any) -> None:
    values = {"a": 5, "s": "it's\ta\\b\n", "l": ["x'", "y"], "b": b"\xff'"}
    query = "SELECT {a:Int32}, {s:String}, {l:Array(String)}"
    assert client.query(query, parameters=values).first_row == (5, "it's\ta\\b\n", ["x'", "y"])
    context = client.create_query_context("SELECT {n:Int32} * 2", parameters={"n": 4})
    assert client.query(context=context).first_row == (8,)
    extra = ExternalData(
        file_name="extra.csv", data=b"1,one\n", fmt="CSV", structure=["a Int8", "b String"]
    )
    assert client.query("SELECT b FROM extra", external_data=extra).first_row == ("one",)


def test_a_clients_session_has_temporary_tables(client: Any) -> None:
    client.command("CREATE TEMPORARY TABLE passing (a Int8)")
    client.insert("passing", [[1], [2]], column_names=["a"], column_type_names=["Int8"])
    assert client.command("SELECT sum(a) FROM passing") == 3
    assert client.command("SELECT getSetting('max_threads')", settings={"max_threads": 3}) == 3


def test_errors_carry_their_number(server: Server, client: Any) -> None:
    for query, code in (("SELECT * FROM nowhere", 60), ("SELLECT", 62), ("SELECT throwIf(1)", 395)):
        with pytest.raises(DatabaseError) as error:
            client.query(query)
        assert error.value.code == code
    with pytest.raises(DatabaseError) as refused:
        clickhouse_connect.get_client(port=server.port, username="nobody", password="x")
    assert refused.value.code == 516


def test_an_error_within_the_stream_is_told_and_the_client_goes_on(client: Any) -> None:
    query = "SELECT sleepEachRow(0.005), throwIf(number = 60, 'late') FROM numbers(100)"
    with (
        pytest.raises(StreamFailureError, match="late"),
        client.query_rows_stream(query, settings={"max_block_size": 1}) as rows,
    ):
        list(rows)
    assert client.command("SELECT 1") == 1


def test_a_time_zone_of_the_query_is_honoured(client: Any) -> None:
    query = "SELECT toDateTime('2026-01-01 00:00:00')"
    when = client.query(query, settings={"session_timezone": "Asia/Tokyo"}).first_row[0]
    assert str(when.tzinfo) == "Asia/Tokyo"


async def test_the_async_client(async_client: Any) -> None:
    numbers = await asyncio.gather(*[async_client.command(f"SELECT {n}") for n in range(20)])
    assert numbers == list(range(20))
    names = ["a", "s"]
    assert (await async_client.insert("things", [[1, "x"]], column_names=names)).written_rows == 1
    assert (await async_client.raw_insert("things", names, b"2,y\n", fmt="CSV")).written_rows == 1
    frame = pandas.DataFrame({"a": [3], "s": ["z"]})
    assert (await async_client.insert_df("things", frame)).written_rows == 1
    assert (await async_client.query_df("SELECT a FROM things")).shape == (3, 1)
    assert (await async_client.query_arrow("SELECT a FROM things")).shape == (3, 1)
    count = 0
    async with await async_client.query_rows_stream("SELECT * FROM numbers(200000)") as rows:
        async for _ in rows:
            count += 1
    assert count == 200_000
    with pytest.raises(DatabaseError) as error:
        await async_client.query("SELECT * FROM nowhere")
    assert error.value.code == 60
