"""Does the simulated swarm tell a kernel that does its duty from a log that says otherwise?"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random  # noqa: TID251 - tests say by which chance
from typing import Any

import pytest

from bench.child import bare_environment
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.incident_pb2 import IncidentOpened
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR, ROLE_WORKER
from enchanted.events.v1.task_pb2 import (
    TaskAcknowledged,
    TaskClaimed,
    TaskCompleted,
    TaskReleased,
)
from ganglion.exit_codes import INTERRUPTED
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.worker import Worker
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.errors import Rejected
from nervous_system.ids import new_event_id
from operations.queries.dispatch_hold import DispatchHold
from overseer.dispatch_control import KEPT_AGAIN
from simulation.checker import judge
from simulation.outcome import SimulationOutcome
from simulation.plan import SimulationPlan, draw, to_live_seconds
from simulation.runner import QUIET_SECONDS, Run, run
from tests.real_servers import NatsServer, RealProcess

AGENTS = 6


async def swarm(bus: Bus, plan: SimulationPlan, **options: Any) -> Run:
    """A run that is told what holds it, as the command's is."""
    return await run(bus, plan, hold=await DispatchHold.of(bus), **options)


def plan(
    run_id: str = "simulation-1", *, tasks: int = 60, crash_rate: float = 0.1
) -> SimulationPlan:
    return draw(
        run_id=run_id, tasks=tasks, failure_rate=0.2, crash_rate=crash_rate, chance=Random(7)
    )


async def test_a_small_swarm_ends_well_and_a_tampered_log_does_not(
    overseer: RealProcess, bus: Bus
) -> None:
    drawn = plan()
    ended: list[int] = []
    found = await swarm(bus, drawn, agents=AGENTS, ended=ended.append)
    outcome = SimulationOutcome.of(drawn, found, agents=AGENTS)
    assert outcome.wrong == {}
    assert outcome.well
    assert sum(ended) == sum(outcome.results.values()) == 60
    assert outcome.crashes > 0
    assert outcome.failures > 0
    assert outcome.claim_seconds[0] > 0
    for name, tampered in TAMPERINGS.items():
        worse = SimulationOutcome.of(drawn, replace_log(found, tampered), agents=AGENTS)
        assert not worse.well, name
        assert "did not end as " in "\n".join(worse.lines())


async def test_a_swarm_that_has_nothing_to_do_for_a_while_is_no_incident(
    overseer: RealProcess, guardian: RealProcess, bus: Bus
) -> None:
    """The others wait for longer than a worker may be silent while one works; then the guardian
    shows that it was watching."""
    drawn = draw(run_id="simulation-5", tasks=20, failure_rate=0, crash_rate=0.1, chance=Random(7))
    drawn.work_seconds[drawn.manifests[0].task_id] = 12.0
    found = await swarm(bus, drawn, agents=AGENTS, heartbeat_seconds=3.0)
    assert SimulationOutcome.of(drawn, found, agents=AGENTS).crashes > 0
    silent = Worker(bus, worker_id="silent", role=ROLE_WORKER, heartbeat_seconds=0.1)
    await silent.register()
    opened = "swarm.events.incident.opened.*"
    async with asyncio.timeout(60), bus.reader(start_sequence=1, subjects=[opened]) as reader:
        while not (incidents := await reader.batch(max_messages=10, within_seconds=1.0)):
            assert guardian.running
    incident = decode_stored(incidents[0]).event.payload
    assert isinstance(incident, IncidentOpened)
    assert incident.subject_of_concern == "silent"


async def test_it_can_run_again_on_the_same_mesh(
    overseer: RealProcess, bus: Bus, home: Path, nats_server: NatsServer
) -> None:
    for _ in range(2):
        ended = await asyncio.to_thread(
            subprocess.run,
            [
                *(sys.executable, "-m", "ganglion", "simulate", "--json", "--seed", "3"),
                *("--agents", "4", "--tasks", "20", "--crash-rate", "0.1"),
            ],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            cwd=home,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(home),
                "GANGLION_HOME": str(home),
                "NATS_URL": nats_server.url,
            },
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert ended.stderr == ""
        document = json.loads(ended.stdout)
        assert document["well"] is True
        assert sum(document["results"].values()) == 20


