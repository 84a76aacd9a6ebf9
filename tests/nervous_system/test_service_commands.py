"""Does a service end when it is told to, and only then?"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest
from structlog.testing import capture_logs

from enchanted.events.v1.command_pb2 import (
    COMMAND_DRAIN,
    COMMAND_STOP,
    COMMAND_THROTTLE,
    CommandAcknowledged,
    CommandIssued,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_GUARDIAN, ROLE_OVERSEER
from nervous_system.bus import Bus, decode_stored
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.ids import new_event_id
from nervous_system.service.service_commands import obey_service_commands


async def command(bus: Bus, payload: CommandIssued) -> None:
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_GUARDIAN,
        agent_id="guardian/main",
        payload=payload,
    )
    await bus.publish(event)


async def acknowledged(bus: Bus) -> CommandAcknowledged:
    """The next answer to a command on the log."""
    subjects = ["swarm.events.overseer.command_acknowledged.overseer"]
    async with asyncio.timeout(300), bus.reader(start_sequence=1, subjects=subjects) as reader:
        async for stored in reader:
            payload = decode_stored(stored).event.payload
            assert isinstance(payload, CommandAcknowledged)
            return payload
    raise AssertionError("unreachable")


@pytest.mark.parametrize("kind", [COMMAND_DRAIN, COMMAND_STOP])
@pytest.mark.parametrize("emergency", [False, True])
async def test_a_service_that_is_told_to_ends_and_logs_why(
    bus: Bus, kind: int, emergency: bool
) -> None:
    stop = asyncio.Event()
    with capture_logs() as logs:
        async with obey_service_commands(bus, service="overseer", role=ROLE_OVERSEER, stop=stop):
            await _is_told(bus, kind, emergency, stop)
    taken = [each for each in logs if each["event"] == "command.taken"]
    told = "the guardian told it to "
    assert all(each["sentence"].startswith(told) for each in taken)
    assert all(" and go, because: it fails; " in each["sentence"] for each in taken)


async def _is_told(bus: Bus, kind: int, emergency: bool, stop: asyncio.Event) -> None:
    asked = CommandIssued(
        kind=kind,  # type: ignore[arg-type]
        target="overseer",
        reason="it fails",
        expires_in_seconds=60,
        emergency=emergency,
    )
    while not stop.is_set():  # until it listens: what was said before does not concern it
        await command(bus, asked)
        try:
            async with asyncio.timeout(0.2):  # short: then it is said again
                await stop.wait()
        except TimeoutError:
            continue
    assert (await acknowledged(bus)).obeyed


async def test_one_of_two_ends_where_only_that_one_is_told_to(bus: Bus) -> None:
    stops = {"this": asyncio.Event(), "other": asyncio.Event()}
    async with AsyncExitStack() as stack:
        for holder, stop in stops.items():
            await stack.enter_async_context(
                obey_service_commands(
                    bus, service="overseer", role=ROLE_OVERSEER, stop=stop, holder=holder
                )
            )
        asked = CommandIssued(kind=COMMAND_DRAIN, target="this", expires_in_seconds=60)
        while not stops["this"].is_set():
            await command(bus, asked)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):  # short: then it is said again
                    await stops["this"].wait()
        assert (await acknowledged(bus)).obeyed
        assert not stops["other"].is_set()
        throttle = CommandIssued(
            kind=COMMAND_THROTTLE, target="other", expires_in_seconds=60, limit=1
        )
        await command(bus, throttle)  # it listens, and was told nothing before
        answers = ["swarm.events.overseer.command_acknowledged.overseer"]
        async with asyncio.timeout(300), bus.reader(start_sequence=1, subjects=answers) as reader:
            async for stored in reader:
                payload = decode_stored(stored).event.payload
                if isinstance(payload, CommandAcknowledged) and payload.note.startswith("until"):
                    break
        assert not stops["other"].is_set()


async def test_what_is_meant_for_others_or_for_workers_does_not_end_it(bus: Bus) -> None:
    stop = asyncio.Event()
    async with obey_service_commands(bus, service="overseer", role=ROLE_OVERSEER, stop=stop):
        answer = asyncio.create_task(acknowledged(bus))
        while not answer.done():  # until it listens: what was said before does not concern it
            for kind, target in ((COMMAND_STOP, "w1"), (COMMAND_THROTTLE, "overseer")):
                asked = CommandIssued(kind=kind, target=target, expires_in_seconds=60, limit=1)
                await command(bus, asked)
            await asyncio.wait([answer], timeout=0.2)  # short: then it is said again
        await answer
        assert not stop.is_set()
