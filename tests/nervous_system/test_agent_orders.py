"""Does an agent know what it is to obey: a halt, a sleep, and that it is to end?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from enchanted.events.v1.command_pb2 import (
    COMMAND_DRAIN,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_STOP,
    CommandAcknowledged,
    CommandIssued,
    CommandKind,
)
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered, SystemModeChanged
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_GOVERNOR,
    ROLE_GUARDIAN,
    ROLE_OPERATOR,
    AgentRole,
)
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.agent import Agent, open_agent
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings


async def say(
    bus: Bus, payload: Payload, role: AgentRole.ValueType = ROLE_OPERATOR, who: str = "ada"
) -> str:
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=role,
        agent_id=who,
        payload=payload,
    )
    await bus.publish(event)
    return event.event_id


async def told(bus: Bus, kind: CommandKind.ValueType, target: str = "c", **more: str) -> str:
    command = CommandIssued(
        kind=kind,
        target=target,
        reason="short of memory",
        expires_in_seconds=600,
        **more,  # type: ignore[arg-type]
    )
    return await say(bus, command, ROLE_GOVERNOR, "governor/here")


async def until(agent: Agent, holds: Callable[[], object]) -> None:
    """It is told of each change, and waits for the next."""
    async with asyncio.timeout(120):
        while not holds():
            await agent.wait_for_orders()


async def test_an_agent_stands_still_while_everything_is_halted(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    url = mesh_settings.nats_url
    await say(bus, HaltOrdered(reason="lunch"))
    async with open_agent(url, role="coder", agent_id="c", settings=mesh_settings) as agent:
        async with asyncio.timeout(120):
            await agent.wait_for_orders()
        assert agent.halted == "lunch (ordered by ada)"
        await say(bus, HaltLifted())
        await until(agent, lambda: not agent.halted)
        mode = SystemModeChanged(mode="halted", reason="no disk")
        await say(bus, mode, ROLE_GUARDIAN, "guardian/main")
        await until(agent, lambda: agent.halted == "the guardian halted the system: no disk")
        await say(bus, SystemModeChanged(mode="operational"), ROLE_GUARDIAN, "guardian/main")
        await until(agent, lambda: not agent.halted)
        assert not agent.dismissed


async def test_an_agent_that_nobody_stopped_goes_on_at_once(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    url = mesh_settings.nats_url
    await say(bus, HaltOrdered(reason="lunch"))
    await say(bus, HaltLifted())
    await told(bus, COMMAND_STOP)  # before it was there
    await told(bus, COMMAND_SLEEP, target="another")
    # It obeys, to be safe, what was said while the answer about the stream's time was on its way.
    await asyncio.sleep(10)
    async with open_agent(url, role="coder", agent_id="c", settings=mesh_settings) as agent:
        async with asyncio.timeout(120):
            await agent.wait_for_orders()
        assert (agent.halted, agent.dismissed) == ("", "")


@pytest.mark.parametrize("kind", [COMMAND_STOP, COMMAND_DRAIN])
async def test_an_agent_sleeps_wakes_and_ends_as_it_is_told_and_says_so(
    bus: Bus, mesh_settings: MeshSettings, kind: CommandKind.ValueType
) -> None:
    url = mesh_settings.nats_url
    async with open_agent(url, role="coder", agent_id="c", settings=mesh_settings) as agent:
        sleep = await told(bus, COMMAND_SLEEP)  # it is there, and has not asked yet
        await until(agent, lambda: agent.halted == "short of memory")
        release = await told(bus, COMMAND_RELEASE, releases_command_id=sleep)
        await until(agent, lambda: not agent.halted)
        end = await told(bus, kind, target="all")
        await until(agent, lambda: agent.dismissed)
    subject = "swarm.events.coder.command_acknowledged.c"
    said = [decode_stored(each).event.payload async for each in bus.replay(subjects=[subject])]
    obeyed = {
        each.command_id for each in said if isinstance(each, CommandAcknowledged) and each.obeyed
    }
    assert obeyed == {sleep, release, end}


async def test_what_is_said_between_opening_and_asking_counts(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    url = mesh_settings.nats_url
    async with open_agent(url, role="coder", agent_id="c", settings=mesh_settings) as agent:
        await told(bus, COMMAND_STOP)
        await until(agent, lambda: agent.dismissed)
