"""Do as many workers as a server had consumers for, and more, all get what is said and what there
is to do?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from enchanted.events.v1.command_pb2 import COMMAND_THROTTLE, CommandIssued
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.ids import new_event_id
from tests.faults.mesh_under_test import until
from tests.faults.swarm_under_test import PATIENT, Swarm, TalkingProcess, manifest

CROWD_PROGRAM = Path(__file__).with_name("crowd_program.py")
SAID = {
    "registered": "swarm.events.worker.registered.*",
    "obeyed": "swarm.events.worker.command_acknowledged.*",
    "completed": "swarm.events.task.completed.*",
}


def crowd(swarm: Swarm, first: int, count: int) -> TalkingProcess:
    """So many workers in a process."""
    return TalkingProcess(
        [sys.executable, str(CROWD_PROGRAM), swarm.nats.url, str(first), str(count)],
        log=swarm.home / f"crowd-{first}.log",
    )


async def said(bus: Bus, what: str, count: int) -> None:
    """Wait until it stands on the log so often."""

    async def enough() -> bool:
        return len(await bus.event_ids([SAID[what]])) >= count

    await until(enough, f"{count} times {what}", seconds=300.0)


def _throttle() -> Event:
    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_GOVERNOR,
        agent_id="governor/node",
        payload=CommandIssued(
            kind=COMMAND_THROTTLE, target="all", limit=1, expires_in_seconds=3600, reason="a test"
        ),
    )


async def _all_work(swarm: Swarm, *, processes: int, each: int) -> None:
    swarm.goes_by = PATIENT
    swarm.without_limits()
    count = processes * each
    async with swarm.bus() as bus:
        overseer = swarm.overseer(short_lease=False)
        await swarm.led(bus)
        crowds = [crowd(swarm, first, each) for first in range(0, count, each)]
        swarm.workers.extend(crowds)
        for one in crowds:
            await one.says("all are there")
        await said(bus, "registered", count)
        consumers = await bus.connection.request_json(
            f"$JS.API.CONSUMER.NAMES.{names.STREAM}", {"offset": 0}
        )
        assert consumers["total"] < 10
        await bus.publish(_throttle())
        await said(bus, "obeyed", count)
        asker = swarm.asker(bus)
        for hundred in range(count // 100):
            await swarm.propose(asker, *(manifest(f"t-{hundred}-{n}") for n in range(100)))
        await said(bus, "completed", len(swarm.known.accepted))
        assert all(one.running for one in (*crowds, overseer))
        for one in crowds:
            await one.ends()
        await overseer.ends()


async def test_a_hundred_workers_hold_no_consumer(swarm: Swarm) -> None:
    await _all_work(swarm, processes=1, each=100)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_thousand_workers(swarm: Swarm) -> None:
    await _all_work(swarm, processes=4, each=250)
