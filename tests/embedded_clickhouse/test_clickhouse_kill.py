"""Does a client end its statements by the id that it gave them, and nobody else's?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from nervous_system.ids import new_event_id

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Http, Reply

ANALYST = {"X-ClickHouse-User": "analyst", "X-ClickHouse-Key": "look, don't touch"}
ENDLESS = "SELECT sum(sleepEachRow(1)) FROM numbers(50) SETTINGS max_block_size = 1"


@asynccontextmanager
async def running(
    http: Http, *, headers: dict[str, str] | None = None, statement: str = ENDLESS
) -> AsyncIterator[tuple[str, asyncio.Task[Reply]]]:
    """A statement that runs for as long as nobody ends it: its id, and its answer."""
    query_id = f"mine-{new_event_id()}"
    task = asyncio.create_task(http.post(statement, headers=headers, query_id=query_id))
    is_there = f"KILL QUERY WHERE query_id = '{query_id}' TEST"
    while not await http.rows(is_there):
        assert not task.done(), task.result().text
    try:
        yield query_id, task
    finally:
        await http.post(f"KILL QUERY WHERE query_id = '{query_id}' SYNC")
        await asyncio.gather(task, return_exceptions=True)


async def was_cancelled(task: asyncio.Task[Reply]) -> bool:
    async with asyncio.timeout(60):
        reply = await task
    return reply.headers.get("X-ClickHouse-Exception-Code") == "394"


@pytest.mark.parametrize(
    ("mode", "status"), [("", "waiting"), ("ASYNC", "waiting"), ("SYNC", "finished")]
)
async def test_a_statement_is_ended_by_its_clients_id(http: Http, mode: str, status: str) -> None:
    async with running(http) as (query_id, task):
        ((said, ended, user, text),) = await http.rows(
            f"KILL QUERY WHERE query_id = '{query_id}' {mode}"
        )
        assert (said, ended, user, text) == (status, query_id, "default", ENDLESS)
        assert await was_cancelled(task)


async def test_a_test_ends_nothing_and_says_what_is_meant(http: Http) -> None:
    async with running(http) as (query_id, task):
        for condition in (
            f"query_id IN ('{query_id}', 'x')",
            f"user = 'default' AND query_id LIKE '{query_id[:20]}%'",
            "elapsed >= 0 AND query LIKE '%sleepEachRow(1)%'",
            f"(query_id = '{query_id}') -- so",
        ):
            found = await http.rows(f"KILL QUERY WHERE {condition}\nTEST")
            assert ["unknown", query_id] in [row[:2] for row in found]
        bound = await http.rows(
            "KILL QUERY WHERE query_id = {id:String} TEST FORMAT TSV", param_id=query_id
        )
        assert [row[1] for row in bound] == [query_id]
        assert not task.done()


async def test_an_account_ends_its_own_statements_and_no_others(http: Http) -> None:
    async with running(http) as (query_id, task), running(http, headers=ANALYST) as (own, other):
        refused = await http.post(f"KILL QUERY WHERE query_id = '{query_id}'", headers=ANALYST)
        assert (refused.status, refused.headers["X-ClickHouse-Exception-Code"]) == (403, "497")
        assert "its own statements" in refused.text
        for condition in ("1", "user = 'default'", "throwIf(query LIKE '%default%') = 0"):
            found = await http.post(f"KILL QUERY WHERE {condition} TEST", headers=ANALYST)
            assert found.status == 200 and query_id not in found.text
        ended = await http.post(f"KILL QUERY WHERE query_id = '{own}' SYNC", headers=ANALYST)
        assert ended.text.startswith(f"finished\t{own}\tanalyst\t")
        assert await was_cancelled(other)
        assert not task.done()


async def test_the_operator_ends_anybodys(http: Http) -> None:
    async with running(http, headers=ANALYST) as (query_id, task):
        assert await http.rows("KILL QUERY WHERE user = 'analyst' SYNC")
        assert await was_cancelled(task), query_id


@pytest.mark.parametrize(
    "condition",
    [
        "1) OR (SELECT count() FROM system.parts) > (0",
        "query_id IN (SELECT name FROM system.users)",
        "1; DROP TABLE nothing",
        "query_id IN (SELECT * FROM file('/etc/passwd', LineAsString))",
    ],
)
async def test_a_condition_reads_what_its_account_may_and_no_more(
    http: Http, condition: str
) -> None:
    async with running(http, headers=ANALYST) as (_, task):
        await http.post(f"KILL QUERY WHERE {condition} TEST", headers=ANALYST)
        reply = await http.post(f"KILL QUERY WHERE {condition}", headers=ANALYST)
        assert reply.status != 200 or reply.body == b"" or "analyst" in reply.text
        assert "root" not in reply.text
        assert task is not None


async def test_nothing_is_ended_by_get_or_without_a_condition(http: Http) -> None:
    async with running(http) as (query_id, task):
        text = f"KILL QUERY WHERE query_id = '{query_id}'"
        async with http.session.get(http.url, params={"query": text}) as answer:
            assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "164")
        for wrong in ("KILL QUERY", "KILL QUERY ON CLUSTER x WHERE 1", "KILL QUERY WHERE"):
            reply = await http.post(wrong)
            assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (400, "62")
        assert not task.done()
    assert await http.rows("KILL QUERY WHERE query_id = 'none of these'") == []


async def test_an_id_is_taken_while_its_statement_runs_unless_it_is_replaced(http: Http) -> None:
    async with running(http) as (query_id, task):
        taken = await http.post("SELECT 1", query_id=query_id)
        assert taken.headers["X-ClickHouse-Exception-Code"] == "216"
        others = await http.post(
            "SELECT 1", query_id=query_id, replace_running_query="1", headers=ANALYST
        )
        assert others.headers["X-ClickHouse-Exception-Code"] == "216"
        replaced = await http.post("SELECT 1", query_id=query_id, replace_running_query="1")
        assert replaced.text == "1\n"
        assert await was_cancelled(task)
    assert await http.rows("SELECT 1", query_id=query_id) == [["1"]]


async def test_an_insert_is_ended_as_well_and_stores_nothing(http: Http) -> None:
    await http.post(
        "CREATE OR REPLACE TABLE slow (a UInt8, b UInt8 MATERIALIZED sleepEachRow(1))"
        " ENGINE = Memory"
    )
    rows = "INSERT INTO slow SETTINGS max_block_size = 1 FORMAT TSV\n" + "1\n" * 50
    async with running(http, statement=rows) as (query_id, task):
        assert await http.rows(f"KILL QUERY WHERE query_id = '{query_id}' SYNC")
        assert await was_cancelled(task)
    assert await http.rows("SELECT count() FROM slow") == [["0"]]


async def test_the_answer_to_a_kill_comes_in_any_format(http: Http) -> None:
    async with running(http) as (query_id, _):
        kill = f"KILL QUERY WHERE query_id = '{query_id}' TEST"
        native = await http.post(kill, default_format="Native", client_protocol_version=54460)
        assert native.body.startswith(b"\x01\x00\x02\xff\xff\xff\xff\x00\x04\x01\x0bkill_status")
        assert (await http.post(f"{kill} FORMAT JSONEachRow")).text.count("\n") == 1
