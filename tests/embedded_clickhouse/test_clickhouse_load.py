"""What happens with many clients at once, with too many, and with those who go away?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Http, Start

FOREVER = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
RUNNING = "SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%'"


async def test_many_read_while_one_writes(http: Http) -> None:
    await http.post("CREATE OR REPLACE TABLE grown (a Int64) ENGINE = MergeTree ORDER BY a")
    batches, size = 10, 2000

    async def write() -> None:
        for batch in range(batches):
            lines = "".join(f"{batch * size + n}\n" for n in range(size))
            reply = await http.post(lines, query="INSERT INTO grown FORMAT TSV", async_insert=0)
            assert reply.status == 200, reply.text

    async def read() -> None:
        seen = 0
        while seen < batches * size:
            ((count, unique),) = await http.rows("SELECT count(), uniqExact(a) FROM grown")
            assert int(count) % size == 0 and count == unique and int(count) >= seen
            seen = int(count)

    await asyncio.gather(write(), *[read() for _ in range(20)])


async def test_too_many_are_refused_in_clickhouses_way_and_health_checks_pass(start: Start) -> None:
    url = start("--max-queries", "2", "--max-wait-seconds", "0.3").url
    async with aiohttp.ClientSession() as session:

        async def ask() -> tuple[int, str]:
            async with session.post(url, data="SELECT sleep(1)") as answer:
                return answer.status, answer.headers.get("X-ClickHouse-Exception-Code", "")

        answers = asyncio.gather(*[ask() for _ in range(5)])
        async with session.get(f"{url}/ping") as ping:
            assert ping.status == 200
        assert sorted(await answers) == [(200, "")] * 2 + [(500, "202")] * 3
        assert (await ask()) == (200, "")


async def test_who_goes_away_frees_the_place_and_ends_the_query(start: Start) -> None:
    url = start("--max-queries", "1", "--max-wait-seconds", "10").url
    async with aiohttp.ClientSession() as session:
        for query in (FOREVER, "SELECT number FROM numbers(1000000000000) FORMAT RowBinary"):
            timeout = aiohttp.ClientTimeout(total=0.5)
            try:
                async with session.post(url, data=query, timeout=timeout) as answer:
                    await answer.read()
            except TimeoutError:
                pass
            # There is one place: this gets it once the other one has really ended.
            async with session.post(url, data=RUNNING) as answer:
                assert (answer.status, await answer.text()) == (200, "0\n")


async def test_an_insert_that_breaks_off_stores_nothing(http: Http) -> None:
    await http.post("CREATE OR REPLACE TABLE broken (a Int64) ENGINE = MergeTree ORDER BY a")
    host, _, port = http.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /?query=INSERT+INTO+broken+FORMAT+TSV HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    writer.write(b"Content-Length: 1000000000\r\n\r\n" + b"1\n" * 1_000_000)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    while (await http.rows(RUNNING)) != [["0"]]:
        pass
    assert await http.rows("SELECT count() FROM broken") == [["0"]]
