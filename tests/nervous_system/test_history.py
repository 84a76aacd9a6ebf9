"""Is what was brought back from the past history, and never an order?

A log is kept as it is, made anew, lived in, and then its old life is published into it again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from enchanted.events.v1.command_pb2 import (
    COMMAND_DRAIN,
    COMMAND_SLEEP,
    COMMAND_STOP,
    COMMAND_THROTTLE,
    CommandIssued,
)
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_OPERATOR, ROLE_OVERSEER
from local_mesh.key_files import make_keys
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.client.active_commands import ActiveCommands
from nervous_system.client.command_listener import CommandListener
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry, Message, encode_message
from nervous_system.contract.payload import Payload
from nervous_system.contract.stored import Stored
from nervous_system.errors import Permanent
from nervous_system.ids import new_event_id
from nervous_system.service.service_commands import obey_service_commands
from nervous_system.settings import MeshSettings
from tests.nervous_system.counting import SERVICE, role
from tests.nervous_system.event_samples import decision
from tests.nervous_system.running_roles import ANSWERS, history, publish, running, until_on_log

pytestmark = pytest.mark.usefixtures("quickly")


async def past_life(bus: Bus, settings: MeshSettings) -> list[Stored]:
    """What two leaders wrote, on a log that is gone."""
    for holder, first in (("old", 1), ("older", 4)):
        async with running(settings, holder=holder, of=role(tick_seconds=0.05)) as run:
            await publish(bus, first, first + 2)
            await until_on_log(bus, ANSWERS, first + 1 - first // 4)
            await run.reached((await bus.stream.state()).last_sequence)
    past = [stored async for stored in bus.replay()]
    await bus.connection.request_json(f"$JS.API.STREAM.DELETE.{names.STREAM}", {})
    await bus.stream.ensure(settings)
    await bus.connection.client.jetstream().delete_object_store(names.SNAPSHOTS)
    return past


def as_it_was(stored: Stored) -> Message:
    assert stored.message_id is not None
    return Message(subject=stored.subject, message_id=stored.message_id, data=stored.data)


async def bring_back(bus: Bus, past: list[Stored]) -> None:
    for stored in past:
        message = bus.vouched_history(as_it_was(stored), f"1/{stored.sequence}")
        await bus.publisher.append(message)


@pytest.fixture(params=["without keys", "with the mesh's key"])
def settings(
    request: pytest.FixtureRequest, mesh_settings: MeshSettings, tmp_path: Path
) -> MeshSettings:
    if request.param == "without keys":
        return mesh_settings
    make_keys(tmp_path / "home", "mesh", [])
    return mesh_settings.model_copy(update={"home": tmp_path / "home"})


async def test_a_life_that_comes_back_deposes_nobody_and_decides_nothing(
    bus: Bus, settings: MeshSettings
) -> None:
    past = await past_life(bus, settings)
    async with running(settings, holder="new") as run, open_bus(settings, name="admin") as admin:
        await publish(bus, 11, 13)
        await until_on_log(bus, ANSWERS, 2)
        lived = (await bus.stream.state()).last_sequence
        await bring_back(admin, past)
        await run.reached((await bus.stream.state()).last_sequence)
        assert run.runner.state is not None
        assert run.runner.state.counted == 3
        await publish(bus, 14, 16)  # its fence stands again, behind the terms of the past
        await until_on_log(bus, ANSWERS, 4 + sum(each.subject == ANSWERS for each in past))
        await run.reached((await bus.stream.state()).last_sequence)
        assert (run.value("term"), run.value("leading")) == (1, 1)
        assert run.runner.state.counted == 6
        state = run.runner.state
    back = [stored async for stored in bus.replay(start_sequence=lived + 1)][: len(past)]
    assert [as_it_was(stored) for stored in back] == [as_it_was(stored) for stored in past]
    assert [stored.headers[names.REPUBLISHED_FROM] for stored in back] == [
        f"1/{stored.sequence}" for stored in past
    ]
    live = [
        each
        for each in await history(bus)
        if each.sequence not in range(lived + 1, lived + 1 + len(past))
    ]
    assert [
        each.event.payload.holder
        for each in live
        if isinstance(each.event.payload, LeadershipTaken)
    ] == ["new"]
    # A fold from nothing, by another process, comes to the same.
    await bus.connection.client.jetstream().delete_object_store(names.SNAPSHOTS)
    async with running(settings, holder="newer") as run:
        await run.until(lambda: run.runner.state is not None, "a state")
        await run.reached((await bus.stream.state()).last_sequence)
        assert replace(run.runner.state, digest="") == replace(  # type: ignore[type-var]
            state, digest=""
        )  # its own term is in
        assert run.value("events_decided_total") == 0


async def test_brought_back_twice_and_in_halves_it_stays_history(
    bus: Bus, settings: MeshSettings
) -> None:
    past = await past_life(bus, settings)
    async with running(settings, holder="new") as run, open_bus(settings, name="admin") as admin:
        await run.leads()
        await bring_back(admin, past[: len(past) // 2])
        await bring_back(admin, past)
        end = (await bus.stream.state()).last_sequence
        await bring_back(admin, past)
        assert (await bus.stream.state()).last_sequence == end == 1 + len(past)
        await publish(bus, 11, 13)
        await until_on_log(bus, ANSWERS, 2 + sum(each.subject == ANSWERS for each in past))
        assert (run.value("term"), run.runner.state.counted) == (1, 3)


def said(payload: Payload) -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_GUARDIAN,
        agent_id="guardian/main",
        payload=payload,
    )


def order(kind: int, target: str, *, emergency: bool = False) -> Event:
    command = CommandIssued(kind=kind, target=target, emergency=emergency, limit=0)  # type: ignore[arg-type]
    command.expires_in_seconds = 3600
    return said(command)


def sealed(bus: Bus, event: Event) -> Message:
    return encode_message(Entry(event=event), bus.redactor, traceparent=None)[0]


async def test_an_order_of_the_past_is_not_carried_out(bus: Bus, settings: MeshSettings) -> None:
    stop = asyncio.Event()
    orders = ActiveCommands()
    async with open_bus(settings, name="member") as member:
        lanes = CommandListener(member, orders, target="w1", role=ROLE_OPERATOR, clock=system_clock)
        listening = asyncio.create_task(lanes.listen())
        await lanes.wait_until_informed()
        async with obey_service_commands(member, service="overseer", role=ROLE_OVERSEER, stop=stop):
            for target in ("all", "overseer", "w1"):
                for emergency in (False, True):
                    for kind in (COMMAND_STOP, COMMAND_DRAIN, COMMAND_SLEEP, COMMAND_THROTTLE):
                        old = sealed(bus, order(kind, target, emergency=emergency))
                        await member.publisher.append(member.vouched_history(old, "1/7"))
            live = order(COMMAND_SLEEP, "w1")
            await member.publish(live)  # behind them, in one of the lanes
            await member.publish(
                replace(
                    live,
                    event_id=new_event_id(),
                    payload=order(COMMAND_SLEEP, "w1", emergency=True).payload,
                )
            )
            async with asyncio.timeout(300):
                while len(orders._in_force) < 2:
                    await orders.change()
            assert {COMMAND_SLEEP} == {each.kind for each in orders._in_force.values()}
            assert not orders.stopping.is_set()
            assert not orders.draining.is_set()
            assert not stop.is_set()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_a_strangers_header_makes_no_history(
    bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    """Neither of his own event, nor of another's that he copies."""
    make_keys(tmp_path / "home", "thief", ["thief"])
    home = mesh_settings.model_copy(update={"home": tmp_path / "home"})
    thiefs = home.model_copy(update={"signing_key": tmp_path / "home" / "keys" / "thief"})
    async with running(home) as run, open_bus(thiefs, name="thief") as thief:
        for number in (1, 2, 3):
            message = sealed(bus, decision(f"agent {number}"))
            await bus.publisher.append(replace(message, republished_from="1/1"))
        await until_on_log(bus, ANSWERS, 2)
        assert run.runner.state is not None
        assert run.runner.state.counted == 3
        with pytest.raises(Permanent, match="the mesh's own key"):
            thief.vouched_history(sealed(bus, decision("x")), "1/1")
        with pytest.raises(Permanent, match="the mesh's own key"):
            bus_of_nobody = Bus(
                bus.connection, redactor=bus.redactor, tracer=bus.tracer, keys=thief.keys
            )
            bus_of_nobody.vouched_history(sealed(bus, decision("x")), "1/1")


async def test_a_term_of_a_stranger_deposes_nobody_where_there_is_a_key(
    bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    make_keys(tmp_path / "home", "mesh", [])
    home = mesh_settings.model_copy(update={"home": tmp_path / "home", "signatures_required": True})
    async with running(home) as run, open_bus(home, name="agent") as agent:
        await run.leads()
        for number in (2, 2**62):
            forged = said(LeadershipTaken(service=SERVICE, scope="main", term=number, holder="x"))
            await bus.publish(forged, key="main")
        await publish(agent, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
        assert run.value("term") == 1
    async with running(home) as run:
        await run.leads()
        assert run.value("term") == 2
