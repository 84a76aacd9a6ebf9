"""
Every parameter of the library and every odd value: is it recorded as it was given, or refused with
a sentence that names the parameter, and never anything else?
"""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import logging
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, ROLE_WORKER
from enchanted.events.v1.task_pb2 import TaskManifest
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.agent import Agent, Receipt, open_agent
from nervous_system.client.attempt import Do, attempt
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.next_claim import NextClaim
from nervous_system.client.proposing import objective, task
from nervous_system.client.worker import Worker, open_worker
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.resource import Resource
from nervous_system.errors import GanglionError, InvalidEvent
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.tracing import Tracer

RECEIPT = Receipt(event_id=new_event_id(), sequence=1, trace_id="", traceparent="")


class _Odd:
    """Something of the caller's own."""


def _deep(depth: int) -> Any:
    value: Any = "bottom"
    for _ in range(depth):
        value = {"deeper": value}
    return value


def _circle() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["again"] = value
    return value


ODD: dict[str, Any] = {
    "None": None,
    "True": True,
    "zero": 0,
    "minus one": -1,
    "beyond int32": 2**31,
    "beyond uint64": 2**64,
    "huge": 10**400,
    "a half": 0.5,
    "negative": -0.5,
    "above one": 1.0000001,
    "a hundred and one": 101,
    "NaN": math.nan,
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "a decimal": Decimal("0.1"),
    "a third": Fraction(1, 3),
    "a complex": 1j,
    "empty": "",
    "blank": " \t\n",
    "invisible": "\u200b\u2060\ufeff\u3164",
    "abc": "abc",
    "half a character": "a\ud800b",
    "another half": "\udcff",
    "a zero": "a\0b",
    "everything": "é\u202e🐝\x1b[2J",
    "megabytes": "x" * 3_000_000,
    "bytes": b"abc",
    "not UTF-8": b"\xff",
    "a bytearray": bytearray(b"abc"),
    "a view": memoryview(b"abc"),
    "a list": ["a", "b"],
    "an empty list": [],
    "a list of numbers": [1, 2],
    "a list with None": [None],
    "a list of bytes": [b"a"],
    "a list with half a character": ["\ud800"],
    "a list of lists": [["a"]],
    "a tuple": ("a",),
    "a set": {"a"},
    "a generator": (each for each in "ab"),
    "a range": range(3),
    "an object": {"a": 1},
    "an ordered one": OrderedDict(a=1),
    "numbers as names": {1: "a"},
    "NaN within": {"a": [math.nan]},
    "a half within": {"a": {"b": "\ud800"}},
    "half a name": {"\ud800": 1},
    "bytes within": {"a": b"b"},
    "a set within": {"a": {1}},
    "nested": _deep(50),
    "nested too deeply": _deep(5_000),
    "a circle": _circle(),
    "a naive moment": datetime(2026, 1, 1),
    "a moment": datetime(1, 1, 1, tzinfo=UTC),
    "something": _Odd(),
    "a type": int,
}


@dataclass
class Sink:
    """A holder, an asker and a log that take whatever they are given."""

    said: list[Any] = field(default_factory=list)
    following: Callable[[ClaimedTask], NextClaim | None] = lambda ended: None

    def hold(self, task: ClaimedTask) -> None:
        pass

    def drop(self, task: ClaimedTask) -> None:
        pass

    def holds(self, task: ClaimedTask) -> bool:
        return True

    async def ask(self, payload: Any, **_: Any) -> Any:
        payload.SerializeToString()
        self.said.append(payload)
        return Answer(accepted=True)


Call = Callable[[dict[str, Any]], Awaitable[Any]]


@pytest.fixture
async def agent(bus: Bus) -> Agent:
    return Agent(bus, role=ROLE_CODER, agent_id="odd", deadline_seconds=60.0)


def _held(sink: Sink) -> ClaimedTask:
    grant = TaskGrant(manifest=TaskManifest(task_id="t", action="dig"), attempt=1)
    return ClaimedTask(grant, "w", sink, sink)  # type: ignore[arg-type]


def _accepting(agent: Agent) -> Agent:
    """What is proposed goes nowhere: no overseer is here."""

    async def accepted(proposal: Any, **_: Any) -> None:
        proposal.SerializeToString()

    agent._asker.require_accepted = accepted  # type: ignore[assignment,method-assign]
    return agent


STEP = ("action", "id", "description", "payload", "priority", "after", "skills", "cpu_count")
STEP += ("memory_bytes", "ttl_seconds", "max_attempts", "idempotency_key", "risk_tier")  # type: ignore[assignment]


