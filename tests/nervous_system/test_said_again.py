"""Is what an agent says taken once, however often it is said?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from enchanted.events.v1.action_outcome_pb2 import ActionOutcome
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.agent import Agent, Receipt, open_agent
from nervous_system.client.request_client import RequestClient
from nervous_system.contract.event import RecordedEvent
from nervous_system.errors import (
    IdTaken,
    InvalidEvent,
    NotAcknowledged,
    Permanent,
    Transient,
    Unavailable,
)
from nervous_system.settings import MeshSettings

SECRET = "sk-ant-" + "b" * 30


@pytest.fixture
async def agent(bus: Bus, mesh_settings: MeshSettings) -> AsyncIterator[Agent]:
    url = mesh_settings.nats_url
    async with open_agent(
        url, role="coder", agent_id="coder-1", settings=mesh_settings, workspace=""
    ) as agent:
        yield agent


async def history(bus: Bus) -> list[RecordedEvent]:
    return [decode_stored(stored) async for stored in bus.replay()]


Say = Callable[..., Awaitable[Receipt]]


def sayings(agent: Agent, decision: Receipt) -> dict[str, Say]:
    return {
        "decide": lambda **more: agent.decide(rationale="r", chosen="c", **more),
        "a secret": lambda **more: agent.decide(rationale=SECRET, chosen="c", **more),
        "outcome": lambda **more: agent.outcome(decision, status="failed", **more),
        "change": lambda **more: agent.change("f", before=None, after="a\n", **more),
        "a changed secret": lambda **more: agent.change("f", before=None, after=SECRET, **more),
    }


KINDS = ("decide", "a secret", "outcome", "change", "a changed secret")


def losing(monkeypatch: pytest.MonkeyPatch, *, times: int, stored: bool) -> list[int]:
    """What is published from now on is stored or not, and nobody is told, so many times."""
    lost: list[int] = []

    def around(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def without_answer(bus: Bus, *said: Any, **more: Any) -> Any:
            if len(lost) >= times:
                return await call(bus, *said, **more)
            if stored:
                await call(bus, *said, **more)
            lost.append(1)
            raise NotAcknowledged("the answer was lost")

        return without_answer

    monkeypatch.setattr(Bus, "publish", around(Bus.publish))
    monkeypatch.setattr(Bus, "append", around(Bus.append))
    return lost


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "not stored"])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_error_says_it_again(
    agent: Agent, bus: Bus, monkeypatch: pytest.MonkeyPatch, kind: str, stored: bool
) -> None:
    say = sayings(agent, await agent.decide(rationale="r", chosen="c"))[kind]
    losing(monkeypatch, times=2, stored=stored)
    with pytest.raises(NotAcknowledged) as error:
        await say()
    receipt = None
    while receipt is None:  # a change finds itself on its chain, and is not published again
        try:
            receipt = await error.value.again()
        except NotAcknowledged as once_more:
            error = pytest.ExceptionInfo.from_exception(once_more)
    monkeypatch.undo()
    _, only = await history(bus)
    assert (receipt.event_id, receipt.sequence) == (only.event.event_id, only.sequence)
    assert receipt.trace_id == only.event.trace_id
    assert receipt.duplicate is stored
    assert (await agent.decide(rationale="r", chosen="c", because=receipt)).sequence == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "event_id", ["0193a2c0-8860-7304-92f0-408369fc8a74", "the third step of run 7"]
)
async def test_an_id_of_the_callers_is_taken_once_by_any_of_its_lives(
    agent: Agent, bus: Bus, kind: str, event_id: str
) -> None:
    decision = await agent.decide(rationale="r", chosen="c")
    later = Agent(bus, role=ROLE_CODER, agent_id="coder-1")
    first = await sayings(agent, decision)[kind](event_id=event_id)
    again = await sayings(later, decision)[kind](event_id=event_id)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (first.event_id, first.sequence) == (again.event_id, again.sequence)
    assert (first.trace_id, first.traceparent) == (again.trace_id, again.traceparent)
    assert len(await history(bus)) == 2
    await agent.decide(rationale="r", chosen="c")
    numbers = [each.event.producer_sequence for each in await history(bus)]
    assert numbers == [1, 2, 3]


async def test_a_change_is_found_behind_those_that_came_after_it(agent: Agent, bus: Bus) -> None:
    later = Agent(bus, role=ROLE_CODER, agent_id="coder-1")
    first = await agent.change("f", before=None, after="a\n", event_id="one")
    await agent.change("f", before="a\n", after="b\n")
    again = await later.change("f", before=None, after="a\n", event_id="one")
    assert (again.sequence, again.duplicate) == (first.sequence, True)
    assert len(await history(bus)) == 2


async def test_other_words_under_an_id_are_refused(agent: Agent, bus: Bus) -> None:
    await agent.decide(rationale="r", chosen="c", event_id="one")
    for chosen in ("d", SECRET):
        with pytest.raises(IdTaken, match="other bytes under the same id"):
            await agent.decide(rationale="r", chosen=chosen, event_id="one")
    with pytest.raises(IdTaken):
        await agent.change("f", before=None, after="a", event_id="one")
    await agent.decide(rationale="r", chosen="c", event_id="two")
    assert [each.event.producer_sequence for each in await history(bus)] == [1, 2]


async def test_a_name_of_mine_is_no_name_of_anothers(agent: Agent, bus: Bus) -> None:
    other = Agent(bus, role=ROLE_CODER, agent_id="coder-2")
    mine = await agent.decide(rationale="r", chosen="c", event_id="one")
    assert (await other.decide(rationale="r", chosen="c", event_id="one")).sequence == 2
    with pytest.raises(IdTaken):
        await other.decide(rationale="r", chosen="c", event_id=mine.event_id)


async def test_an_id_is_a_text(agent: Agent) -> None:
    for odd in (None, 5, b"one", "\ud800"):
        with pytest.raises(InvalidEvent, match="event_id"):
            await agent.decide(rationale="r", chosen="c", event_id=odd)  # type: ignore[arg-type]


async def test_who_is_not_heard_says_it_later(
    agent: Agent, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the connection is gone, nothing was sent yet."""

    async def away(*_: Any, **__: Any) -> None:
        raise Unavailable("there is no connection")

    with monkeypatch.context() as gone:
        gone.setattr(bus.stream.__class__, "last_on", away)
        with pytest.raises(Unavailable) as error:
            await agent.change("f", before=None, after="a\n")
    assert (await error.value.again()).sequence == 1


