"""Does `ganglion resume` say what it did, and what it did not?"""

from __future__ import annotations

import asyncio

import pytest

from enchanted.events.v1.pulse_pb2 import HaltLifted
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from ganglion.exit_codes import USAGE
from nervous_system.bus import Bus
from tests.command_line import CommandLine
from tests.real_servers import NatsServer, RealProcess

NOTHING_LIFTED = "no `ganglion halt` was in force; what playbooks of incidents held goes on ("


@pytest.fixture
async def on_a_log(ganglion: CommandLine, nats_server: NatsServer, bus: Bus) -> CommandLine:
    ganglion.lead_to(nats_server.url)
    ganglion.home.mkdir(exist_ok=True)
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


@pytest.mark.parametrize(
    ("text", "seconds"), [("1h", 3600), ("90s", 90), ("1h30m", 5400), ("24h", 86_400)]
)
async def test_the_limits_are_overridden_for_a_time_on_record(
    on_a_log: CommandLine, bus: Bus, text: str, seconds: float
) -> None:
    lines = await said(on_a_log, "resume", "--for", text, "--reason", "I watch it")
    assert lines[0].startswith(NOTHING_LIFTED)
    assert lines[1].startswith(f"for {text} the limits of CPU and memory hold nothing back")
    last = await bus.last_live("swarm.events.operator.halt_lifted")
    assert last is not None
    assert last.event.payload == HaltLifted(reason="I watch it", override_seconds=seconds)
    assert last.event.agent_role == ROLE_OPERATOR
    assert "@" in last.event.agent_id, "it is this person's decision"
    assert "the limits of CPU and memory count again" in await said(on_a_log, "resume")
    assert len(await said(on_a_log, "resume")) == 1


@pytest.mark.parametrize("text", ["0s", "25h", "1d", "-1h", "h", "1e3s", "1h 2m", "٣h", "9" * 400])
async def test_what_is_no_time_overrides_nothing(
    on_a_log: CommandLine, bus: Bus, text: str
) -> None:
    refused = await asyncio.to_thread(on_a_log, "resume", f"--for={text}")
    assert refused.returncode == USAGE
    assert "--for is a time of at most 24h" in refused.stderr
    assert await bus.last_live("swarm.events.operator.halt_lifted") is None


async def test_a_status_from_elsewhere_says_who_halted_and_who_overrides(
    on_a_log: CommandLine, overseer: RealProcess
) -> None:
    """No supervisor of this home runs: what it says is folded from the log."""
    await said(on_a_log, "halt", "--reason", "lunch")
    async with asyncio.timeout(120):
        while True:
            status = await asyncio.to_thread(on_a_log, "status")
            if "dispatch is halted: lunch (ordered by " in status.stdout:
                break
    assert "the swarm: dispatch is halted: lunch (ordered by " in status.stderr
    await said(on_a_log, "resume", "--for", "1h", "--reason", "I watch it")
    status = await asyncio.to_thread(on_a_log, "status")
    assert " overrides the limits until " in status.stdout
    assert " UTC: I watch it\n" in status.stdout
    assert "halted" not in status.stdout
