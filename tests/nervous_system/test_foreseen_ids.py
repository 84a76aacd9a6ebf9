"""Does junk under ids that can be foreseen keep a service from writing? Here it always comes
first."""

from __future__ import annotations

import asyncio

import pytest

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.swarm_event_pb2 import ROLE_INGESTOR
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from nervous_system import names
from nervous_system.bus import Bus, decode_stored
from nervous_system.clock import system_clock
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.ids import child_id
from nervous_system.settings import MeshSettings
from tests.nervous_system.counting import SERVICE, role
from tests.nervous_system.event_samples import decision
from tests.nervous_system.running_roles import (
    ANSWERS,
    assert_complete,
    history,
    publish,
    running,
    until_on_log,
)

pytestmark = pytest.mark.usefixtures("quickly")

OWN = "swarm.events.stranger.junk"
MANY = 300


async def junk(bus: Bus, *message_ids: str, data: bytes = b"junk") -> None:
    """As any client may, on a subject of its own."""
    for each in message_ids:
        reply = await bus.connection.request(
            OWN, data, headers={names.MESSAGE_ID: each}, timeout_seconds=5
        )
        assert b'"duplicate"' not in reply.data


def follows(cause: str, label: str) -> str:
    """The id of what the counting service decides."""
    return child_id(cause, f"{SERVICE}/main/{label}")


async def test_decisions_are_made_whatever_stands_under_their_ids(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    for number in range(1, 10):
        cause = decision(f"agent {number}").event_id
        third = follows(cause, "third")
        await junk(bus, third, follows(cause, "note"), follows(third, "answer"))
    async with running(mesh_settings) as run:
        await publish(bus, 1, 9)
        await until_on_log(bus, ANSWERS, 6)
        await run.reached((await bus.stream.state()).last_sequence)
        assert run.value("term") == 1
        assert run.value("events_skipped_total", reason="repeated") == 0
    await assert_complete(bus, agents=9)


async def test_some_under_foreseen_ids_and_some_not(bus: Bus, mesh_settings: MeshSettings) -> None:
    await junk(bus, follows(decision("agent 3").event_id, "note"))
    async with running(mesh_settings) as run:
        await publish(bus, 1, 6)
        await until_on_log(bus, ANSWERS, 4)
        await run.reached((await bus.stream.state()).last_sequence)
    await assert_complete(bus, agents=6)


async def test_an_event_that_is_well_formed_but_for_its_author_is_junk_too(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    cause = decision("agent 3").event_id
    note = follows(cause, "note")
    as_ours = Event(
        event_id=note,
        timestamp=system_clock(),
        agent_role=decision("x").agent_role,
        agent_id="coder-1",
        payload=SystemSignal(status="note 3"),
    )
    await junk(bus, note, data=encode(as_ours))
    async with running(mesh_settings) as run:
        await publish(bus, 1, 3)
        await until_on_log(bus, ANSWERS, 2)
        await run.reached((await bus.stream.state()).last_sequence)
        answers = [each for each in await history(bus) if each.subject == ANSWERS]
        assert {each.event.agent_id for each in answers} == {f"{SERVICE}/main"}
        assert len(answers) == 2


async def test_terms_and_ticks_are_taken_whatever_stands_under_their_ids(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    term = child_id(f"{SERVICE}/main/one/0", "term 1")
    await junk(bus, term, *(child_id(term, f"tick {number}") for number in range(1, MANY)))
    await publish(bus, 1, 1)
    async with running(mesh_settings, of=role(tick_seconds=0.02)) as run:
        await until_on_log(bus, f"{names.EVENTS}.{SERVICE}.alarm_raised", 3)
        assert run.value("term") == 1
    terms = [
        each.event.event_id
        for each in await history(bus)
        if isinstance(each.event.payload, LeadershipTaken)
    ]
    assert terms == [term]


async def test_who_said_it_first_himself_has_said_it(bus: Bus) -> None:
    """An alarm of the same cause, raised again by the next process, in other words."""

    def alarm(message: str) -> Event:
        return Event(
            event_id=child_id("1/17", "stream_truncated"),
            timestamp=system_clock(),
            agent_role=ROLE_INGESTOR,
            agent_id="ingestor",
            payload=AlarmRaised(name="stream_truncated", message=message),
        )

    first = await bus.publish_derived(alarm("at noon"), key="stream_truncated")
    again = await bus.publish_derived(alarm("later"), key="stream_truncated")
    assert (again.duplicate, again.last_sequence) == (True, first.last_sequence)
    assert (await bus.stream.state()).last_sequence == 1


async def test_an_alarm_is_raised_whatever_stands_under_its_id(bus: Bus) -> None:
    alarm = Event(
        event_id=child_id("1/17", "stream_truncated"),
        timestamp=system_clock(),
        agent_role=ROLE_INGESTOR,
        agent_id="ingestor",
        payload=AlarmRaised(name="stream_truncated"),
    )
    await junk(bus, alarm.event_id)
    raised = await bus.publish_derived(alarm, key="stream_truncated")
    assert not raised.duplicate
    stored = await bus.stream.at(raised.last_sequence)
    assert stored is not None
    assert decode_stored(stored).event.event_id == alarm.event_id


async def test_a_strangers_event_under_an_id_that_is_in_the_state_changes_nothing_in_it(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    """It arrives while the service's own, of the same id, is yet to be read."""
    async with running(mesh_settings) as run:
        await publish(bus, 1, 2)
        await run.reached((await bus.stream.state()).last_sequence)
        third = decision("agent 3")
        thief = Event(
            event_id=follows(third.event_id, "note"),
            timestamp=system_clock(),
            agent_role=third.agent_role,
            agent_id="thief",
            payload=SystemSignal(status="stolen"),
        )
        await asyncio.gather(bus.publish(third), bus.publish(thief))
        await until_on_log(bus, ANSWERS, 2)
        await run.reached((await bus.stream.state()).last_sequence)
        state = run.runner.state
        assert state is not None
        assert (state.counted, state.answered) == (3, 1)
