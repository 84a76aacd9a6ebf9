"""Does the server speak ClickHouse's HTTP interface, as a bare HTTP client sees it?"""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import zlib
from typing import TYPE_CHECKING

import aiohttp
import lz4.frame
import pytest
from clickhouse_connect import get_async_client

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Http, Server


async def test_it_answers_health_checks(http: Http) -> None:
    for path in ("/ping", "/", "/replicas_status"):
        async with http.session.get(http.url + path) as answer:
            assert (answer.status, await answer.text()) == (200, "Ok.\n")
    async with http.session.get(http.url + "/nowhere") as answer:
        assert answer.status == 404


async def test_the_query_may_be_in_the_url_in_the_body_or_in_both(http: Http) -> None:
    assert await http.rows("SELECT 1, 'a'") == [["1", "a"]]
    assert await http.rows("", query="SELECT 2") == [["2"]]
    assert await http.rows("+ 3", query="SELECT 1") == [["4"]]


@pytest.mark.parametrize(
    ("output_format", "content_type", "body"),
    [
        ("TSVWithNames", "text/tab-separated-values; charset=UTF-8", b"a\n1\n"),
        ("CSV", "text/csv; charset=UTF-8; header=absent", b"1\n"),
        ("JSONEachRow", "application/x-ndjson; charset=UTF-8", b'{"a":1}\n'),
        ("RowBinary", "application/octet-stream", b"\x01"),
        ("Native", "application/octet-stream", b"\x01\x01\x01a\x05UInt8\x01"),
        ("Null", "text/plain; charset=UTF-8", b""),
    ],
)
async def test_any_format_by_clause_header_or_parameter(
    http: Http, output_format: str, content_type: str, body: bytes
) -> None:
    for reply in (
        await http.post(f"SELECT 1 AS a FORMAT {output_format}"),
        await http.post("SELECT 1 AS a", default_format=output_format),
        await http.post("SELECT 1 AS a", headers={"X-ClickHouse-Format": output_format}),
    ):
        assert (reply.status, reply.body) == (200, body)
        assert reply.headers["X-ClickHouse-Format"] == output_format
        assert reply.headers["Content-Type"] == content_type


async def test_a_big_result_is_one_document_in_formats_with_a_frame(http: Http) -> None:
    reply = await http.post("SELECT number FROM numbers(300000) FORMAT JSONCompact")
    document = json.loads(reply.body)
    assert document["rows"] == len(document["data"]) == 300_000


async def test_every_answer_says_who_gave_it(http: Http) -> None:
    reply = await http.post(
        "SELECT * FROM numbers(10)", query_id="mine", session_timezone="Asia/Tokyo"
    )
    assert reply.headers["X-ClickHouse-Query-Id"] == "mine"
    assert reply.headers["X-ClickHouse-Timezone"] == "Asia/Tokyo"
    assert reply.headers["X-ClickHouse-Server-Display-Name"]
    assert reply.summary["read_rows"] == reply.summary["result_rows"] == 10


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("SELECT * FROM nowhere", 404, 60),
        ("SELECT nothing", 404, 47),
        ("SELLECT 1", 400, 62),
        ("", 400, 62),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT 1 FORMAT Nonsense", 404, 73),
        ("SELECT 1 INTO OUTFILE 'x'", 400, 358),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT sleep(2) SETTINGS max_execution_time = 0.1", 408, 159),
        ("INSERT INTO nowhere FORMAT TSV 1", 404, 60),
    ],
)
async def test_errors_have_clickhouses_numbers_and_statuses(
    http: Http, query: str, status: int, code: int
) -> None:
    reply = await http.post(query)
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert reply.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "official build" in reply.text


async def test_a_syntax_error_is_about_the_clients_own_text(http: Http) -> None:
    reply = await http.post("SELECT 1 FROM WHERE")
    assert "OUTFILE '" not in reply.text and "ganglion" not in reply.text


async def test_an_unknown_setting_and_database_are_refused(http: Http) -> None:
    assert (await http.post("SELECT 1", no_such_setting="1")).status == 404
    assert (await http.post("SELECT 1", database="nowhere")).status == 404


async def test_a_late_error_ends_the_stream_with_its_block_and_breaks_it(http: Http) -> None:
    query = "SELECT throwIf(number = 3000000, 'late'), number FROM numbers(10000000)"
    async with http.session.post(
        http.url, data=query, headers={"Accept-Encoding": "identity"}
    ) as answer:
        assert answer.status == 200
        body = b""
        with pytest.raises(aiohttp.ClientPayloadError):
            async for piece in answer.content.iter_any():
                body += piece
    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    block = body[body.rindex(b"\r\n__exception__\r\n" + tag.encode()) :].decode()
    assert block.startswith(f"\r\n__exception__\r\n{tag}\r\nCode: 395.")
    assert block.endswith(f" {tag}\r\n__exception__\r\n")


