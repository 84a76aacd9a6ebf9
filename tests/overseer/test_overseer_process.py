"""Do agents get tasks from a real overseer, whatever is killed?"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.policy_pb2 import PolicyAdopted
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import TaskClaimed, TaskCompleted
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ClaimRequested,
    TaskOrdered,
    TasksProposed,
)
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.claimed_task import ClaimedTask, LeaseLost
from nervous_system.client.request_client import RequestClient
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker, open_worker
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload
from nervous_system.errors import NotAcknowledged
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from overseer.core import OverseerCore
from overseer.plan import Catalogue, CataloguePlanner
from overseer.settings import OverseerSettings
from overseer.vocabulary import SERVICE
from tests.overseer.claiming import claimed
from tests.overseer.overseen import rebuilt, task
from tests.overseer.overseer_program import StartOverseer
from tests.real_servers import NatsServer


@pytest.fixture
def asker(bus: Bus) -> RequestClient:
    return RequestClient(
        bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester", deadline_seconds=120
    )


@asynccontextmanager
async def working(settings: MeshSettings, **more: object) -> AsyncIterator[Worker]:
    given = {"worker_id": "w1", "skills": ["digging"], **more}
    async with open_worker(settings.nats_url, settings=settings, **given) as worker:  # type: ignore[arg-type]
        yield worker


async def history(bus: Bus) -> list[RecordedEvent]:
    return [decode_stored(stored) async for stored in bus.replay()]


async def until_logged(bus: Bus, subject: str, count: int = 1) -> None:
    async with asyncio.timeout(300), bus.reader(start_sequence=1, subjects=[subject]) as reader:
        while count > 0:
            count -= len(await reader.batch(max_messages=count, within_seconds=5))


async def test_a_task_goes_through_its_life(
    start_overseer: StartOverseer, asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    start_overseer()
    answer = await asker.ask(TasksProposed(tasks=[task("a", payload_json='{"depth": 2}')]))
    assert answer.accepted
    async with working(mesh_settings) as worker:
        held = await claimed(worker)
        assert (held.task_id, held.attempt, held.arguments) == ("a", 1, {"depth": 2})
        await held.progress(0.5, "half of it")
        await held.finish(output="dug", changed_files=["hole.txt"])
        with pytest.raises(LeaseLost):
            await held.progress()
    words = [
        each.event.kind.subject_word
        for each in await history(bus)
        if each.subject.startswith("swarm.events.task.")
    ]
    assert words == ["submitted", "claimed", "progressed", "completed", "acknowledged"]


async def test_one_is_finished_and_the_next_claimed_at_once(
    start_overseer: StartOverseer, asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    start_overseer()
    assert (await asker.ask(TasksProposed(tasks=[task("a"), task("b"), task("c")]))).accepted
    async with working(mesh_settings, max_concurrent_tasks=2) as worker:
        first = await claimed(worker)
        second = await worker.finish_and_claim(first, output="dug")
        assert second is not None
        assert worker.busy == 1
        # What the first says again is late, so the third, claimed with it, goes back.
        with pytest.raises(LeaseLost):
            await worker.finish_and_claim(first)
        await second.finish()
        third = await claimed(worker)
        assert third.attempt == 2
        assert await worker.finish_and_claim(third) is None
        assert worker.busy == 0
    completed = [
        each.event.payload.task_id
        for each in await history(bus)
        if isinstance(each.event.payload, TaskCompleted)
    ]
    assert sorted(completed) == ["a", "b", "c"]


@pytest.mark.parametrize("by", ["claiming", "exchanging"])
@pytest.mark.parametrize(
    "too_much", [{"required_memory_bytes": 1 << 60}, {"required_cpu_count": 1e6}], ids=str
)
async def test_what_a_machine_has_not_got_is_not_asked_of_it(
    start_overseer: StartOverseer,
    asker: RequestClient,
    bus: Bus,
    mesh_settings: MeshSettings,
    too_much: dict[str, float],
    by: str,
) -> None:
    start_overseer()
    small = {"required_memory_bytes": 1 << 20, "required_cpu_count": len(os.sched_getaffinity(0))}
    tasks = [task("large", priority=10, **too_much), task("small", **small), task("next", **small)]
    assert (await asker.ask(TasksProposed(tasks=tasks))).accepted
    async with working(mesh_settings) as worker:
        held = await claimed(worker)
        assert held.task_id == "small"
        if by == "exchanging":
            again = await worker.finish_and_claim(held)
            assert again is not None, "what is finished takes no room"
        else:
            await held.finish()
            again = await claimed(worker)
        assert again.task_id == "next"
        await again.finish()
        assert await worker.claim() is None
        assert worker.busy == 0


async def test_who_only_writes_a_request_on_the_log_has_not_asked(
    start_overseer: StartOverseer, asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    """The leader does not read there, so the next one must not decide on it; an order is read."""
    first = start_overseer()
    assert (await asker.ask(TasksProposed(tasks=[task("a"), task("b")]))).accepted
    async with working(mesh_settings) as worker:
        await put_on_log(bus, ClaimRequested(worker_id=worker.worker_id, skills=["digging"]))
        await put_on_log(bus, TaskOrdered(task_id="b", order=ORDER_CANCEL))
        await until_logged(bus, "swarm.events.task.cancelled.b")
        first.kill()
        start_overseer()
        await until_logged(bus, "swarm.events.overseer.leadership_taken.main", 2)
        assert (await asker.ask(TasksProposed(tasks=[task("c")]))).accepted  # it has caught up
    steps = [each.subject for each in await history(bus) if ".task." in each.subject]
    assert "swarm.events.task.claimed.a" not in steps


async def put_on_log(bus: Bus, payload: Payload) -> None:
    await bus.publish(
        Event(
            event_id=new_event_id(),
            timestamp=system_clock(),
            agent_role=ROLE_OPERATOR,
            agent_id="tester",
            payload=payload,
        )
    )


async def test_an_objective_becomes_tasks_and_is_finished(
    start_overseer: StartOverseer, asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    start_overseer()
    tasks = [
        {"id": "dig", "action": "dig"},
        {"id": "plant", "action": "plant", "after": ["dig"]},
    ]
    objective = ObjectiveProposed(
        objective_id="o1",
        description="plant a tree",
        priority=7,
        metadata_json=json.dumps({"tasks": tasks}),
        source="test",
    )
    assert (await asker.ask(objective)).accepted
    stop = asyncio.Event()
    done: list[str] = []

    async def do(held: ClaimedTask) -> None:
        done.append(held.task_id)
        await held.finish()

    async with working(mesh_settings) as worker:
        serving = asyncio.create_task(serve(worker, do, stop))
        await until_logged(bus, "swarm.events.objective.finished.o1")
        stop.set()
        await serving
    assert done == ["o1.dig", "o1.plant"]
    traces = {each.event.trace_id for each in await history(bus) if ".o1" in each.subject}
    assert len(traces) <= 3, "the objective's trace, and those of the two claims"


async def test_a_line_dropped_into_the_inbox_is_an_objective(
    start_overseer: StartOverseer, bus: Bus, home: Path
) -> None:
    """Whatever stands before it: not JSON, more than an event can hold, odd line ends."""
    inbox = home / "objectives.jsonl"
    good = {"description": "Diagnose this machine", "priority": 7, "objective_id": "o1"}
    large = json.dumps({"description": "x" * 1_100_000})
    inbox.write_text(
        f'\ufeff{json.dumps(good)}\r\r\n{{"priority": 3}}\nnot JSON\n{large}\n', newline=""
    )
    process = start_overseer()
    await until_logged(bus, "swarm.events.objective.planned.o1")
    with inbox.open("a") as file:
        file.write(json.dumps({**good, "objective_id": "o2"}) + "\n")
    await until_logged(bus, "swarm.events.objective.planned.o2")
    text = process.log.read_text()
    for number in (2, 3, 4):
        assert f"{inbox}:{number}" in text
    assert "description has 1,100,000 bytes, and all of an event may have" in text
    plans = Counter(each.subject for each in await history(bus) if ".planned." in each.subject)
    assert set(plans.values()) == {1}


async def test_it_refuses_to_start_without_a_charter(
    start_overseer: StartOverseer, home: Path
) -> None:
    (home / "charter.md").unlink()
    process = start_overseer()
    assert await asyncio.to_thread(process.wait) == 1
    assert "does not act without a charter" in process.log.read_text()


async def test_a_policy_is_adopted_while_it_runs_and_a_broken_one_is_not(
    start_overseer: StartOverseer, asker: RequestClient, bus: Bus, home: Path
) -> None:
    start_overseer()
    adopted = "swarm.events.overseer.policy_adopted"
    await until_logged(bus, adopted)
    policy = home / "policy.yaml"
    policy.write_text("max_cpu_pct: lots\n")
    await until_logged(bus, "swarm.events.overseer.alarm_raised")
    text = "allowed_actions: [dig]\nnew_key: 1\n"
    policy.write_text(text)
    await until_logged(bus, adopted, 2)
    answer = await asker.ask(TasksProposed(tasks=[task("a", action="paint")]))
    assert "does not allow the action paint" in answer.reasons[0]
    log = [each.event.payload for each in await history(bus)]
    alarms = [each for each in log if isinstance(each, AlarmRaised)]
    assert "policy.yaml:1: max_cpu_pct" in alarms[0].message
    last = [each for each in log if isinstance(each, PolicyAdopted)][-1]
    assert last.text == text
    (warning,) = last.warnings
    assert "policy.yaml:2: new_key is not known to this version" in warning


def put_in_place(path: Path, put: Callable[[Path], object]) -> None:
    """At one stroke: nobody finds half of it."""
    new = path.with_name("new")
    put(new)
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink()
    new.replace(path)


ODD_FILES: list[tuple[str, Callable[[Path], object]]] = [
    ("registry.jsonl", lambda path: path.write_text(f'{{"agent_id": "{"x" * 1_100_000}"}}\n')),
    ("registry.jsonl", lambda path: path.write_text("[]\n" * 100_000)),
    ("registry.jsonl", lambda path: path.write_bytes(b"\0\xff\n")),
    ("registry.jsonl", Path.mkdir),
    ("policy.yaml", os.mkfifo),
    ("policy.yaml", lambda path: path.write_text('allowed_actions: ["\\ud800"]\n')),
    ("policy.yaml", lambda path: path.write_text("a: &a [*a]\n")),
    ("policy.yaml", lambda path: path.write_text('a: !!int ""\n')),
    ("charter.md", lambda path: path.write_bytes(b"\xff\xfe")),
    ("charter.md", lambda path: path.write_bytes(bytes(16 * 1024 * 1024 + 1))),
]


async def test_whatever_a_file_of_rules_holds_is_refused_and_the_overseer_goes_on(
    start_overseer: StartOverseer, asker: RequestClient, bus: Bus, home: Path
) -> None:
    process = start_overseer()
    await until_logged(bus, "swarm.events.overseer.charter_adopted")
    for number, (name, put) in enumerate(ODD_FILES, 1):
        put_in_place(home / name, put)
        await until_logged(bus, "swarm.events.overseer.alarm_raised", number)
        assert process.running
    (home / "policy.yaml").write_text("allowed_actions: [dig]\n")
    await until_logged(bus, "swarm.events.overseer.policy_adopted", 2)
    answer = await asker.ask(TasksProposed(tasks=[task("a", action="paint")]))
    assert "does not allow the action paint" in answer.reasons[0]


async def test_nobody_is_held_up_for_long_when_the_leader_is_killed(
    start_overseer: StartOverseer, asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    """Failure mode 3: another takes over; what was claimed stays claimed, once."""
    first = start_overseer("first")
    await asker.ask(TasksProposed(tasks=[task(f"t{number}") for number in range(20)]))
    start_overseer("second")
    async with working(mesh_settings, max_concurrent_tasks=20) as worker:
        for number in range(20):
            if number == 10:
                first.kill()
            held = await claimed(worker)
            await held.finish()
    events = [each.event for each in await history(bus)]
    claims = Counter(e.payload.task_id for e in events if isinstance(e.payload, TaskClaimed))
    completed = Counter(e.payload.task_id for e in events if isinstance(e.payload, TaskCompleted))
    assert completed == claims == Counter({f"t{number}": 1 for number in range(20)})


@pytest.mark.parametrize("failpoint", ["runner.before_append", "runner.after_append"])
@pytest.mark.parametrize("turn", [2, 3, 4])
async def test_a_leader_killed_in_the_middle_of_a_decision_does_no_harm(
    start_overseer: StartOverseer,
    asker: RequestClient,
    bus: Bus,
    mesh_settings: MeshSettings,
    failpoint: str,
    turn: int,
) -> None:
    doomed = start_overseer("doomed", GANGLION_FAILPOINT=f"{failpoint}:{turn}")
    await until_logged(bus, "swarm.events.overseer.leadership_taken.main")
    start_overseer("next")
    async with working(mesh_settings) as worker:
        await asker.ask(TasksProposed(tasks=[task("a"), task("b")]))
        for _ in range(2):
            held = await claimed(worker)
            await held.finish()
    assert await asyncio.to_thread(doomed.wait) == -9
    events = [each.event for each in await history(bus)]
    completed = Counter(e.payload.task_id for e in events if isinstance(e.payload, TaskCompleted))
    assert completed == Counter(a=1, b=1)


async def test_it_goes_on_after_a_restart_of_nats(
    start_overseer: StartOverseer,
    asker: RequestClient,
    bus: Bus,
    mesh_settings: MeshSettings,
    nats_server: NatsServer,
) -> None:
    """Failure mode 4, one node."""
    start_overseer()
    await asker.ask(TasksProposed(tasks=[task("a"), task("b")]))
    async with working(mesh_settings, max_concurrent_tasks=2) as worker:
        first = await claimed(worker)
        nats_server.kill()
        await asyncio.to_thread(nats_server.start)
        await first.finish()
        second = await claimed(worker)
        assert second.task_id != first.task_id
        await second.finish()


async def test_its_history_replays_to_the_same_decisions(
    start_overseer: StartOverseer, asker: RequestClient, bus: Bus, mesh_settings: MeshSettings
) -> None:
    process = start_overseer(GANGLION_OVERSEER_BACKOFF_SECONDS="0.1")
    await asker.ask(
        TasksProposed(tasks=[task(f"t{number}", max_attempts=2) for number in range(5)])
    )

    async def do(held: ClaimedTask) -> None:
        await held.finish("failed" if held.attempt == 1 else "completed")

    stop = asyncio.Event()
    async with working(mesh_settings) as worker:
        serving = asyncio.create_task(serve(worker, do, stop))
        await until_logged(bus, "swarm.events.task.completed.*", 5)
        stop.set()
        await serving
    assert await asyncio.to_thread(process.terminate) == 0
    settings = OverseerSettings(backoff_seconds=0.1, maintenance_seconds=0)
    overseer = OverseerCore(
        planner=CataloguePlanner(Catalogue.load_shipped()),
        settings=settings.of_core(),
        kernel_settings=settings.of_kernel(),
    )
    fold, beyond = rebuilt(overseer, await history(bus))
    assert beyond == []
    assert not fold.pending_ids
    assert not fold.state.kernel.tasks
    assert len(fold.state.kernel.ended) == 5


async def test_who_asks_without_an_overseer_is_told_so(bus: Bus) -> None:
    impatient = RequestClient(
        bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester", deadline_seconds=0.3
    )
    with pytest.raises(NotAcknowledged, match="the overseer did not answer"):
        await impatient.ask(ClaimRequested(worker_id="w1"))
