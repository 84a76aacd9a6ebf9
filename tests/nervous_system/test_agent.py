"""Is an agent's record complete: why, what, and what came of it, linked and hashed?"""

from __future__ import annotations

import asyncio
import itertools
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from enchanted.events.v1.action_outcome_pb2 import OUTCOME_FAILED, ActionOutcome
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.state_change_pb2 import StateChange
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.agent import Agent, open_agent, role_named
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.resource import Resource
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import chain_filter
from nervous_system.contract.truncation import MAX_OUTPUT_CHARACTERS
from nervous_system.errors import InvalidEvent, Unavailable
from nervous_system.ids import content_hash
from nervous_system.settings import MeshSettings


@pytest.fixture
async def agent(bus: Bus, mesh_settings: MeshSettings) -> AsyncIterator[Agent]:
    url = mesh_settings.nats_url
    async with open_agent(
        url, role="coder", agent_id="coder-1", workspace="", settings=mesh_settings
    ) as agent:
        yield agent


async def _history(bus: Bus) -> list[RecordedEvent]:
    return [decode_stored(stored) async for stored in bus.replay()]


async def test_a_decision_its_change_and_its_outcome_hang_together(agent: Agent, bus: Bus) -> None:
    decision = await agent.decide(
        rationale="the test is wrong",
        alternatives=["fix the code"],
        chosen="fix the test",
        confidence=0.8,
        context_hash=content_hash("what it saw"),
    )
    change = await agent.change("t.py", before="a\n", after="b\n", because=decision)
    await agent.outcome(decision, status="failed", exit_code=2, output="boom", cost_usd=0.25)
    events = [each.event for each in await _history(bus)]
    why, what, came = (event.payload for event in events)
    assert isinstance(why, AgentDecision)
    assert list(why.rejected_alternatives) == ["fix the code"]
    assert why.confidence_score == pytest.approx(0.8)
    assert isinstance(what, StateChange)
    assert what.previous_state_hash == content_hash("a\n")
    assert what.new_state_hash == content_hash("b\n")
    assert what.is_reversible
    assert isinstance(came, ActionOutcome)
    assert came.status == OUTCOME_FAILED
    assert came.decision_event_id == decision.event_id
    assert {event.trace_id for event in events} == {decision.trace_id}
    assert [event.causation_id for event in events] == ["", decision.event_id, decision.event_id]
    assert [event.producer_sequence for event in events] == [1, 2, 3]
    assert change.sequence == 2


async def test_an_absent_confidence_is_not_zero(agent: Agent, bus: Bus) -> None:
    await agent.decide(rationale="r", chosen="c")
    await agent.decide(rationale="r", chosen="c", confidence=0.0)
    absent, zero = (each.event.payload for each in await _history(bus))
    assert isinstance(absent, AgentDecision)
    assert isinstance(zero, AgentDecision)
    assert not absent.HasField("confidence_score")
    assert zero.HasField("confidence_score")


