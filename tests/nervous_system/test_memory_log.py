"""Does the log in memory do what the real one does? It sits the real one's exam."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import pytest

from nervous_system import names
from nervous_system.bus import open_bus
from nervous_system.errors import LogFull
from nervous_system.settings import MeshSettings
from nervous_system.testing import Mesh, MovableClock, mesh
from nervous_system.transport.connection import Connection
from nervous_system.transport.stream import Stream
from tests.nervous_system import (
    test_agent,
    test_agent_orders,
    test_publishing,
    test_reading,
    test_requests,
    test_said_again,
    test_subject_feed,
)
from tests.nervous_system.event_samples import decision, entry
from tests.nervous_system.test_agent import agent as agent
from tests.real_servers import NatsServer

EXAM = (
    test_agent,
    test_agent_orders,
    test_publishing,
    test_reading,
    test_requests,
    test_said_again,
    test_subject_feed,
)
GIVEN = {"bus", "mesh_settings", "agent", "monkeypatch"}
"""Tests that ask for nothing else ask nothing of a server's process."""


def _names(given: str | Sequence[str]) -> Sequence[str]:
    """Of the parameters of a mark."""
    return [each.strip() for each in given.split(",")] if isinstance(given, str) else given


def _questions(of: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, function in vars(of).items():
        if not name.startswith("test_") or not inspect.iscoroutinefunction(function):
            continue
        marks = [each for each in getattr(function, "pytestmark", []) if each.name == "parametrize"]
        filled = {each for mark in marks for each in _names(mark.args[0])}
        asked = set(inspect.signature(function).parameters) - filled
        if "bus" in asked and asked <= GIVEN:
            yield name, function


for _module in EXAM:
    for _name, _question in _questions(_module):
        globals()[f"{_name}__of_{_module.__name__.rpartition('.')[2]}"] = _question


@pytest.fixture
def swarm() -> Iterator[Mesh]:
    with mesh() as swarm:
        yield swarm


@pytest.fixture
def mesh_settings(swarm: Mesh) -> MeshSettings:
    """In the place of those that lead to a real server."""
    return MeshSettings(nats_url=swarm.url, publish_deadline_seconds=60.0)


def test_the_exam_is_large() -> None:
    assert sum(len(list(_questions(each))) for each in EXAM) > 40


class Subject:
    """A log that is examined, the real one or ours."""

    def __init__(self, url: str, clock: MovableClock | None) -> None:
        self.url = url
        self._clock = clock

    async def wait(self, seconds: float) -> None:
        """By the log's clock."""
        if self._clock is not None:
            self._clock.advance(seconds)
        else:
            await asyncio.sleep(seconds)


@pytest.fixture(params=["memory", "real"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "real":
        yield Subject(request.getfixturevalue("nats_server").url, None)
    else:
        with mesh() as swarm:
            yield Subject(swarm.url, swarm.clock)


@pytest.mark.process
async def test_a_full_log_refuses_and_keeps_what_it_has(subject: Subject) -> None:
    settings = MeshSettings(nats_url=subject.url, stream_max_bytes=4096)
    async with open_bus(settings, name="test") as bus:
        await bus.stream.ensure(settings)
        with pytest.raises(LogFull):
            for number in range(100):
                await bus.publish(decision(f"{number}"))
        stored = [each async for each in bus.replay()]
        assert len(stored) == number == 12
        with pytest.raises(LogFull):
            await bus.append([entry("a"), entry("b")])
        assert (await bus.stream.state()).messages == number
        await bus.stream.ensure(settings.model_copy(update={"stream_max_bytes": 1024**2}))
        await bus.publish(decision("after"))


@pytest.mark.process
async def test_an_id_is_forgotten_after_its_window_and_an_event_after_its_age(
    subject: Subject,
) -> None:
    settings = MeshSettings(nats_url=subject.url, stream_max_age_seconds=1.0)
    async with open_bus(settings, name="test") as bus:
        await bus.stream.ensure(settings)
        await bus.publish(decision("one"))
        while (again := await bus.publish(decision("one"))).duplicate:
            await subject.wait(0.5)
        assert again.last_sequence == 2
        while await bus.stream.at(1) is not None:
            await subject.wait(0.5)
        state = await bus.stream.state()
        assert (state.first_sequence, state.last_sequence) in ((2, 2), (3, 2))


A, B = f"{names.EVENTS}.coder.decision.a", f"{names.EVENTS}.coder.decision.b"
BOTH = f"{names.EVENTS}.*.decision.*"
API = "$JS.API"


def _expects(sequence: int, of: str | None = None) -> dict[str, str]:
    more = {names.EXPECTED_LAST_SUBJECT: of} if of else {}
    return {names.EXPECTED_LAST_SEQUENCE: str(sequence), **more}


def _batch(name: str, number: int, *, last: bool = False, **more: str) -> dict[str, str]:
    commit = {names.BATCH_COMMIT: "1"} if last else {}
    return {names.BATCH_ID: name, names.BATCH_SEQUENCE: str(number), **commit, **more}


ID = names.MESSAGE_ID.replace("-", "_")
SCRIPT: list[tuple[str, dict[str, str], bytes]] = [
    (A, {}, b"1"),
    (A, {names.MESSAGE_ID: "one"}, b"2"),
    (B, {names.MESSAGE_ID: "one"}, b"other bytes"),
    (A, {names.MESSAGE_ID: "one", **_expects(77)}, b"a known id comes first"),
    (A, _expects(2), b"3"),
    (A, _expects(2), b"refused"),
    (B, _expects(0), b"4"),
    (B, _expects(4, BOTH), b"5"),
    (B, _expects(4, BOTH), b"refused"),
    (A, {names.EXPECTED_LAST_MESSAGE_ID: "nobody"}, b"refused"),
    # Batches: an acknowledgement for the last of them only.
    (A, _batch("x", 1), b"6"),
    (B, _batch("x", 2, last=True), b"7"),
    (A, _batch("y", 1) | _expects(5), b"refused"),
    (B, _batch("y", 2, last=True), b"with it"),
    (A, _batch("z", 1) | {names.MESSAGE_ID: "one"}, b"refused"),
    (B, _batch("z", 2, last=True), b"with it"),
    (A, _batch("twice", 1) | {names.MESSAGE_ID: "two"}, b"refused"),
    (B, _batch("twice", 2, last=True) | {names.MESSAGE_ID: "two"}, b"with it"),
    (A, _batch("fenced", 1) | _expects(6), b"8"),
    (A, _batch("fenced", 2), b"9"),
    (B, _batch("fenced", 3, last=True) | {names.MESSAGE_ID: "three"}, b"10"),
    (A, _batch("chain", 1) | _expects(9), b"11"),
    (A, _batch("chain", 2, last=True) | _expects(11), b"12"),
    (A, _batch("same", 1), b"13"),
    (A, _batch("same", 2, last=True) | _expects(9, A), b"14"),
    (A, _batch("gap", 1), b"refused"),
    (A, _batch("gap", 3, last=True), b"with it"),
    (A, _batch("late", 2, last=True), b"refused"),
    (A, _batch("alone", 1, last=True), b"15"),
    # Reads.
    *(
        (f"{API}.STREAM.MSG.GET.{names.STREAM}", {}, json.dumps(question).encode())
        for question in (
            *({"seq": sequence} for sequence in range(1, 20)),
            {"last_by_subj": A},
            {"last_by_subj": BOTH},
            {"last_by_subj": "swarm.events.nobody"},
            {"seq": 3, "next_by_subj": B},
            {"seq": 1, "next_by_subj": "swarm.events.>"},
            {"seq": 999, "next_by_subj": A},
            {"start_time": "2020-01-01T00:00:00Z", "next_by_subj": B},
        )
    ),
    (f"{API}.STREAM.INFO.{names.STREAM}", {}, b""),
    (f"{API}.STREAM.INFO.ANOTHER", {}, b""),
    (f"{API}.CONSUMER.INFO.{names.STREAM}.nobody", {}, b""),
    (f"{API}.CONSUMER.DELETE.{names.STREAM}.nobody", {}, b""),
]
LEFT_OUT = frozenset({"type", "time", "ts", "created", "bytes", "config", "cluster", "total"})
"""What differs from run to run, and what the library does not look at."""

OF_THE_STATE = ("messages", "first_seq", "last_seq")


def _told(data: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(data)
    told = {name: value for name, value in answer.items() if name not in LEFT_OUT}
    if "state" in told:
        return {name: told["state"][name] for name in OF_THE_STATE}
    if "error" in told:
        return {"error": told["error"]}
    if "message" in told:
        del told["message"]["time"]
        told["message"] = {name: value for name, value in told["message"].items() if value}
    return told


async def _answers(url: str) -> list[object]:
    settings = MeshSettings(nats_url=url)
    connection = await Connection.open(settings, name="exam")
    try:
        await Stream(connection).ensure(settings)
        answers: list[object] = [(await Stream(connection).state()).first_sequence]
        for subject, headers, data in SCRIPT:
            if names.BATCH_ID in headers and names.BATCH_COMMIT not in headers:
                await connection.client.publish(subject, data, headers=headers)
                continue
            reply = await connection.request(subject, data, headers=headers, timeout_seconds=60)
            answers.append((subject, data, _told(reply.data)))
        for number in range(1, 17):
            question = json.dumps({"seq": number}).encode()
            direct = f"{API}.DIRECT.GET.{names.STREAM}"
            reply = await connection.request(direct, question, timeout_seconds=60)
            lines = reply.raw_headers.split(b"\r\n")
            answers.append(
                (reply.data, [each for each in lines if not each.startswith(b"Nats-Time")])
            )
        return answers
    finally:
        await connection.close()


async def test_it_answers_as_a_server_does(nats_server: NatsServer, swarm: Mesh) -> None:
    real = await _answers(nats_server.url)
    ours = await _answers(swarm.url)
    assert len(real) > 50
    differing = [each for each in zip(ours, real, strict=True) if each[0] != each[1]]
    assert differing == []