async def test_who_reads_rows_as_they_come_gets_those_before_an_error(http: Http) -> None:
    query = "SELECT number, throwIf(number = 5000, 'late') FROM numbers(100000)"
    settings = {"max_block_size": 100, "max_threads": 1}
    reply = await http.post(query, **settings)
    assert reply.status == 500
    parameters = {**settings, "send_progress_in_http_headers": 1}
    async with http.session.post(http.url, params=parameters, data=query) as answer:
        assert answer.status == 200
        assert await answer.content.readline() == b"0\t0\n"
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


async def test_waiting_for_the_end_gives_even_a_late_error_its_status(http: Http) -> None:
    query = "SELECT throwIf(number = 3000000, 'late') FROM numbers(10000000)"
    reply = await http.post(query, wait_end_of_query=1)
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (500, "395")


async def test_parameters_and_settings_hold_anything(http: Http) -> None:
    nasty = 'it\'s a \\ "quote"; -- DROP {x:Int8} \u00e9'
    escaped = nasty.replace("\\", "\\\\")
    rows = await http.rows(
        "SELECT {text:String} = unhex({hex:String}), {list:Array(Int8)}, getSetting('log_comment')",
        param_text=escaped,
        param_hex=nasty.encode().hex(),
        param_list="[1,2]",
        log_comment="a'b\\c",
    )
    assert rows == [["1", "[1,2]", "a\\'b\\\\c"]]


async def test_settings_never_leak_between_concurrent_requests(http: Http) -> None:
    async def ask(number: int) -> None:
        rows = await http.rows(
            "SELECT getSetting('max_block_size'), sleep(0.01)", max_block_size=1000 + number
        )
        assert rows == [[str(1000 + number), "0"]]

    await asyncio.gather(*[ask(number) for number in range(60)])
    assert await http.rows("SELECT changed FROM system.settings WHERE name = 'max_block_size'") == [
        ["0"]
    ]


async def test_get_only_reads(http: Http) -> None:
    async with http.session.get(http.url, params={"query": "SELECT 5"}) as answer:
        assert await answer.text() == "5\n"
    create = {"query": "CREATE TABLE got (a Int8) ENGINE = Memory"}
    async with http.session.get(http.url, params=create) as answer:
        assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


async def test_bodies_are_packed_as_asked_both_ways(http: Http) -> None:
    await http.post("CREATE OR REPLACE TABLE packed (a Int64) ENGINE = Memory")
    lines = b"".join(b"%d\n" % number for number in range(100_000))
    for encoding, pack in (("gzip", gzip.compress), ("lz4", lz4.frame.compress)):
        reply = await http.post(
            pack(lines),
            headers={"Content-Encoding": encoding},
            query="INSERT INTO packed FORMAT TSV",
        )
        assert reply.status == 200, reply.text
        assert reply.summary["written_rows"] == 100_000
    for encoding, unpack in (("gzip", gzip.decompress), ("lz4", lz4.frame.decompress)):
        reply = await http.post(
            "SELECT a FROM packed LIMIT 100000", headers={"Accept-Encoding": encoding}
        )
        assert reply.headers["Content-Encoding"] == encoding
        assert unpack(reply.body).count(b"\n") == 100_000
    broken = await http.post(
        b"not gzip", headers={"Content-Encoding": "gzip"}, query="INSERT INTO packed FORMAT TSV"
    )
    assert broken.headers["X-ClickHouse-Exception-Code"] == "271"


async def test_a_session_keeps_its_tables_and_settings_and_nothing_else(http: Http) -> None:
    session = {"session_id": "s1"}
    await http.post("CREATE TEMPORARY TABLE kept (a Int8)", **session)
    await http.post("INSERT INTO kept VALUES (7)", **session)
    await http.post("SET max_threads = 3", **session)
    query = "SELECT a, getSetting('max_threads') FROM kept"
    assert await http.rows(query, max_threads=5, **session) == [["7", "5"]]
    assert await http.rows(query, **session) == [["7", "3"]]
    assert (await http.post("SELECT * FROM kept")).status == 404
    assert (await http.post("SELECT 1", session_id="s2", session_check=1)).status == 500
    await http.post("SELECT 1", close_session=1, **session)
    assert (await http.post("SELECT * FROM kept", **session)).status == 404


async def test_a_session_is_for_one_request_at_a_time(http: Http) -> None:
    replies = await asyncio.gather(
        *[http.post("SELECT sleep(1.5)", session_id="busy") for _ in range(3)]
    )
    codes = sorted(reply.headers.get("X-ClickHouse-Exception-Code", "") for reply in replies)
    assert codes == ["", "373", "373"]
    assert await http.rows("SELECT 1", session_id="busy") == [["1"]]