@pytest.mark.parametrize("blank", ["", " \n\t"])
async def test_a_decision_without_a_why_or_a_what_is_refused(
    agent: Agent, bus: Bus, blank: str
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        await agent.decide(rationale=blank, chosen=blank)
    assert refused.value.problems == ["rationale is empty: say why", "chosen is empty: say what"]
    with pytest.raises(InvalidEvent, match="rationale is empty: say why$"):
        await agent.decide(rationale=blank, chosen="c")
    with pytest.raises(InvalidEvent, match="not sent: chosen is empty: say what$"):
        await agent.decide(rationale="r", chosen=blank)
    await agent.decide(rationale="r", chosen="c")
    (only,) = await _history(bus)
    assert only.event.producer_sequence == 1


async def test_the_library_is_strict(agent: Agent) -> None:
    with pytest.raises(InvalidEvent, match="confidence is 1.4"):
        await agent.decide(rationale="r", chosen="c", confidence=1.4)
    with pytest.raises(InvalidEvent, match="the roles are architect, coder"):
        async with open_agent("nats://127.0.0.1:1", role="wizard", agent_id="x"):
            pass


def test_a_role_that_is_none_is_told_which_an_agent_may_have() -> None:
    with pytest.raises(InvalidEvent) as refused:
        role_named("revewer")
    assert refused.value.problems == [
        "there is no role 'revewer'; the roles are architect, coder, reviewer, operator, worker"
    ]


async def test_a_change_found_outside_is_recorded_first_and_said(agent: Agent, bus: Bus) -> None:
    await agent.change("f", before=None, after="one\n")
    receipt = await agent.change("f", before="edited by hand\n", after="two\n")
    assert receipt.external_change
    history = [each.event for each in await _history(bus)]
    assert [event.producer_sequence for event in history] == [1, 2, 3]
    links = [event.payload for event in history]
    assert all(isinstance(link, StateChange) for link in links)
    assert [link.external for link in links] == [False, True, False]
    _assert_chained(links)  # type: ignore[arg-type]


async def test_many_writers_never_fork_a_chain(agent: Agent, bus: Bus) -> None:
    async def work(name: str) -> None:
        for step in range(10):
            await agent.change("shared", before=f"{name}{step}", after=f"{name}{step + 1}")

    await asyncio.gather(*(work(name) for name in "abcd"))
    chain = chain_filter(Resource.file("shared").key)
    links = [decode_stored(s).event.payload async for s in bus.replay(subjects=[chain])]
    assert sum(not link.external for link in links) == 40
    _assert_chained(links)  # type: ignore[arg-type]


async def test_numbers_are_taken_in_the_order_of_the_log(agent: Agent, bus: Bus) -> None:
    calls = [
        agent.change(f"f{number % 3}", before=f"{number}\n", after=f"{number + 1}\n")
        if number % 2
        else agent.decide(rationale="r", chosen="c")
        for number in range(20)
    ]
    await asyncio.gather(*calls)
    numbers = [each.event.producer_sequence for each in await _history(bus)]
    assert len(numbers) > 20
    assert numbers == list(range(1, len(numbers) + 1))


async def test_what_was_refused_took_no_number(
    agent: Agent, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Agent(bus, role=agent.role, agent_id="coder-2")
    look, looks = agent.bus.stream.last_on, itertools.count(1)

    async def look_and_be_overtaken(subject: str) -> Stored | None:
        found = await look(subject)
        if (number := next(looks)) <= 3:
            await other.change("shared", before=f"{number}", after=f"{number + 1}")
        return found

    monkeypatch.setattr(agent.bus.stream, "last_on", look_and_be_overtaken)
    await agent.change("shared", before="mine", after="changed")
    with pytest.raises(InvalidEvent):
        await agent.decide(rationale="r", chosen="c", confidence=1.4)
    await agent.decide(rationale="r", chosen="c")
    history = [each.event for each in await _history(bus)]
    mine = [each.producer_sequence for each in history if each.agent_id == agent.agent_id]
    assert mine == [1, 2, 3]
    assert next(looks) == 5  # it was refused three times


def _assert_chained(links: list[object]) -> None:
    for before, after in itertools.pairwise(links):
        assert isinstance(before, StateChange)
        assert isinstance(after, StateChange)
        assert after.previous_state_hash == before.new_state_hash


async def test_a_huge_diff_is_recorded_as_hashes(agent: Agent, bus: Bus) -> None:
    await agent.change("big", before=None, after="x" * 3_000_000)
    await agent.change("binary", before=b"\xff\xfe", after=b"\xff\x00")
    links = [each.event.payload for each in await _history(bus)]
    for link in links:
        assert isinstance(link, StateChange)
        assert link.truncated
        assert not link.is_reversible
        assert link.new_state_hash


async def test_a_long_output_keeps_its_beginning_and_end(agent: Agent, bus: Bus) -> None:
    decision = await agent.decide(rationale="r", chosen="c")
    await agent.outcome(decision, status="succeeded", output="a" * MAX_OUTPUT_CHARACTERS + "end")
    came = (await _history(bus))[1].event.payload
    assert isinstance(came, ActionOutcome)
    assert came.output_truncated
    assert came.output.startswith("aaa")
    assert came.output.endswith("end")
    assert "characters left out" in came.output


async def test_a_redacted_diff_is_not_called_reversible(agent: Agent, bus: Bus) -> None:
    receipt = await agent.change("env", before=None, after="KEY=sk-ant-" + "b" * 30 + "\n")
    assert receipt.redacted == 1
    link = (await _history(bus))[0].event.payload
    assert isinstance(link, StateChange)
    assert not link.is_reversible
    assert "[REDACTED]" in link.diff_patch


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("no newline", "no newline still"),
        ("a\n", None),
        (None, "a\nb"),
        ("carriage\r\nreturn\r\n", "carriage\nreturn\r\n"),
        ("", "x\n"),
    ],
)
def test_a_diff_can_be_applied_and_taken_back(
    tmp_path: Path, before: str | None, after: str | None
) -> None:
    file = tmp_path / "f"
    link = Resource.file("f").link(before=before, after=after, max_bytes=10_000)
    for content, wanted, options in ((before, after, []), (after, before, ["-R"])):
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content.encode())
        if before != "" and after != "":
            subprocess.run(
                ["git", "apply", *options, "-"],
                input=link.diff_patch.encode(),
                cwd=tmp_path,
                check=True,
            )
            assert (file.read_bytes().decode() if file.exists() else None) == wanted


async def test_one_of_several_addresses_that_answers_is_enough(
    bus: Bus, mesh_settings: MeshSettings
) -> None:
    nobody = "nats://127.0.0.1:1"
    for url in (f"{nobody}, {mesh_settings.nats_url}", f"{mesh_settings.nats_url},{nobody}"):
        async with open_agent(url, role="coder", agent_id="c", settings=mesh_settings) as agent:
            assert (await agent.decide(rationale="r", chosen="c")).sequence
    with pytest.raises(Unavailable, match="no NATS server answers"):
        async with open_agent(f"{nobody},{nobody}", role="coder", agent_id="c"):
            pass
    with pytest.raises(InvalidEvent, match="settings is of type str"):
        async with open_agent(nobody, role="coder", agent_id="c", settings="x"):  # type: ignore[arg-type]
            pass
