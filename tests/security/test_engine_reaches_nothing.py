"""Does anything that this engine can do get at the machine? Everything that it lists is tried, by
every kind of account."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from embedded_clickhouse.passwords import own_passwords
from embedded_clickhouse.users import OWN_ACCOUNTS
from nervous_system.host.wall import gaps
from tests.security.engine_walk import (
    Outside,
    Try,
    of_database_engine,
    of_dictionary_source,
    of_format,
    of_function,
    of_statements,
    of_table_engine,
    of_table_function,
)

SECRET = "what only the owner of this machine may read"
ENVIRONMENT = "a password in the environment"
Walk = Callable[[str, Outside], Iterator[Try]]
LISTS: dict[str, Walk] = {
    "table_functions": of_table_function,
    "functions": of_function,
    "table_engines": of_table_engine,
    "database_engines": of_database_engine,
    "dictionary_sources": of_dictionary_source,
    "formats": of_format,
}
AT_ONCE = {
    ("default", "table_functions"),
    ("default", "dictionary_sources"),
    ("analyst", "dictionary_sources"),
}
NEVER_END = frozenset({"sleep", "sleepEachRow"})
pytestmark = pytest.mark.skipif(bool(gaps()), reason="this kernel holds no whole wall")


@dataclass
class Front:
    """A running front, with something outside that it must not reach."""

    url: str
    passwords: dict[str, str]
    outside: Outside
    folder: Path
    connections: list[bytes]

    async def ask(self, session: aiohttp.ClientSession, user: str, statement: str) -> str:
        """The answer, whatever it is."""
        async with session.post(
            self.url,
            data=statement.encode(),
            auth=aiohttp.BasicAuth(user, self.passwords[user]),
            params={"max_execution_time": "5"},
        ) as answer:
            return (await answer.read()).decode(errors="replace")

    def check(self, answers: dict[str, str]) -> None:
        """Nothing got out, and nothing was written or run."""
        told = [asked for asked, text in answers.items() if SECRET in text or ENVIRONMENT in text]
        assert told == []
        assert self.connections == []
        left = sorted(path.name for path in self.folder.iterdir())
        assert left == ["program", "secret"], "something was written or run outside"
        assert (self.folder / "secret").read_text() == SECRET


def _started(data: Path) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "embedded_clickhouse")
    return subprocess.Popen(
        [*command, "--path", str(data), "--port", "0"], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
async def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Front]:
    """The process as it is, with a table, and everything outside that is not to be reached."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text(SECRET)
    program = folder / "program"
    program.write_text(f"#!/bin/sh\necho {SECRET} | tee {folder}/ran\n")
    program.chmod(0o755)
    connections: list[bytes] = []

    async def heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(await reader.read(100))
        writer.close()

    monkeypatch.setenv("GANGLION_NATS_PASSWORD", ENVIRONMENT)
    async with await asyncio.start_server(heard, "127.0.0.1", 0) as listening:
        port = int(listening.sockets[0].getsockname()[1])
        outside = Outside(str(folder / "secret"), str(folder / "written"), port, str(program))
        data = tmp_path / "engine" / "data"
        process = _started(data)
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            passwords = own_passwords(tmp_path / "engine" / "keys" / "clickhouse", OWN_ACCOUNTS)
            front = Front(url, passwords, outside, folder, connections)
            async with aiohttp.ClientSession() as session:
                for statement in (
                    "CREATE DATABASE swarm",
                    "CREATE TABLE swarm.facts (line String) ENGINE = MergeTree ORDER BY line",
                ):
                    assert await front.ask(session, "default", statement) == ""
            yield front
            assert process.poll() is None, f"the engine ended with {process.returncode}"
        finally:
            process.kill()
            process.wait(timeout=300)
            process.stdout.close()


async def _tried(front: Front, user: str, tries: Iterator[Try]) -> dict[str, str]:
    """What was answered to each statement."""
    answers: dict[str, str] = {}
    async with aiohttp.ClientSession() as session:
        for statements in tries:
            for statement in statements:
                answers[statement] = await front.ask(session, user, statement)
                if statement == statements[0] and "DB::Exception" in answers[statement]:
                    break
    return answers


def _cases() -> Iterator[object]:
    """Every list by every kind of account: some 15,000 statements, most of them in the long run."""
    for table in LISTS:
        for user in ("analyst", "default", "ganglion", "services"):
            is_long = (user, table) not in AT_ONCE
            marks = [pytest.mark.long] if is_long else []
            yield pytest.param(user, table, marks=marks)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("user", "table"), _cases())
async def test_nothing_that_the_engine_lists_reaches_out(
    front: Front, user: str, table: str
) -> None:
    async with aiohttp.ClientSession() as session:
        listed = await front.ask(session, "default", f"SELECT name FROM system.{table}")
    names = listed.splitlines()
    assert len(names) > 5, f"the engine lists no {table}: {listed}"
    walk = LISTS[table]
    tried = [name for name in names if name not in NEVER_END]
    tries = (each for name in tried for each in walk(name, front.outside))
    answers = await _tried(front, user, tries)
    front.check(answers)
    asked = "\n".join(answers)
    assert [name for name in tried if name not in asked] == []


@pytest.mark.parametrize("user", list(OWN_ACCOUNTS))
async def test_nothing_else_that_can_be_said_reaches_out(front: Front, user: str) -> None:
    front.check(await _tried(front, user, of_statements(front.outside)))


async def test_the_test_notices_what_gets_out(front: Front) -> None:
    """A check that can't fail is none."""
    with pytest.raises(AssertionError):
        front.check({"SELECT": SECRET})
    front.folder.joinpath("written").touch()
    with pytest.raises(AssertionError):
        front.check({})
    front.folder.joinpath("written").unlink()
    front.connections.append(b"GET")
    with pytest.raises(AssertionError):
        front.check({})
