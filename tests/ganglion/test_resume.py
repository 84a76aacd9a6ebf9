"""Does `ganglion resume` say what it did, and what it did not?"""

from __future__ import annotations

import asyncio

import pytest
from command_line import CommandLine
from real_servers import NatsServer

from nervous_system.bus import Bus

NOTHING_LIFTED = "no `ganglion halt` was in force; what playbooks of incidents held goes on ("


@pytest.fixture
async def on_a_log(ganglion: CommandLine, nats_server: NatsServer, bus: Bus) -> CommandLine:
    ganglion.environment["NATS_URL"] = nats_server.url
    ganglion.home.mkdir()
    return ganglion


async def said(ganglion: CommandLine, *arguments: str) -> list[str]:
    return (await asyncio.to_thread(ganglion, *arguments)).stdout.splitlines()


async def test_a_halt_is_lifted_once(on_a_log: CommandLine) -> None:
    (line,) = await said(on_a_log, "resume")
    assert line.startswith(NOTHING_LIFTED)
    await said(on_a_log, "halt")
    (line,) = await said(on_a_log, "resume")
    assert line.startswith("the halt is lifted (")
    (line,) = await said(on_a_log, "resume")
    assert line.startswith(NOTHING_LIFTED)


async def test_the_flag_is_named_where_it_is(on_a_log: CommandLine) -> None:
    flag = on_a_log.home / "manual_shutdown.flag"
    flag.touch()
    lines = await said(on_a_log, "resume")
    assert lines[1:] == [f"{flag} is there and still holds dispatch; remove it"]
