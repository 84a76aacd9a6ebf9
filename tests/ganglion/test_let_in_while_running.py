"""Who is let in while the mesh runs: is he believed within seconds, and no more when revoked, with
the real services and without a new start?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from nervous_system.client.agent import open_agent
from nervous_system.contract.signature import MISSING, REVOKED
from nervous_system.errors import Forbidden
from nervous_system.settings import MeshSettings
from nervous_system.users import FOLDER, read_password
from tests.command_line import CommandLine

NAME = "ext-1"
SERVICES = ("nats", "clickhouse", "ingestor", "overseer")


@pytest.fixture
def running(ganglion: CommandLine) -> Iterator[CommandLine]:
    only = [word for each in SERVICES for word in ("--only", each)]
    started = ganglion("up", "--detach", *only)
    assert started.returncode == 0, started.stderr
    yield ganglion
    ganglion("down")


class Agents:
    """Who comes as an agent of this name from outside, with nothing of the home but what he is
    given."""

    def __init__(self, ganglion: CommandLine, elsewhere: Path) -> None:
        self._elsewhere = elsewhere
        port = ganglion.environment["GANGLION_NATS_PORT"]
        password = read_password(ganglion.home / FOLDER / "coder")
        self.anybody = f"nats://coder:{password}@127.0.0.1:{port}"

    def says(self, url: str, *, key: Path | None, what: str) -> int:
        """The position of what he says on the log."""

        async def say() -> int:
            async with open_agent(
                url, role="coder", agent_id=NAME, settings=self._settings(key)
            ) as agent:
                return (await agent.decide(rationale="a test", chosen=what)).sequence

        return asyncio.run(say())

    def asks(self, url: str, *, key: Path | None) -> str:
        """Why the overseer does not believe that it is he; empty where it does."""

        async def ask() -> str:
            async with open_agent(
                url, role="coder", agent_id=NAME, settings=self._settings(key)
            ) as agent:
                try:
                    await agent.propose_task(action="work")
                except Forbidden as error:
                    return str(error)
            return ""

        return asyncio.run(ask())

    def _settings(self, key: Path | None) -> MeshSettings:
        return MeshSettings(home=self._elsewhere, signing_key=key)


def warnings(ganglion: CommandLine, position: int) -> str:
    """What the ingestor has to say against the row of a position, once it is there."""
    while True:
        rows = ganglion(
            "sql",
            "SELECT arrayStringConcat(warnings, '; ') FROM swarm.events"
            f" WHERE seq = {position} FORMAT TabSeparatedRaw",
        )
        assert rows.returncode == 0, rows.stderr
        if rows.stdout:
            return rows.stdout.strip()


def test_a_key_is_believed_while_the_mesh_runs_and_no_more_when_revoked(
    running: CommandLine, tmp_path: Path
) -> None:
    agents = Agents(running, tmp_path / "elsewhere")
    before = agents.says(agents.anybody, key=None, what="before there was a key")
    assert agents.asks(agents.anybody, key=None) == ""

    made = running("keys", "new", NAME, "--role", "coder")
    assert made.returncode == 0, made.stderr
    assert "nothing needs a restart" in made.stdout
    assert "ganglion down" not in made.stdout
    url = made.stdout.splitlines()[0]
    key = tmp_path / "key of ext-1"
    key.write_bytes((running.home / "keys" / NAME).read_bytes())  # as a thief of it would

    signed = agents.says(url, key=key, what="signed")
    strange = agents.says(agents.anybody, key=None, what="in the name of another")
    assert agents.asks(url, key=key) == ""
    assert MISSING in agents.asks(agents.anybody, key=None)
    assert [warnings(running, each) for each in (before, signed, strange)] == ["", "", MISSING]

    gone = running("keys", "revoke", NAME)
    assert gone.returncode == 0, gone.stderr
    assert "what it signed before still does" in gone.stdout
    late = agents.says(agents.anybody, key=key, what="with a key that was revoked")
    assert REVOKED in agents.asks(agents.anybody, key=key)
    assert MISSING in agents.asks(agents.anybody, key=None)
    assert [warnings(running, each) for each in (before, signed, late)] == ["", "", REVOKED]

    refused = running("keys", "new", NAME, "--role", "coder", "--unsigned")
    assert refused.returncode == 2
    assert "names 'ext-1'" in refused.stderr
    again = running("keys", "new", NAME, "--role", "coder")
    assert again.returncode == 0, again.stderr
    new_key = running.home / "keys" / f"{NAME}.2"
    url = again.stdout.splitlines()[0]
    assert agents.asks(url, key=new_key) == ""
    assert REVOKED in agents.asks(agents.anybody, key=key)
