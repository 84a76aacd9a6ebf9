"""What does a fault run of the control loop consist of? Overseers and workers, each a process of
its own, and somebody who asks for work and keeps account of what was promised."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, AgentRole
from enchanted.events.v1.task_pb2 import TaskManifest
from enchanted.events.v1.task_request_pb2 import ReleaseRequested, TasksProposed
from local_mesh.default_files import write_default_files
from local_mesh.home import Home
from nervous_system import names
from nervous_system.bus import Bus, decode_stored, open_bus
from nervous_system.client.request_client import RequestClient
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.payload import worker_of
from nervous_system.contract.signature import TrustedKeys
from nervous_system.contract.subjects import leadership_subject
from nervous_system.errors import Transient
from nervous_system.failpoint import VARIABLE as FAILPOINT
from nervous_system.service.fold import MAIN
from nervous_system.service.packing import Snapshot
from nervous_system.service.service_spec import ServiceSpec
from nervous_system.service.snapshots import Snapshots, open_snapshots
from nervous_system.settings import TRUSTED_KEYS, MeshSettings
from overseer.model import OverseerState
from overseer.settings import OverseerSettings
from overseer.spec import service_spec
from overseer.vocabulary import SERVICE
from tests.conservation import Report
from tests.faults.mesh_under_test import until
from tests.faults.task_law import Known, examine
from tests.real_servers import NatsServer, RealProcess
from tests.replaying import continued, replay

OVERSEER_PROGRAM = Path(__file__).parents[1] / "overseer" / "overseer_program.py"
WORKER_PROGRAM = Path(__file__).with_name("working_process.py")

LEASE_SECONDS = 2.0
OVERSEER = OverseerSettings(
    tick_seconds=0.1,
    pulse_seconds=1.0,
    maintenance_seconds=0,
    lease_seconds=LEASE_SECONDS,
    worker_timeout_seconds=5.0,
    backoff_seconds=0.1,
)
"""What the overseers of a fault run go by unless it says otherwise, so that its log can be
replayed."""

PATIENT = OVERSEER.model_copy(
    update={"pulse_seconds": 240.0, "lease_seconds": 30.0, "worker_timeout_seconds": 60.0}
)
"""Beside a guardian, which would call a pulse or a heartbeat overdue where machines are busy."""


def manifest(task_id: str, **fields: object) -> TaskManifest:
    """A task that needs nothing special."""
    given = {"action": "work", "priority": 5, "max_attempts": 3, **fields}
    return TaskManifest(task_id=task_id, **given)


def chains(label: str, count: int) -> list[TaskManifest]:
    """So many tasks, of which every third begins a chain of three."""
    return [
        manifest(f"{label}-{n}", depends_on=[f"{label}-{n - 1}"] if n % 3 else [])
        for n in range(count)
    ]


class TalkingProcess(RealProcess):
    """One whose log is read."""

    @property
    def told(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace")

    @property
    def state(self) -> str:
        """As the kernel calls it: R, S, T …"""
        status = Path(f"/proc/{self.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0]

    async def says(self, text: str, *, times: int = 1) -> None:
        """Wait until its log has this text so often."""

        async def said() -> bool:
            return self.told.count(text) >= times

        await until(said, f"{text!r} in {self.log}")

    async def dies(self) -> int:
        """Wait for its end; the exit code."""
        return await asyncio.to_thread(self.wait, seconds=60)

    async def ends(self) -> None:
        """End it as an operator does."""
        assert await asyncio.to_thread(self.terminate) == 0, self.told

    async def is_stopped(self) -> None:
        """Wait until it got SIGSTOP."""

        async def stopped() -> bool:
            return self.state == "T"

        await until(stopped, f"process {self.pid} being stopped; see {self.log}")


class Swarm:
    """Overseers and workers on one NATS server."""

    def __init__(self, folder: Path, nats: NatsServer) -> None:
        self.nats = nats
        self.goes_by = OVERSEER
        self.known = Known()
        self.not_believed: set[int] = set()  # positions whose signature is wrong or stale
        self.overseers: list[TalkingProcess] = []
        self.workers: list[TalkingProcess] = []
        self.home = folder / "home"
        self.home.mkdir()
        self.finds: dict[str, Path] = {}  # `home`, where the server has that home's users
        write_default_files(Home.at(self.home))

    @property
    def settings(self) -> MeshSettings:
        """For a bus of the test's."""
        return MeshSettings(nats_url=self.nats.url, publish_deadline_seconds=30.0, **self.finds)

    @property
    def role(self) -> ServiceSpec[OverseerState]:
        """What its overseers run."""
        return service_spec(self.goes_by)

    def without_limits(self) -> None:
        """However busy this machine is, a governor's samples hold no task back."""
        (self.home / "policy.yaml").write_text(
            "max_cpu_pct: 100\nmax_ram_pct: 100\nallow_unregistered_agents: true\n"
            'allowed_actions: ["*"]\nallowed_tiers: [safe]\n'
        )

    @property
    def variables(self) -> dict[str, str]:
        """The environment of its overseers."""
        return {
            f"GANGLION_OVERSEER_{name.upper()}": str(value)
            for name, value in self.goes_by.model_dump(exclude_unset=True).items()
        }

    def overseer(
        self,
        *,
        failpoint: str = "",
        clock: str = "0",
        short_lease: bool = True,
        environment: Mapping[str, str] = {},
    ) -> TalkingProcess:
        """Start one; without `short_lease`, exactly as a mesh runs it."""
        program = [str(OVERSEER_PROGRAM), clock] if short_lease else ["-m", "overseer"]
        process = TalkingProcess(
            [sys.executable, *program],
            log=self.home / f"overseer-{len(self.overseers) + 1}.log",
            environment={
                "GANGLION_HOME": str(self.home),
                "NATS_URL": self.nats.url,
                FAILPOINT: failpoint,
                **self.variables,
                **environment,
            },
        )
        self.overseers.append(process)
        return process

    def worker(
        self,
        worker_id: str = "",
        *,
        key: Path | None = None,
        environment: Mapping[str, str] = {},
        **options: object,
    ) -> TalkingProcess:
        """Start one that signs with this key; `options` are those of `working_process.py`."""
        number = len(self.workers) + 1
        given = [f"--{name}={value}" for name, value in options.items()]
        process = TalkingProcess(
            [sys.executable, str(WORKER_PROGRAM), self.nats.url, worker_id or f"w{number}", *given],
            log=self.home / f"worker-{number}.log",
            environment={
                **({"GANGLION_SIGNING_KEY": str(key)} if key is not None else {}),
                **environment,
            },
        )
        self.workers.append(process)
        return process

    @asynccontextmanager
    async def bus(self) -> AsyncIterator[Bus]:
        """A bus on the stream, which is made where it is missing."""
        async with open_bus(self.settings, name="test") as bus:
            await bus.stream.ensure(self.settings)
            yield bus

    def asker(
        self, bus: Bus, agent_id: str = "tester", role: AgentRole.ValueType = ROLE_OPERATOR
    ) -> RequestClient:
        """Somebody who asks the overseer, and is patient."""
        return RequestClient(
            bus, service=SERVICE, role=role, agent_id=agent_id, deadline_seconds=300.0
        )

    async def propose(
        self, asker: RequestClient, *tasks: TaskManifest, event_id: str | None = None
    ) -> Answer:
        """Ask for tasks, and remember what was promised."""
        self.known.proposed.update(each.task_id for each in tasks)
        answer = await asker.ask(TasksProposed(tasks=tasks), event_id=event_id)
        self.known.accepted.update(answer.accepted_ids)
        return answer

    @asynccontextmanager
    async def load(self, asker: RequestClient, label: str) -> AsyncIterator[None]:
        """Chains of three tasks, one after the other, while the block runs."""
        stop = asyncio.Event()

        async def ask() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                await self.propose(asker, *chains(f"{label}-{number}", 3))
                await asyncio.sleep(0.1)

        asking = asyncio.create_task(ask())
        try:
            yield
        finally:
            stop.set()
            await asking

    async def completed(self, bus: Bus, count: int) -> None:
        """Wait until so many tasks are completed."""
        await self._on_log(bus, f"{names.EVENTS}.task.completed.*", count)

    async def led(self, bus: Bus, *, term: int = 1) -> None:
        """Wait until this term has begun."""
        await self._on_log(bus, leadership_subject(service=SERVICE, scope=MAIN), term)

    async def answered(self, bus: Bus) -> None:
        """Wait until who leads has read the log: one that is ended before has folded nothing, and
        leaves no snapshot. What is asked leads to nothing."""
        nothing = ReleaseRequested(task_id="of nobody", worker_id="tester", attempt=1)
        answer = await self.asker(bus).ask(nothing)
        assert not answer.accepted, answer

    async def _on_log(self, bus: Bus, subject: str, count: int) -> None:
        async def enough() -> bool:
            try:
                return len(await bus.event_ids([subject])) >= count
            except Transient:
                return False

        await until(enough, f"{count} times {subject}; see {self.home}", seconds=300.0)

    async def log(self, bus: Bus) -> list[RecordedEvent]:
        """Every event there is; those that no service believes are remembered."""
        trusted = TrustedKeys.read(
            self.home / TRUSTED_KEYS,
            required=False,
            max_seconds=self.settings.signature_max_age_seconds,
        )
        log = []
        async for stored in bus.replay():
            each = decode_stored(stored)
            log.append(each)
            event = each.event
            worker = worker_of(event.kind.field, event.payload)
            if stored.problem(
                trusted, event_id=event.event_id, agent_id=event.agent_id, of_worker=worker
            ):
                self.not_believed.add(each.sequence)
        return log

    async def law(self, bus: Bus, *, all_ended: bool = True) -> Report:
        """Wait until every task ended, end everybody as an operator does, and hold the log against
        the law of tasks, and the overseer's state against the log."""
        if all_ended:
            await until(partial(self._all_ended, bus), f"the end of all tasks; see {self.home}")
        if any(process.running for process in self.overseers):
            await self.answered(bus)
        for process in (*self.workers, *self.overseers):
            if process.running:
                await process.ends()
        log = await self.log(bus)
        self.remember_what_workers_said()
        report = examine(log, self.known, all_ended=all_ended)
        assert not report.breaches, f"{report}\n(logs are in {self.home})"
        await self.assert_projected(bus, log)
        return report

    async def assert_projected(self, bus: Bus, log: list[RecordedEvent]) -> OverseerState:
        """The overseer's last snapshot is the fold of the log, and every decision is decided again
        the same way."""
        log = [each for each in log if each.sequence not in self.not_believed]
        replayed = replay(self.role, log)
        assert replayed.differences == [], self.home
        snapshot = await self.snapshot(bus)
        assert snapshot is not None
        state, beyond = continued(self.role, snapshot, log)
        assert beyond == []
        assert state == replayed.state
        return replayed.state

    async def snapshot(self, bus: Bus) -> Snapshot[OverseerState] | None:
        """What the last overseer left."""
        bucket = await open_snapshots(bus.connection)
        return await Snapshots(bus.connection, bucket, self.role.key, OverseerState).load()

    def remember_what_workers_said(self) -> None:
        """What they began, and which results were taken."""
        for worker in self.workers:
            for line in worker.told.splitlines():
                match line.split():
                    case ["begun", task_id, attempt, key]:
                        self.known.begun.add((task_id, int(attempt), key))
                    case ["finished", task_id, attempt]:
                        self.known.finished.add((task_id, int(attempt)))

    async def _all_ended(self, bus: Bus) -> bool:
        ends = bus.replay(subjects=["swarm.events.task.acknowledged.*"], headers_only=True)
        ended = {stored.subject.rpartition(".")[2] async for stored in ends}
        return len(ended) >= len(self.known.accepted)

    def end(self) -> None:
        """Whatever still runs is killed."""
        for process in (*self.workers, *self.overseers):
            process.kill()