async def test_it_stops_by_itself_when_nothing_happens_and_names_what_is_open(
    overseer: RealProcess, bus: Bus
) -> None:
    drawn = plan("simulation-2", tasks=3, crash_rate=0.0)
    # Nobody has the skill that these tasks require.
    for manifest in drawn.manifests:
        manifest.required_skills[:] = ["what nobody can"]
    found = await swarm(bus, drawn, agents=2, stuck_seconds=1.0)
    outcome = SimulationOutcome.of(drawn, found, agents=2)
    assert len(outcome.wrong) == 3
    assert "acknowledged 0 times" in outcome.wrong["simulation-2-00000"]


async def test_what_is_left_open_expires_and_that_is_not_well(
    overseer: RealProcess, bus: Bus
) -> None:
    drawn = plan("simulation-4", tasks=1, crash_rate=0.0)
    drawn.manifests[0].required_skills[:] = ["what nobody can"]
    drawn.manifests[0].ttl_seconds = 0.1
    outcome = SimulationOutcome.of(drawn, await swarm(bus, drawn, agents=1), agents=1)
    assert outcome.results == {"expired": 1}
    assert not outcome.well
    assert "1 task did not end as it must:" in outcome.lines()


async def test_what_holds_dispatch_is_told_as_soon_as_it_is_on_the_log(
    overseer: RealProcess, bus: Bus, home: Path
) -> None:
    """A busy machine holds it, before the run and while it goes on; a raised limit ends it."""
    policy = home / "policy.yaml"
    policy.write_text("hard_stop: true\nmax_cpu_pct: 50\n")
    await _adopted(bus, "max_cpu_pct: 50")
    await _busy(bus)
    told: list[str] = []

    def tell(sentence: str) -> None:
        told.append(sentence)
        if len(told) == 1:
            policy.write_text("hard_stop: true\nmax_cpu_pct: 90\n")
        elif len(told) == 2:
            policy.write_text("hard_stop: true\nmax_cpu_pct: 99\n")

    found = await swarm(bus, plan("simulation-6", tasks=3, crash_rate=0.0), agents=2, told=tell)
    held = await bus.last_live("swarm.events.overseer.dispatch_held")
    assert held is not None
    assert "the limit is 50 %" in told[0]
    assert "the limit is 90 %" in told[1], "what is said anew is told anew"
    assert told[1].startswith("dispatch is held: CPU of busy is at 95 %")
    assert told[-1] == "tasks are handed out again"
    between = [each for each in told[2:-1] if each != f"dispatch is held: {KEPT_AGAIN}"]
    assert between == [], "what is said is true at that moment"
    assert found.waited_for == ""


async def test_what_the_overseer_answers_is_told_where_no_task_moves(
    overseer: RealProcess, bus: Bus, home: Path
) -> None:
    (home / "policy.yaml").write_text("allow_unregistered_agents: false\n")
    await _adopted(bus, "allow_unregistered_agents: false")
    drawn = plan("simulation-7", tasks=3, crash_rate=0.0)
    found = await swarm(bus, drawn, agents=2, stuck_seconds=QUIET_SECONDS + 1.0)
    lines = "\n".join(SimulationOutcome.of(drawn, found, agents=2).lines())
    assert "is not in the registry, and the policy allows no others" in lines


async def _adopted(bus: Bus, text: str) -> None:
    """Until the overseer goes by it."""
    subject = "swarm.events.overseer.policy_adopted"
    async with asyncio.timeout(60), bus.reader(start_sequence=1, subjects=[subject]) as reader:
        while True:
            for stored in await reader.batch(max_messages=10, within_seconds=1.0):
                payload = decode_stored(stored).event.payload
                if isinstance(payload, PolicyAdopted) and text in payload.text:
                    return


