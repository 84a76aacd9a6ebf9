"""Failure mode 15: is every service restarted in good order, one after the other, while events and
tasks flow? Each drains within its deadline, the one that waits goes on at once, and nothing is
lost."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from tests.faults.mesh_under_test import Mesh
from tests.faults.recorded_swarm import recorded_too
from tests.faults.swarm_under_test import PATIENT, Swarm, TalkingProcess


class Services:
    """Governors and guardians beside a swarm."""

    def __init__(self, swarm: Swarm, *, clickhouse_url: str) -> None:
        self._swarm = swarm
        self._clickhouse_url = clickhouse_url
        self.started: list[TalkingProcess] = []

    def start(self, service: str) -> TalkingProcess:
        """`python -m governor`, or the guardian."""
        process = TalkingProcess(
            [sys.executable, "-m", service],
            log=self._swarm.home / f"{service}-{len(self.started)}.log",
            environment={
                "GANGLION_HOME": str(self._swarm.home),
                "NATS_URL": self._swarm.nats.url,
                "CLICKHOUSE_URL": self._clickhouse_url,
                "GANGLION_GUARDIAN_TICK_SECONDS": "0.1",
                "GANGLION_GOVERNOR_HOST": "node-1.example",
                "GANGLION_GOVERNOR_SAMPLE_SECONDS": "5",
                # However busy this machine is: no alarm, and nobody is told to work less.
                "GANGLION_GOVERNOR_CPU_HIGH_PERCENT": "101",
                "GANGLION_GOVERNOR_MEMORY_HIGH_PERCENT": "100",
                "GANGLION_GOVERNOR_MEMORY_CRITICAL_PERCENT": "100",
                "GANGLION_GOVERNOR_THROTTLE_SAMPLES": "100000",
                "GANGLION_GOVERNOR_SLEEP_SAMPLES": "100000",
                "GANGLION_GOVERNOR_DISK_HIGH_PERCENT": "100",
                "GANGLION_GOVERNOR_DISK_CRITICAL_PERCENT": "100",
            },
        )
        self.started.append(process)
        return process


@pytest.fixture
def rolling(mesh: Mesh, tmp_path: Path) -> Iterator[tuple[Swarm, Services]]:
    """A swarm and services on the log of the mesh, none of them started yet."""
    swarm = Swarm(tmp_path, mesh.nats)
    swarm.goes_by = PATIENT
    swarm.without_limits()
    services = Services(swarm, clickhouse_url=mesh.clickhouse_url)
    yield swarm, services
    for process in services.started:
        process.kill()
    swarm.end()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("rounds", [1, pytest.param(3, marks=pytest.mark.long)])
async def test_every_service_is_restarted_while_events_and_tasks_flow(
    mesh: Mesh, rolling: tuple[Swarm, Services], rounds: int
) -> None:
    swarm, services = rolling

    def start(service: str) -> TalkingProcess:
        if service == "overseer":
            return swarm.overseer(short_lease=False)
        return services.start(service)

    def worker() -> TalkingProcess:
        return swarm.worker("w1", most=2, seconds=0.1, heartbeat=10)

    async with swarm.bus() as bus, mesh.publishing() as publishing:
        leading = {"overseer": start("overseer")}
        await leading["overseer"].says("policy.yaml")  # before a governor says how busy it is here
        leading |= {service: start(service) for service in ("governor", "guardian")}
        recording, working = mesh.ingestor(), worker()
        await recording.records()
        for process in leading.values():
            await process.says("leadership.taken")
        async with swarm.load(swarm.asker(bus), "t"), publishing.load("during", publishers=1):
            for number in range(1, rounds + 1):
                await swarm.completed(bus, 5 * number)
                for service, process in leading.items():
                    following = start(service)
                    await following.says("lease.waiting")
                    await process.ends()
                    await following.says("leadership.taken")
                    leading[service] = following
                standby = mesh.ingestor()
                await standby.says("lease.waiting")
                assert await asyncio.to_thread(recording.terminate) == 0, recording.told
                await standby.records()
                recording = standby
                await working.ends()
                working = worker()
            await swarm.completed(bus, 5 * rounds + 5)
        for process in services.started:
            if process.running:
                await process.ends()
        await swarm.law(bus)
        await recorded_too(mesh, swarm, bus)
        said = [each.event.payload for each in await swarm.log(bus)]
    terms = Counter(each.service for each in said if isinstance(each, LeadershipTaken))
    assert terms == dict.fromkeys(leading, rounds + 1)
