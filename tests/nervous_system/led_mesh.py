"""What do three services decide on, that come and go, while others say this and that by chance?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from random import Random  # noqa: TID251 - the seed is given
from typing import Any

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.alarm_pb2 import SEVERITY_WARNING, AlarmRaised
from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.policy_pb2 import CharterAdopted
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_INGESTOR,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    ROLE_WORKER,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, RESULT_FAILED, TaskManifest
from enchanted.events.v1.task_request_pb2 import ClaimRequested, ResultReported, TasksProposed
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat, WorkerRegistered
from governor.settings import GovernorSettings
from governor.spec import service_spec as governor
from guardian.settings import GuardianSettings
from guardian.spec import service_spec as guardian
from nervous_system.bus import Bus, open_bus
from nervous_system.client.request_client import RequestClient
from nervous_system.clock import system_clock
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.errors import Transient
from nervous_system.ids import new_event_id
from nervous_system.service.packing import Snapshot
from nervous_system.service.runner import Runner
from nervous_system.service.service_spec import ServiceSpec
from nervous_system.service.snapshots import Snapshots, open_snapshots
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.metrics import Metrics
from overseer.settings import OverseerSettings
from overseer.spec import service_spec as overseer

HOST = "led"

ROLES: dict[str, ServiceSpec[Any]] = {
    each.service: replace(each, tick_seconds=0.05, snapshot_events=15)
    for each in (
        overseer(OverseerSettings()),
        guardian(GuardianSettings()),
        governor(GovernorSettings(host=HOST)),
    )
}

WORKERS = ("w1", "w2", "w3")

FORGED: Sequence[tuple[str, Payload, AgentRole.ValueType]] = (
    ("worker.registered.x", HaltOrdered(reason="forged"), ROLE_OPERATOR),
    ("worker.registered.x", CharterAdopted(hash="x"), ROLE_OVERSEER),
    ("task.claimed.t1", WorkerDeparted(worker_id="w1"), ROLE_WORKER),
    ("request.claim_requested.w1", ClaimRequested(worker_id="w1"), ROLE_WORKER),
)


@dataclass(frozen=True)
class _Running:
    """One leader, on a connection and with counts of its own."""

    bus: Bus
    runner: Runner[Any]
    stop: asyncio.Event
    task: asyncio.Task[None]
    closing: AsyncExitStack


class LedMesh:
    """Three leaders in this process, and all that happens to them."""

    def __init__(self, settings: MeshSettings, bus: Bus, chance: Random) -> None:
        self.settings = settings
        self.bus = bus
        self.chance = chance
        self.kept: dict[str, list[Snapshot[Any]]] = {name: [] for name in ROLES}  # by leaders
        self.followed: dict[str, list[Snapshot[Any]]] = {name: [] for name in ROLES}
        self._running: dict[str, _Running] = {}
        self._claims: list[tuple[str, str, int]] = []
        self._number = 0

    async def start(self, name: str) -> None:
        """It leads, and has said what it begins with."""
        closing = AsyncExitStack()
        opening = open_bus(self.settings, name=name, metrics=Metrics())
        bus = await closing.enter_async_context(opening)
        runner, stop = Runner(bus, ROLES[name], holder=new_event_id()), asyncio.Event()
        task = asyncio.create_task(runner.run(stop), name=name)
        self._running[name] = _Running(bus, runner, stop, task, closing)
        if name == "overseer":
            await runner.observe(CharterAdopted(hash="charter"))

    async def crash(self, name: str) -> None:
        """It ends in the middle of whatever it does."""
        if (running := self._running.pop(name, None)) is None:
            return
        running.task.cancel()
        await asyncio.gather(running.task, return_exceptions=True)
        await running.closing.aclose()

    async def stop(self) -> None:
        """All end in good order, each with a last snapshot."""
        for each in self._running.values():
            each.stop.set()
        for each in self._running.values():
            await each.task
            await each.closing.aclose()
        self._running.clear()
        await self.keep()

    async def everything_is_read(self) -> None:
        """By all that lead."""
        marker = WorkerRegistered(worker_id="marker")
        said = await self.say(marker, ROLE_WORKER, "marker")
        async with asyncio.timeout(600):
            for each in self._running.values():
                while (each.bus.metrics.value("ganglion_position") or 0) < said:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

    async def live(self, steps: int) -> None:
        """So many things happen, whatever they are; then all leaders end."""
        for name in ROLES:
            await self.start(name)
        what: Sequence[Callable[[], Awaitable[object]]] = (
            *(self._task, self._claim, self._claim, self._result, self._result) * 3,
            *(self._worker, self._halt, self._say, self._sample, self._forge) * 2,
            *(self._outage, self.keep),
        )
        for _ in range(steps):
            with suppress(Transient):
                await self.chance.choice(what)()
        await self.stop()

    async def keep(self) -> None:
        """What the leaders have left by now."""
        bucket = await open_snapshots(self.bus.connection)
        for name, role in ROLES.items():
            snapshots = Snapshots(
                self.bus.connection, bucket, role.key, role.state_type, seal=self.bus.trusted.seal
            )
            found = await snapshots.load()
            if found is not None:
                self.kept[name].append(found)

    async def say(self, payload: Payload, role: AgentRole.ValueType, agent_id: str) -> int:
        """Somebody puts it on the log; at which position."""
        event = Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=role,
            agent_id=agent_id,
            payload=payload,
        )
        return (await self.bus.publish(event)).last_sequence

    def _asker(self, role: AgentRole.ValueType, agent_id: str) -> RequestClient:
        return RequestClient(self.bus, service="overseer", role=role, agent_id=agent_id)

    async def _task(self) -> None:
        self._number += 1
        task = TaskManifest(task_id=f"t{self._number}", action="work", max_attempts=2)
        await self._asker(ROLE_OPERATOR, "me").ask(TasksProposed(tasks=[task]))

    async def _claim(self) -> None:
        worker = self.chance.choice(WORKERS)
        self._take(
            worker, await self._asker(ROLE_WORKER, worker).ask(ClaimRequested(worker_id=worker))
        )

    async def _result(self) -> None:
        if not self._claims:
            return
        worker, task_id, attempt = self._claims.pop()
        result = ResultReported(
            task_id=task_id,
            worker_id=worker,
            attempt=attempt,
            result=self.chance.choice((RESULT_COMPLETED, RESULT_FAILED)),
        )
        if self.chance.random() < 0.5:
            result.next.worker_id = worker
        self._take(worker, await self._asker(ROLE_WORKER, worker).ask(result))

    def _take(self, worker: str, answer: Answer) -> None:
        if answer.HasField("grant"):
            grant = answer.grant
            self._claims.append((worker, grant.manifest.task_id, grant.attempt))

    async def _worker(self) -> None:
        worker = self.chance.choice(WORKERS)
        said: tuple[Payload, ...] = (
            WorkerRegistered(
                worker_id=worker, max_concurrent_tasks=3, host=HOST, skills=["a", "b"]
            ),
            WorkerHeartbeat(worker_id=worker),
            WorkerDeparted(worker_id=worker, reason="it goes"),
        )
        await self.say(self.chance.choice((*said[:2], *said)), ROLE_WORKER, worker)

    async def _halt(self) -> None:
        word = self.chance.choice((HaltOrdered(reason="why"), HaltLifted(), HaltLifted()))
        await self.say(word, ROLE_OPERATOR, "me")

    async def _say(self) -> None:
        alarm = AlarmRaised(name="slow", severity=SEVERITY_WARNING, message="it is slow")
        decision = AgentDecision(rationale="r", chosen_action="go", confidence_score=0.5)
        if self.chance.random() < 0.5:
            await self.say(alarm, ROLE_INGESTOR, "ingestor/main")
        else:
            await self.say(decision, ROLE_CODER, "coder")

    async def _sample(self) -> None:
        if (running := self._running.get("governor")) is not None:
            used = self.chance.choice((1, 99))
            sample = CapacitySampled(
                host=HOST, cpu_percent=used, memory_used_bytes=used, memory_limit_bytes=100
            )
            await running.runner.observe(sample, key=HOST)

    async def _forge(self) -> None:
        """What a stranger can put on a log without keys."""
        subject, payload, role = self.chance.choice(
            (
                ("swarm.events.worker.registered.x", HaltOrdered(reason="forged"), ROLE_OPERATOR),
                ("swarm.events.worker.registered.x", CharterAdopted(hash="x"), ROLE_OVERSEER),
                ("swarm.events.task.claimed.t1", WorkerDeparted(worker_id="w1"), ROLE_WORKER),
                (
                    "swarm.events.request.claim_requested.w1",
                    ClaimRequested(worker_id="w1"),
                    ROLE_WORKER,
                ),
            )
        )
        event = Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=role,
            agent_id="w1",
            payload=payload,
        )
        data = self.chance.choice((encode(event), b"\xff no event"))
        await self.bus.connection.client.jetstream().publish(subject, data)

    async def _outage(self) -> None:
        """One of them is away while others go on."""
        name = self.chance.choice(tuple(self._running))
        await self.crash(name)
        for _ in range(self.chance.randint(1, 10)):
            await self.chance.choice((self._worker, self._halt, self._say, self._forge))()
        await self.start(name)


@asynccontextmanager
async def led(settings: MeshSettings, chance: Random) -> AsyncIterator[LedMesh]:
    """A mesh on the log that is there."""
    async with open_bus(settings, name="led") as bus:
        await bus.stream.ensure(settings)
        mesh = LedMesh(settings, bus, chance)
        try:
            yield mesh
        finally:
            for name in ROLES:
                await mesh.crash(name)
