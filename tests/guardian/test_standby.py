"""Does the overseer that waits go on when the one that leads is told to end?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from enchanted.events.v1.command_pb2 import COMMAND_DRAIN, CommandIssued
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from local_mesh.default_files import write_default_files
from local_mesh.home import Home
from nervous_system.bus import Bus
from tests.guardian.guardian_log import StartGuardian, assert_sound, publish, until_on_log
from tests.real_servers import NatsServer, RealProcess

PROGRAM = Path(__file__).parents[1] / "overseer" / "overseer_program.py"
TERMS = "swarm.events.overseer.leadership_taken.main"


@pytest.fixture
def overseers(nats_server: NatsServer, tmp_path: Path) -> Iterator[list[RealProcess]]:
    """Two that pulse no more: they never tick."""
    write_default_files(Home.at(tmp_path))
    started = [
        RealProcess(
            [sys.executable, str(PROGRAM)],
            log=tmp_path / f"overseer {number}.log",
            environment={
                "NATS_URL": nats_server.url,
                "GANGLION_HOME": str(tmp_path),
                "GANGLION_METRICS_PORT": "0",
                "GANGLION_OVERSEER_TICK_SECONDS": "10000",
            },
        )
        for number in range(2)
    ]
    yield started
    for process in started:
        process.kill()


async def test_a_stuck_overseer_is_told_to_drain_and_the_one_that_waits_leads(
    bus: Bus, overseers: list[RealProcess], start_guardian: StartGuardian
) -> None:
    guardian = start_guardian()
    (first,) = await until_on_log(bus, TERMS, 1)
    assert isinstance(first.event.payload, LeadershipTaken)
    pulse = PulseCompleted(number=1, interval_seconds=1)
    await publish(bus, pulse, role=ROLE_OVERSEER)
    (issued,) = await until_on_log(bus, "swarm.events.command.issued.*", 1)
    assert isinstance(issued.event.payload, CommandIssued)
    assert issued.event.payload.kind == COMMAND_DRAIN
    assert issued.event.payload.target == first.event.payload.holder
    second = (await until_on_log(bus, TERMS, 2))[1]
    assert isinstance(second.event.payload, LeadershipTaken)
    assert second.event.payload.holder != first.event.payload.holder
    await until_on_log(bus, "swarm.events.overseer.command_acknowledged.overseer", 1)
    (ended,) = [
        process for process in overseers if "service.drain_requested" in process.log.read_text()
    ]
    assert await asyncio.to_thread(ended.wait) == 0
    assert [each.running for each in overseers if each is not ended] == [True]
    assert await asyncio.to_thread(guardian.terminate) == 0
    await assert_sound(bus)
