"""Does an agent get work for others onto the log, once, or a reason why not?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from enchanted.events.v1.objective_pb2 import ObjectiveAdded, ObjectivePlanned
from enchanted.events.v1.task_pb2 import RISK_EXPERIMENTAL, TaskManifest, TaskSubmitted
from nervous_system.bus import Bus, decode_stored
from nervous_system.client import proposing
from nervous_system.client.agent import Agent, open_agent
from nervous_system.contract.event import Event
from nervous_system.errors import InvalidEvent, Rejected
from nervous_system.settings import MeshSettings
from overseer.plan import PlanStep
from tests.overseer.overseer_program import StartOverseer


@pytest.fixture
async def agent(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings
) -> AsyncIterator[Agent]:
    """One of an overseer that runs."""
    start_overseer()
    url = mesh_settings.nats_url
    patient = mesh_settings.model_copy(
        update={"publish_deadline_seconds": 120.0}
    )  # it has to start
    async with open_agent(url, role="coder", agent_id="coder-1", settings=patient) as agent:
        yield agent


async def logged(bus: Bus, kind: type) -> list[Event]:
    events = [decode_stored(stored).event async for stored in bus.replay()]
    return [event for event in events if isinstance(event.payload, kind)]


async def submitted(bus: Bus) -> list[TaskManifest]:
    return [event.payload.manifest for event in await logged(bus, TaskSubmitted)]


async def test_an_objective_becomes_its_tasks(agent: Agent, bus: Bus) -> None:
    decision = await agent.decide(rationale="it fails now and then", chosen="have it fixed")
    objective_id = await agent.propose(
        "Fix the flaky test",
        priority=7,
        tasks=[
            {"id": "find", "action": "find", "payload": {"test": "t"}, "risk_tier": "experimental"},
            {"id": "fix", "action": "fix", "after": ["find"], "memory_bytes": 1 << 30},
        ],
        because=decision,
    )
    (added,) = await logged(bus, ObjectiveAdded)
    assert isinstance(added.payload, ObjectiveAdded)
    assert added.payload.objective_id == objective_id
    assert (added.payload.description, added.payload.source) == ("Fix the flaky test", "coder-1")
    assert added.trace_id == decision.trace_id
    find, fix = await submitted(bus)
    assert (find.task_id, find.priority) == (f"{objective_id}.find", 7)
    assert (find.payload_json, find.risk_tier) == ('{"test": "t"}', RISK_EXPERIMENTAL)
    assert (list(fix.depends_on), fix.required_memory_bytes) == ([find.task_id], 1 << 30)


async def test_a_plan_of_the_catalogue_can_be_named_or_fit(agent: Agent, bus: Bus) -> None:
    await agent.propose("something", plan="diagnose")
    await agent.propose("Diagnose this machine")
    plans = [event.payload for event in await logged(bus, ObjectivePlanned)]
    assert [each.plan for each in plans if isinstance(each, ObjectivePlanned)] == ["diagnose"] * 2


async def test_a_task_can_stand_alone(agent: Agent, bus: Bus) -> None:
    first = await agent.propose_task(action="dig")
    second = await agent.propose_task(id="mine", action="dig", after=[first], cpu_count=0.5)
    assert second == "mine"
    one, two = await submitted(bus)
    assert (one.task_id, one.priority, one.max_attempts, one.owner) == (first, 5, 3, "coder-1")
    assert (list(two.depends_on), two.required_cpu_count) == ([first], 0.5)


async def test_what_is_proposed_again_is_taken_once(agent: Agent, bus: Bus) -> None:
    for _ in range(2):
        await agent.propose("Dig", tasks=[{"action": "dig"}], objective_id="o")
        await agent.propose_task(id="t", action="dig")
    assert [each.task_id for each in await submitted(bus)] == ["o.1", "t"]
    with pytest.raises(Rejected, match="an objective o exists already"):
        await agent.propose("Dig deeper", tasks=[{"action": "dig"}], objective_id="o")
    with pytest.raises(Rejected, match="a task t exists already"):
        await agent.propose_task(id="t", action="paint")


async def test_a_refusal_has_every_reason(agent: Agent) -> None:
    with pytest.raises(Rejected) as refused:
        await agent.propose_task(id="t", action="", priority=12, after=["nothing"])
    assert refused.value.reasons == (
        "t: it names no action",
        "t: priority 12 is above 10",
        "t: it depends on nothing, which nobody knows",
    )
    with pytest.raises(Rejected) as refused:
        await agent.propose(" ", priority=11)
    assert refused.value.reasons == ("it has no description", "priority 11 is above 10")
    assert str(refused.value) == "; ".join(refused.value.reasons)


@pytest.mark.parametrize(
    "step",
    [
        *({"priority": -1}, {"cpu_count": "two"}, {"payload": {"x": object()}}),
        *({"risk_tier": "fatal"}, {"after": [1]}),
    ],
    ids=lambda step: next(iter(step)),
)
async def test_what_cannot_be_written_down_is_refused_at_once(
    bus: Bus, mesh_settings: MeshSettings, step: dict[str, Any]
) -> None:
    url = mesh_settings.nats_url
    async with open_agent(url, role="coder", agent_id="c", settings=mesh_settings) as agent:
        with pytest.raises(InvalidEvent, match=next(iter(step))):
            await agent.propose_task(id="t", action="dig", **step)
        with pytest.raises(InvalidEvent, match=r"tasks\[0\].action is of type object"):
            await agent.propose("Dig", tasks=[{"action": object()}], objective_id="o")  # type: ignore[typeddict-item]


def test_a_step_has_the_fields_that_the_overseer_knows() -> None:
    assert set(proposing.TaskFields.__annotations__) == set(PlanStep.model_fields)
