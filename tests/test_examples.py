"""Does an example do what it says? Tested as a user tests an agent of his own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from enchanted.events.v1.action_outcome_pb2 import OUTCOME_SUCCEEDED
from enchanted.events.v1.state_change_pb2 import StateChange
from examples import first_agent, first_objective, first_worker
from nervous_system.client import ClaimedTask, open_agent, open_worker, serve
from nervous_system.errors import NotAcknowledged, Unavailable
from nervous_system.settings import MeshSettings
from nervous_system.testing import Mesh, MovableClock, full_mesh, mesh

pytestmark = pytest.mark.process  # an agent asks git which workspace it is in


async def test_the_first_agent_records_why_what_and_what_came_of_it(ganglion_mesh: Mesh) -> None:
    await first_agent.main()
    decision, change, outcome = (each.event for each in ganglion_mesh.events())
    assert decision.payload.chosen_action == "write greeting.txt"
    assert isinstance(change.payload, StateChange)
    assert change.payload.target_resource == "greeting.txt"
    assert outcome.payload.status == OUTCOME_SUCCEEDED
    assert {decision.event_id} == {change.causation_id, outcome.causation_id}
    assert len({each.trace_id for each in (decision, change, outcome)}) == 1


async def test_nobody_decides_in_memory(
    ganglion_mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANGLION_PUBLISH_DEADLINE_SECONDS", "0.5")
    with pytest.raises(NotAcknowledged, match="overseer"):
        await first_objective.main()
    (decision,) = ganglion_mesh.events()
    assert decision.event.payload.chosen_action == "have the swarm greeted"


def test_each_mesh_is_empty_and_the_environment_is_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NATS_URL", "nats://192.0.2.1:4222")
    monkeypatch.setenv("GANGLION_NATS_PASSWORD", "for another mesh")
    monkeypatch.delenv("GANGLION_HOME", raising=False)
    for _ in range(2):
        with mesh() as swarm:
            settings = MeshSettings()
            assert settings.nats_url == swarm.url
            assert settings.nats_password is None
            assert swarm.events() == []
            asyncio.run(first_agent.main())
        assert len(swarm.events()) == 3
    settings = MeshSettings()
    assert settings.nats_url == "nats://192.0.2.1:4222"
    assert settings.nats_password == "for another mesh"


async def test_the_test_moves_the_clock_of_the_log_and_of_the_agent() -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    with mesh(clock=MovableClock(start)) as swarm:
        async with open_agent(role="coder", agent_id="c", clock=swarm.clock) as agent:
            for seconds in (0, 599, 601):
                swarm.clock.advance(seconds)
                await agent.decide(rationale="r", chosen="c", event_id="the same")
        first, again = swarm.events()  # its id was remembered for ten minutes
        assert first.event.timestamp == first.recorded_at == start
        assert again.recorded_at == start + timedelta(seconds=1200)
        with pytest.raises(ValueError, match="forward"):
            swarm.clock.advance(-1)


async def test_the_first_worker_does_the_first_objective() -> None:
    done: list[str] = []
    stop = asyncio.Event()

    async def greet(task: ClaimedTask) -> None:
        await first_worker.greet(task)
        done.append(task.arguments.get("whom", "swarm"))
        if len(done) == 2:
            stop.set()

    with full_mesh() as home:
        assert MeshSettings().home == home
        await first_objective.main()
        async with asyncio.timeout(300), open_worker(worker_id="first-worker") as worker:
            await serve(worker, {"greet": greet}, stop)
    assert done == ["swarm", "world"]
    assert not home.exists()


def test_a_mesh_that_does_not_start_says_why() -> None:
    with pytest.raises(Unavailable, match=r"ganglion up.*nobody"), full_mesh(only=["nobody"]):
        pass


def test_every_run_of_pytest_loads_a_plugin_that_loads_nothing() -> None:
    loaded = (
        "import sys; before = set(sys.modules); import nervous_system.pytest_plugin;"
        "print(*{each.partition('.')[0] for each in set(sys.modules) - before})"
    )
    found = subprocess.run(
        [sys.executable, "-c", f"import pytest; {loaded}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == ["nervous_system"]