def _calls(agent: Agent, sink: Sink) -> dict[str, tuple[Call, dict[str, Any], list[str]]]:
    """By name: how it is called, what is well, and the parameters that are tried."""
    held = _held(sink)

    async def change(said: dict[str, Any]) -> Any:
        target = said.pop("target")
        return await agent.change(target, **said)

    async def change_of(said: dict[str, Any]) -> Any:
        target = Resource(said.pop("target.type"), said.pop("target.resource"))
        return await agent.change(target, **said)

    async def open_one(said: dict[str, Any]) -> Any:
        async with open_agent(**said, settings=MeshSettings(publish_deadline_seconds=60.0)):
            pass

    async def make_worker(said: dict[str, Any]) -> Any:
        return Worker(agent.bus, role=ROLE_WORKER, **said)

    async def make_objective(said: dict[str, Any]) -> Any:
        return objective(said.pop("description"), **said).SerializeToString()

    async def make_task(said: dict[str, Any]) -> Any:
        return task({"action": "dig"}, **said).SerializeToString()

    url = agent.bus.connection.client.connected_url.geturl()
    return {
        "decide": (
            lambda said: agent.decide(**said),
            {"rationale": "r", "chosen": "c"},
            _parameters(agent.decide),
        ),
        "outcome": (
            lambda said: agent.outcome(**said),
            {"decision": RECEIPT, "status": "failed"},
            _parameters(agent.outcome),
        ),
        "signal": (lambda said: agent.signal(**said), {"status": "s"}, _parameters(agent.signal)),
        "change": (
            change,
            {"target": "t", "before": None, "after": "a"},
            _parameters(agent.change),
        ),
        "change of": (
            change_of,
            {"target.type": "ENV_VAR", "target.resource": "t", "before": None, "after": "a"},
            ["target.type", "target.resource", "after"],
        ),
        "propose": (
            lambda said: agent.propose(**said),
            {"description": "d"},
            _parameters(agent.propose),
        ),
        "propose_task": (
            lambda said: agent.propose_task(**said),
            {"action": "dig"},
            [*STEP, "because", "nothing_of_it"],
        ),
        "progress": (lambda said: held.progress(**said), {}, _parameters(held.progress)),
        "finish": (lambda said: held.finish(**said), {}, _parameters(held.finish)),
        "give_back": (lambda said: held.release(**said), {}, _parameters(held.release)),
        "open_agent": (
            open_one,
            {"url": url, "role": "coder", "agent_id": "x"},
            ["role", "agent_id"],
        ),
        "Worker": (
            make_worker,
            {"worker_id": "w"},
            ["worker_id", "skills", "actions", "max_concurrent_tasks", "heartbeat_seconds"],
        ),
        "objective": (
            make_objective,
            {"description": "d", "objective_id": "o", "metadata": {}, "source": "s"},
            ["description", "objective_id", "priority", "metadata", "source"],
        ),
        "task": (make_task, {"task_id": "t", "owner": "o"}, ["task_id", "owner"]),
    }


def _parameters(call: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(call).parameters)


ALIASES = {"task_id": "id", "step": "payload"}
NAMES = ("decide", "outcome", "signal", "change", "change of", "propose", "propose_task")
NAMES += ("progress", "finish", "give_back", "open_agent", "Worker", "objective", "task")  # type: ignore[assignment]


@pytest.mark.parametrize("name", NAMES)
async def test_each_is_recorded_or_refused_by_name(agent: Agent, name: str) -> None:
    sink = Sink()
    call, well, parameters = _calls(_accepting(agent), sink)[name]
    assert parameters
    refused = taken = 0
    for parameter in parameters:
        for what, value in ODD.items():
            try:
                await call({**well, parameter: value})
            except InvalidEvent as error:
                refused += 1
                named = ALIASES.get(parameter, parameter)
                # A size is said of the part of the event, which the contract may name otherwise.
                assert named in str(error) or "bytes, and all of an event" in str(error), what
                assert len(str(error)) < 5_000, (parameter, what)
            except GanglionError as error:
                pytest.fail(f"{name}({parameter}={what}): {type(error).__name__}: {error}")
            else:
                taken += 1
    assert refused > 15
    assert taken > 0


async def test_what_is_recorded_is_what_was_given(agent: Agent) -> None:
    odd = "é\u202e🐝\x1b[2J\0\u2028 "
    decision = await agent.decide(
        rationale=odd, chosen=odd, alternatives=(odd, ""), confidence=0, memory_ids=[odd]
    )
    await agent.outcome(
        decision,
        status="failed",
        output=odd,
        exit_code=-(2**31),
        duration_seconds=1e300,
        cost_usd=0,
        input_tokens=2**64 - 1,
    )
    first, second = [decode_stored(each).event async for each in agent.bus.replay()]
    assert isinstance(first.payload, AgentDecision)
    assert first.payload.rationale == first.payload.chosen_action == odd
    assert list(first.payload.rejected_alternatives) == [odd, ""]
    assert first.payload.HasField("confidence_score")
    outcome: Any = second.payload
    assert (outcome.output, outcome.exit_code) == (odd, -(2**31))
    assert (outcome.duration_seconds, outcome.input_tokens) == (1e300, 2**64 - 1)
    assert outcome.HasField("cost_usd")