async def test_a_form_brings_external_tables(http: Http) -> None:
    form = aiohttp.FormData()
    form.add_field("query", "SELECT b, {p:Int8} FROM extra ORDER BY a")
    form.add_field("param_p", "9")
    form.add_field("extra", b"2,two\n1,one\n", filename="extra.csv")
    parameters = {"extra_structure": "a Int8, b String", "extra_format": "CSV"}
    async with http.session.post(http.url, params=parameters, data=form) as answer:
        assert await answer.text() == "one\t9\ntwo\t9\n"


async def test_a_session_keeps_neither_external_tables_nor_values(http: Http) -> None:
    url = http.url + "/?session_id=forms&extra_structure=a%20Int8"
    for number in (1, 2):
        form = aiohttp.FormData()
        form.add_field("query", "SELECT a, {p:Int8} FROM extra")
        form.add_field("param_p", "9")
        form.add_field("extra", b"%d\n" % number, filename="extra.tsv")
        async with http.session.post(url, data=form) as answer:
            assert await answer.text() == f"{number}\t9\n"
    for query, code in (("SELECT * FROM extra", "60"), ("SELECT {p:Int8}", "456")):
        reply = await http.post(query, session_id="forms")
        assert reply.headers["X-ClickHouse-Exception-Code"] == code


async def test_a_value_may_be_longer_than_a_statement(http: Http) -> None:
    form = aiohttp.FormData()
    form.add_field("query", "SELECT length({list:Array(Int32)})", content_type="text/plain")
    form.add_field("param_list", str(list(range(100_000))))
    async with http.session.post(http.url, data=form) as answer:
        assert await answer.text() == "100000\n"


async def test_pages_of_other_sites_are_kept_out(http: Http) -> None:
    reply = await http.post("SELECT 1", headers={"Origin": "http://example.org"})
    assert reply.status == 403
    assert (await http.post("SELECT 1", headers={"Origin": http.url})).status == 200


def test_curl_works_unchanged(server: Server) -> None:
    answer = subprocess.run(
        [
            "curl",
            "-sS",
            "--fail-with-body",
            server.url,
            "--data-binary",
            "SELECT 1 FORMAT JSONEachRow",
        ],
        capture_output=True,
        check=True,
    )
    assert answer.stdout == b'{"1":1}\n'
    late = subprocess.run(
        [
            "curl",
            "-sS",
            server.url,
            "-d",
            "SELECT throwIf(number = 9000000) FROM numbers(10000000)",
        ],
        capture_output=True,
        check=False,
    )
    assert late.returncode == 18  # a part of the rows is no success


async def test_a_view_with_a_subquery_gets_what_is_inserted(server: Server) -> None:
    """The engine's own streaming insert ran no such view, stored nothing, and said nothing."""
    client = await get_async_client(port=server.port)
    try:
        await client.command("CREATE TABLE door (a UInt64) ENGINE = Null")
        await client.command("CREATE TABLE room (a UInt64) ENGINE = MergeTree ORDER BY a")
        await client.command(
            "CREATE MATERIALIZED VIEW path TO room AS"
            " SELECT a FROM door WHERE a > (SELECT ifNull(max(a), 0) FROM room)"
        )
        for rows in (b"1\n2\n", b"2\n3\n"):
            await client.raw_insert("door", insert_block=rows, fmt="TSV")
        stored = await client.query("SELECT a FROM room ORDER BY a")
        assert [row[0] for row in stored.result_rows] == [1, 2, 3]
    finally:
        for name in ("path", "door", "room"):
            await client.command(f"DROP TABLE IF EXISTS {name}")
        await client.close()


@pytest.mark.parametrize("name", ["$a", "a$b", "a$", "_$"])
async def test_a_parameters_name_may_have_a_dollar(http: Http, name: str) -> None:
    reply = await http.post(f"SELECT {{{name}:Int8}}", **{f"param_{name}": "7"})
    assert reply.text == "7\n"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT plus(1)",
        "SELECT 1 + 'a'",
        "SELECT {p:Int8}",
        "SELECT number, count() FROM numbers(3)",
        "SELECT sum(sum(number)) FROM numbers(3)",
        "SELECT [1, 'a']",
        "SET send_logs_level = 'trace'",
    ],
)
async def test_what_is_the_clients_fault_is_answered_so(http: Http, query: str) -> None:
    reply = await http.post(query)
    assert reply.status == 400, reply.text


async def test_a_late_error_in_a_packed_stream_keeps_its_text(http: Http) -> None:
    """The packed stream itself is whole, though its last chunk never comes."""
    query = "SELECT throwIf(number = 3000000, 'late'), number FROM numbers(10000000)"
    packed = b""
    async with http.session.post(
        http.url,
        data=query,
        params={"enable_http_compression": "1"},
        headers={"Accept-Encoding": "gzip"},
    ) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        with pytest.raises(aiohttp.ClientPayloadError):
            async for piece in answer.content.iter_any():
                packed += piece
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert b"DB::Exception: late" in unpacker.decompress(packed)[-4096:]
    assert unpacker.eof
