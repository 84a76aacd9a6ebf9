"""Can whoever reads stop what is recorded, or take more than is theirs?"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from embedded_clickhouse.access import RIGHTS
from embedded_clickhouse.passwords import own_passwords
from embedded_clickhouse.users import OWN_ACCOUNTS

SLOW = "SELECT count() FROM system.numbers WHERE cityHash64(number) = 0"
MAX = RIGHTS["read"]


@dataclass
class Front:
    """A running front."""

    url: str
    passwords: dict[str, str]
    session: aiohttp.ClientSession

    async def ask(self, user: str, statement: str, **fields: str) -> str:
        """The answer, whatever it is."""
        async with self.session.post(
            self.url,
            data=statement.encode(),
            params=fields,
            auth=aiohttp.BasicAuth(user, self.passwords[user]),
        ) as answer:
            return (await answer.read()).decode()


def _started(data: Path) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "embedded_clickhouse")
    return subprocess.Popen(
        [*command, "--path", str(data), "--port", "0"], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    """With a table to record into."""
    process = _started(tmp_path / "data")
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        passwords = own_passwords(tmp_path / "keys" / "clickhouse", OWN_ACCOUNTS)
        connector = aiohttp.TCPConnector(limit=200)
        async with aiohttp.ClientSession(connector=connector) as session:
            front = Front(url, passwords, session)
            for statement in (
                "CREATE DATABASE swarm",
                "CREATE TABLE swarm.facts (a Int64) ENGINE = MergeTree ORDER BY a",
            ):
                assert await front.ask("ganglion", statement) == ""
            yield front
    finally:
        process.kill()
        process.wait(timeout=300)
        process.stdout.close()


async def _running(front: Front) -> int:
    counted = "SELECT count() FROM system.processes WHERE position(query, 'cityHash64(number)') > 0"
    return int(await front.ask("default", counted + " AND NOT position(query, 'processes')"))


async def test_slow_queries_of_an_analyst_leave_the_recording_alone(front: Front) -> None:
    slow = [asyncio.create_task(front.ask("analyst", SLOW)) for _ in range(40)]
    assert MAX.queries is not None
    while await _running(front) < MAX.queries:
        assert not any(task.done() for task in slow)
    for number in range(20):
        assert await front.ask("ganglion", f"INSERT INTO swarm.facts VALUES ({number})") == ""
    assert await _running(front) == MAX.queries, "more of them run than may"
    assert await front.ask("services", "SELECT count() FROM swarm.facts") == "20\n"
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


@pytest.mark.parametrize("name", MAX.max_settings)
async def test_no_limit_is_lifted(front: Front, name: str) -> None:
    asks = (
        f"SET {name} = {MAX.max_settings[name] + 1}",
        f"SET {name} = DEFAULT",
        f"SELECT 1 SETTINGS {name} = {MAX.max_settings[name] + 1}",
        f"SELECT 1 SETTINGS {name} = DEFAULT",
        f"SELECT 1 SETTINGS profile = 'owner', {name} = {MAX.max_settings[name] + 1}",
    )
    if name != "max_threads":  # of which 0 means as many as there are processors, within its bound
        asks += (f"SET {name} = 0", f"SELECT 1 SETTINGS {name} = 0")  # type: ignore[assignment]
    for statement in asks:
        assert "DB::Exception" in await front.ask("analyst", statement), statement
    more = {name: str(MAX.max_settings[name] + 1)}
    assert "DB::Exception" in await front.ask("analyst", "SELECT 1", **more)
    assert "DB::Exception" in await front.ask("analyst", "SELECT 1", profile="owner", **more)


async def test_a_subquery_has_no_more_time_than_its_query(front: Front) -> None:
    inner = f"SELECT * FROM ({SLOW} SETTINGS max_execution_time = 0)"
    assert "(TIMEOUT_EXCEEDED)" in await front.ask("analyst", inner, max_execution_time="1")


@pytest.mark.parametrize("name", MAX.settings)
async def test_a_session_keeps_its_limits(front: Front, name: str) -> None:
    async def value(**fields: str) -> str:
        asked = f"SELECT getSetting('{name}')"
        return (await front.ask("analyst", asked, session_id="s", **fields)).strip()

    assert await value() == str(MAX.settings[name])
    assert await value(**{name: "1000" if name.endswith("bytes") else "1"}) != "0"
    assert await value() == str(MAX.settings[name])
    await front.ask("analyst", "SET profile = 'owner'", session_id="s")
    assert await value() == str(MAX.settings[name])