async def test_a_rationale_that_shows_nothing_is_none(agent: Agent) -> None:
    for text in ("", " ", "\n", "\u200b", "\ufeff\u2060", "\u3164\u2800", "\u00ad\u180e", "\x00"):
        with pytest.raises(InvalidEvent, match="rationale is empty: say why"):
            await agent.decide(rationale=text, chosen="x")


async def test_a_string_is_no_list_of_its_letters(agent: Agent) -> None:
    with pytest.raises(InvalidEvent, match="alternatives is of type str"):
        await agent.decide(rationale="r", chosen="c", alternatives="abc")
    with pytest.raises(InvalidEvent, match="skills is of type str"):
        Worker(agent.bus, worker_id="w", role=ROLE_WORKER, skills="python")
    with pytest.raises(InvalidEvent, match="changed_files is of type str"):
        await _held(Sink()).finish(changed_files="a.py")


@pytest.mark.heavy
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(st.characters(exclude_categories=[]))
        | st.binary(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(st.text(st.characters(exclude_categories=[])) | st.integers(), each)
        ),
    )
)
def test_metadata_means_the_same_in_json_or_is_refused(value: Any) -> None:
    try:
        proposal = objective("d", objective_id="o", metadata={"x": value}, source="s")
    except InvalidEvent as error:
        assert "metadata" in str(error)
    else:
        assert json.loads(proposal.metadata_json) == {"x": value}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"timestamp": datetime(2026, 1, 1)}, "no time zone"),
        ({"timestamp": datetime(1, 1, 1, tzinfo=UTC)}, "not between the years"),
        ({"timestamp": datetime(9999, 12, 31, tzinfo=UTC)}, "not between the years"),
        ({"agent_id": "\ud800"}, "cannot be recorded"),
        ({"agent_id": None}, "agent_id"),
        ({"agent_id": b"abc"}, "agent_id"),
        ({"event_id": 5}, "event_id is no text"),
        ({"trace_id": "\udcff"}, "cannot be recorded"),
        ({"producer_sequence": -1}, "cannot be recorded"),
        ({"producer_sequence": 2**64}, "cannot be recorded"),
    ],
)
def test_an_envelope_that_no_event_can_have(changed: dict[str, Any], said: str) -> None:
    well: dict[str, Any] = {
        "event_id": new_event_id(),
        "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "agent_role": ROLE_CODER,
        "agent_id": "c",
        "payload": AgentDecision(rationale="r", chosen_action="c"),
    }
    encode(Event(**well))
    with pytest.raises(InvalidEvent, match=said):
        encode(Event(**{**well, **changed}))


SECRET = "the value that a variable holds"


class _Unspeakable(Exception):
    def __str__(self) -> str:
        held = SECRET
        raise RuntimeError(f"no{len(held)}")


async def _fail(task: ClaimedTask) -> None:
    password = SECRET
    raise ValueError(f"it failed{len(password)}")


async def _fail_oddly(task: ClaimedTask) -> None:
    password = SECRET
    raise ValueError("\ud800\x1b[2J" + "x" * 5_000_000 + str(len(password)))


async def _fail_without_words(task: ClaimedTask) -> None:
    raise _Unspeakable


@pytest.mark.parametrize("do", [_fail, _fail_oddly, _fail_without_words])
async def test_a_failing_task_puts_no_variable_into_a_log_nobody_set_up(do: Do) -> None:
    """As in a process of a user's own, which never heard of our logging."""
    sink = Sink()
    before, handlers = structlog.get_config(), logging.root.handlers[:]
    structlog.reset_defaults()
    out = io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(out):
            await attempt(do, _held(sink), asyncio.Semaphore(1), Tracer())
    finally:
        structlog.configure(**before)
        logging.root.handlers[:] = handlers
    assert "task_failed" in out.getvalue()
    assert SECRET not in out.getvalue()
    assert len(out.getvalue()) < 50_000
    (result,) = sink.said
    assert result.notes
    assert len(result.notes) < 50_000
    assert SECRET not in result.notes


async def test_a_workers_name_is_looked_at_before_anything_is_opened() -> None:
    for name in (None, "", b"w", "\ud800", 5):
        with pytest.raises(InvalidEvent, match="worker_id"):
            async with open_worker("nats://127.0.0.1:1", worker_id=name):  # type: ignore[arg-type]
                pass