async def _busy(bus: Bus) -> None:
    """A machine is found busy twice running, and the overseer holds dispatch."""
    subject = "swarm.events.overseer.dispatch_held"
    async with asyncio.timeout(60), bus.reader(start_sequence=1, subjects=[subject]) as reader:
        for _ in range(2):
            await bus.publish(
                Event(
                    event_id=new_event_id(),
                    timestamp=system_clock(),
                    agent_role=ROLE_GOVERNOR,
                    agent_id="governor/busy",
                    payload=CapacitySampled(host="busy", cpu_percent=95.0),
                ),
                key="busy",
            )
        while not await reader.batch(max_messages=1, within_seconds=1.0):
            pass


async def test_an_interrupted_run_says_that_its_tasks_expire(
    overseer: RealProcess, bus: Bus, home: Path, nats_server: NatsServer
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ganglion", "simulate", "--tasks", "400", "--agents", "1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home,
        env={**bare_environment(), "GANGLION_HOME": str(home), "NATS_URL": nats_server.url},
    )
    async with bus.reader(start_sequence=1, subjects=["swarm.events.task.claimed.>"]) as reader:
        async with asyncio.timeout(60):
            while not await reader.batch(max_messages=1, within_seconds=1.0):
                assert process.returncode is None
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(60):
        out, error = await process.communicate()
    assert process.returncode == INTERRUPTED
    assert out == b""
    assert "was interrupted; what it left open expires within 600 s\n" in error.decode()
    assert "Traceback" not in error.decode()


async def test_what_the_overseer_rejects_is_said(overseer: RealProcess, bus: Bus) -> None:
    drawn = plan("simulation-3", tasks=1)
    drawn.manifests[0].priority = 12
    with pytest.raises(Rejected, match="priority 12"):
        await swarm(bus, drawn, agents=1)


def test_the_same_seed_draws_the_same_plan() -> None:
    assert plan() == plan()
    assert any(each.depends_on for each in plan().manifests)
    assert len({each.priority for each in plan().manifests}) > 3


def test_every_task_has_a_time_to_live_that_no_run_needs() -> None:
    assert {each.ttl_seconds for each in plan(tasks=5).manifests} == {600.0}
    assert to_live_seconds(100_000) == 100_000.0


def test_a_log_without_anything_is_not_well() -> None:
    drawn = plan(tasks=2)
    assert set(judge(drawn.manifests, [])) == {each.task_id for each in drawn.manifests}


def replace_log(found: Run, tampered: Callable[[list[RecordedEvent]], list[RecordedEvent]]) -> Run:
    return replace(found, log=tuple(tampered(list(found.log))))


def _first(log: list[RecordedEvent], kind: type) -> int:
    return next(n for n, each in enumerate(log) if isinstance(each.event.payload, kind))


def _without(kind: type) -> Callable[[list[RecordedEvent]], list[RecordedEvent]]:
    def tampered(log: list[RecordedEvent]) -> list[RecordedEvent]:
        del log[_first(log, kind)]
        return log

    return tampered


def _twice(kind: type) -> Callable[[list[RecordedEvent]], list[RecordedEvent]]:
    def tampered(log: list[RecordedEvent]) -> list[RecordedEvent]:
        number = _first(log, kind)
        return [*log[: number + 1], *log[number:]]

    return tampered


def _wrong_attempts(log: list[RecordedEvent]) -> list[RecordedEvent]:
    number = _first(log, TaskAcknowledged)
    payload = TaskAcknowledged()
    payload.CopyFrom(log[number].event.payload)  # type: ignore[arg-type]
    payload.attempts += 1
    log[number] = replace(log[number], event=replace(log[number].event, payload=payload))
    return log


TAMPERINGS: dict[str, Callable[[list[RecordedEvent]], list[RecordedEvent]]] = {
    "an end is missing": _without(TaskAcknowledged),
    "a completion is missing": _without(TaskCompleted),
    "a release is missing, so two held it": _without(TaskReleased),
    "acknowledged twice": _twice(TaskAcknowledged),
    "completed twice": _twice(TaskCompleted),
    "claimed twice": _twice(TaskClaimed),
    "the attempts do not add up": _wrong_attempts,
}
