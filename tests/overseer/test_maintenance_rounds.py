"""Does maintenance come round by itself, again and again, without anybody asking for it?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from enchanted.events.v1.objective_pb2 import ObjectiveAdded, ObjectiveFinished
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, TaskAcknowledged
from nervous_system.bus import Bus, decode_stored
from overseer.settings import OverseerSettings
from tests.overseer.overseer_program import StartOverseer
from tests.real_servers import NatsServer, RealProcess

EVERY = timedelta(seconds=1)
ROUNDS = 2


@pytest.fixture
def built_in_worker(home: Path, nats_server: NatsServer) -> Iterator[RealProcess]:
    """The worker of a mesh, with the actions it has there."""
    process = RealProcess(
        [sys.executable, "-m", "builtin_worker"],
        log=home / "worker.log",
        environment={"GANGLION_HOME": str(home), "NATS_URL": nats_server.url},
    )
    yield process
    process.kill()


def test_a_round_is_due_every_half_hour() -> None:
    assert OverseerSettings.model_fields["maintenance_seconds"].default == 30 * 60


async def test_one_round_follows_another(
    start_overseer: StartOverseer, built_in_worker: RealProcess, bus: Bus
) -> None:
    """Each is an objective, and is done; the next begins when its time has come, not before."""
    start_overseer(GANGLION_OVERSEER_MAINTENANCE_SECONDS=str(EVERY.total_seconds()))
    finished = "swarm.events.objective.finished.*"
    async with (
        asyncio.timeout(60),
        bus.reader(start_sequence=1, subjects=[finished]) as reader,
    ):
        seen = 0
        while seen < ROUNDS:
            seen += len(await reader.batch(max_messages=ROUNDS, within_seconds=5))
    assert built_in_worker.running
    log = [decode_stored(stored) async for stored in bus.replay()]
    rounds = [
        (each, each.event.payload)
        for each in log
        if isinstance(each.event.payload, ObjectiveAdded)
        and each.event.payload.source == "maintenance"
    ]
    ends = {
        each.event.payload.objective_id: each.sequence
        for each in log
        if isinstance(each.event.payload, ObjectiveFinished)
    }
    done = {
        each.event.payload.objective_id
        for each in log
        if isinstance(each.event.payload, TaskAcknowledged)
        and each.event.payload.action == "maintain.logs"
        and each.event.payload.result == RESULT_COMPLETED
    }
    (first, one), (second, other) = rounds[:ROUNDS]
    assert one.objective_id != other.objective_id
    assert {one.objective_id, other.objective_id} <= done
    assert second.sequence > ends[one.objective_id]
    assert second.event.timestamp - first.event.timestamp >= EVERY