@pytest.mark.parametrize("one", [True, False], ids=["a task", "an objective"])
async def test_a_proposal_is_asked_again_as_it_was(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, one: bool
) -> None:
    asked: list[tuple[bytes, str]] = []

    async def ask(self: RequestClient, payload: Any, *, event_id: str, **_: Any) -> Any:
        asked.append((payload.SerializeToString(deterministic=True), event_id))
        if len(asked) < 3:
            raise NotAcknowledged("nobody answered")

    monkeypatch.setattr(RequestClient, "require_accepted", ask)
    with pytest.raises(NotAcknowledged) as first:
        await (agent.propose_task(action="dig") if one else agent.propose("dig"))
    with pytest.raises(NotAcknowledged) as second:
        await first.value.again()
    assert await second.value.again() in asked[0][0].decode()
    assert len(asked) == 3
    assert len(set(asked)) == 1


async def test_where_nothing_was_to_be_recorded_there_is_nothing_to_say_again() -> None:
    with pytest.raises(Permanent, match="make the call itself again"):
        await Transient("the log is away").again()


async def test_an_exit_code_of_windows_is_taken(agent: Agent, bus: Bus) -> None:
    decision = await agent.decide(rationale="r", chosen="c")
    for exit_code in (0xC0000005, 2**32 - 1, -(2**31), 2**31 - 1):
        await agent.outcome(decision, status="failed", exit_code=exit_code, output="caf\udce9")
    outcomes: list[Any] = [each.event.payload for each in (await history(bus))[1:]]
    assert [each.exit_code for each in outcomes] == [-1073741819, -1, -(2**31), 2**31 - 1]
    assert all(isinstance(each, ActionOutcome) for each in outcomes)
    assert outcomes[0].output == r"caf\udce9"
    for exit_code in (2**32, -(2**31) - 1):
        with pytest.raises(InvalidEvent, match="exit_code is not from"):
            await agent.outcome(decision, status="failed", exit_code=exit_code)
