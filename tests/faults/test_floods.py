"""Does the control loop go on while somebody floods the log or the overseer, as long as he does?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from local_mesh.nats_limits import LOG
from tests.events_under_test import event
from tests.faults.swarm_under_test import PATIENT, Swarm, TalkingProcess, manifest

pytestmark = pytest.mark.timeout(600)
"""A disk that others keep busy stores ten events a second."""

FLOODING_PROGRAM = Path(__file__).with_name("flooding_program.py")
FOR_EVER = 10**9


def flooding(swarm: Swarm, kind: str, *, rate: int, limit: int = FOR_EVER) -> TalkingProcess:
    """Somebody who does, from now on."""
    process = TalkingProcess(
        [sys.executable, str(FLOODING_PROGRAM), swarm.nats.url, kind, str(rate), str(limit)],
        log=swarm.home / "flood.log",
    )
    swarm.workers.append(process)  # to be ended with them
    return process


@pytest.mark.parametrize(
    ("kind", "rate"), [("batches", 300), ("batches", 3_000), ("requests", 20_000)]
)
async def test_requests_are_answered_and_tasks_done_during_a_flood(
    swarm: Swarm, kind: str, rate: int
) -> None:
    swarm.goes_by = PATIENT
    swarm.without_limits()
    async with swarm.bus() as bus:
        overseer = swarm.overseer(short_lease=False)
        await swarm.led(bus)
        worker = swarm.worker()
        flood = flooding(swarm, kind, rate=rate)
        asker = swarm.asker(bus)
        for number in range(10):
            await swarm.propose(asker, manifest(f"during-{number}"))
        await swarm.completed(bus, 10)
        assert flood.running, "it was no flood"
        assert worker.running
        assert overseer.running
        assert not await bus.event_ids(["swarm.events.worker.lost.*"])


async def test_what_a_flood_of_events_left_stands_before_nobody(swarm: Swarm) -> None:
    """Were all of them taken first, their storing would take minutes."""
    swarm.goes_by = PATIENT
    swarm.without_limits()
    async with swarm.bus() as bus:
        overseer = swarm.overseer(short_lease=False)
        await swarm.led(bus)
        worker = swarm.worker()
        flood = flooding(swarm, "events", rate=100_000, limit=150_000)
        await flood.says("sent 150000")
        stored = (await bus.stream.state()).last_sequence
        mine = await bus.publish(event("after the flood"))
        assert mine.last_sequence - stored < 2 * int(LOG["max_buffered_msgs"])
        asker = swarm.asker(bus)
        for number in range(3):
            await swarm.propose(asker, manifest(f"after-{number}"))
        await swarm.completed(bus, 3)
        assert worker.running
        assert overseer.running
        assert not await bus.event_ids(["swarm.events.worker.lost.*"])
