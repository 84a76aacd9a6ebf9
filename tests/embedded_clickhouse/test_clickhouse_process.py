"""Does the process start, refuse, drain and survive as it should?"""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import psutil
import pytest

if TYPE_CHECKING:
    from tests.embedded_clickhouse.conftest import Server, Start

SERVE = (sys.executable, "-m", "embedded_clickhouse")


def refused(*options: str) -> str:
    """What a server that must not start says. One sentence, and an exit status that is not 0."""
    process = subprocess.run([*SERVE, *options], capture_output=True, text=True, timeout=300)
    assert process.returncode == 2
    return process.stderr


async def post(url: str, data: bytes | str, **fields: str) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, params=fields, data=data) as answer,
    ):
        text = await answer.text()
        assert answer.status == 200, text
        return text


def test_another_address_than_the_loopback_is_refused(tmp_path: Path) -> None:
    assert "loopback" in refused("--path", str(tmp_path), "--host", "0.0.0.0")


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = refused("--path", str(tmp_path / "data"), "--port", port)
    assert f"Cannot listen on 127.0.0.1:{port}" in message


def test_a_folder_in_use_is_refused(server: Server) -> None:
    message = refused("--path", str(server.path), "--port", "0")
    assert f"{server.path} is in use by another process" in message


def test_a_users_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.toml")
    message = refused("--path", str(tmp_path / "data"), "--users", missing)
    assert f"Cannot read the users file {missing}" in message


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_lets_a_running_insert_end(start: Start, number: signal.Signals) -> None:
    server = start()
    await post(server.url, "CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a")
    slow = "INSERT INTO t SELECT number FROM numbers(20) WHERE sleepEachRow(0.05) = 0"
    insert = asyncio.create_task(post(server.url, slow, max_block_size="1"))
    while await post(server.url, "SELECT count() FROM system.processes") != "2\n":
        pass
    server.process.send_signal(number)
    await insert
    assert await asyncio.to_thread(server.process.wait, 30) == 0
    again = start(path=server.path)
    assert await post(again.url, "SELECT count() FROM t") == "20\n"


async def test_a_stop_ends_what_does_not_end_by_itself(start: Start) -> None:
    server = start("--drain-seconds", "0.5")
    endless = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
    asking = asyncio.create_task(post(server.url, endless))
    while await post(server.url, "SELECT count() FROM system.processes") != "2\n":
        pass
    server.process.terminate()
    assert await asyncio.to_thread(server.process.wait, 20) == 0
    with pytest.raises((aiohttp.ClientError, AssertionError)):
        await asking


async def test_what_was_acknowledged_survives_a_kill(start: Start) -> None:
    server = start()
    await post(
        server.url,
        "CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a SETTINGS fsync_after_insert = 1",
    )
    acknowledged = 0
    for batch in range(20):
        lines = f"{batch}\n" * 100
        await post(server.url, lines, query="INSERT INTO t FORMAT TSV", async_insert="0")
        acknowledged += 100
    server.process.kill()
    server.process.wait(timeout=300)
    again = start(path=server.path)
    assert await post(again.url, "SELECT count() FROM t") == f"{acknowledged}\n"


def test_the_process_stays_small(start: Start) -> None:
    server = start()
    process = psutil.Process(server.process.pid)
    assert process.memory_info().rss < 400 << 20
    mapped = {Path(region.path).name.split(".")[0] for region in process.memory_maps()}
    assert not mapped & {"libarrow", "_pandas_datetime", "lib"}
