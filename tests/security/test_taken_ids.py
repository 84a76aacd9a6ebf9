"""Is a receipt ever given for bytes that somebody else put under an event's id first?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from importers.append import append_units
from importers.log import BusLog
from importers.unit import ImportSource, ImportUnit
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.client import agent as agents
from nervous_system.client.agent import Agent
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry, Expectation, encode_message
from nervous_system.contract.resource import Resource
from nervous_system.contract.stored import Stored
from nervous_system.errors import (
    Conflict,
    Duplicate,
    Fenced,
    Forbidden,
    IdTaken,
    NotAcknowledged,
)
from nervous_system.ids import child_id
from nervous_system.settings import MeshSettings
from tests.real_servers import NatsServer

ELSEWHERE = "swarm.events.stranger.junk"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def event(label: str, *, said: str = "") -> Event:
    return Event(
        event_id=child_id("taken", label),
        timestamp=NOON,
        agent_role=ROLE_CODER,
        agent_id="coder-1",
        payload=AgentDecision(rationale=said or f"because of {label}", chosen_action="go"),
    )


def entries(*labels: str) -> list[Entry]:
    return [Entry(event=event(label)) for label in labels]


async def put(bus: Bus, label: str, *, subject: str = ELSEWHERE, data: bytes = b"other") -> int:
    """Other bytes under the event's id, as any client may publish them."""
    await bus.connection.request(
        subject, data, headers={names.MESSAGE_ID: event(label).event_id}, timeout_seconds=5
    )
    return (await bus.stream.state()).last_sequence


async def positions(bus: Bus) -> list[Stored]:
    return [stored async for stored in bus.replay()]


@pytest.mark.parametrize("subject", [ELSEWHERE, "swarm.events.coder.decision"])
@pytest.mark.parametrize("data", [b"", b"other", b"\xff" * 1000])
async def test_other_bytes_are_a_conflict_that_names_them(
    bus: Bus, subject: str, data: bytes
) -> None:
    sequence = await put(bus, "one", subject=subject, data=data)
    with pytest.raises(Conflict) as refused:
        await bus.publish(event("one"))
    assert isinstance(refused.value, IdTaken)
    assert refused.value.positions == {event("one").event_id: sequence}
    for said in (event("one").event_id, f"position {sequence}", subject, "another id"):
        assert said in str(refused.value)
    assert len(await positions(bus)) == 1


async def test_the_same_bytes_on_another_subject_are_other_bytes(bus: Bus) -> None:
    message, _ = encode_message(Entry(event=event("one")), bus.redactor, traceparent=None)
    await put(bus, "one", data=message.data)
    with pytest.raises(IdTaken):
        await bus.publish(event("one"))


async def test_an_event_in_other_words_under_its_id_is_other_bytes(bus: Bus) -> None:
    await bus.publish(event("one", said="this"))
    with pytest.raises(IdTaken):
        await bus.publish(event("one", said="that"))


async def test_the_very_same_again_is_a_duplicate_and_says_so(bus: Bus) -> None:
    first = await bus.publish(event("one"))  # its trace is made anew for each try
    again = await bus.publish(event("one"))
    traced = replace(event("two"), trace_id="1" * 32, span_id="2" * 16)
    await bus.publish(traced)
    assert (again.duplicate, again.last_sequence) == (True, first.last_sequence)
    assert (await bus.publish(traced)).duplicate
    with pytest.raises(IdTaken):
        await bus.publish(replace(traced, span_id="3" * 16))
    assert not first.duplicate


async def test_an_agent_holds_no_receipt_for_other_bytes(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "new_event_id", lambda: event("one").event_id)
    agent = Agent(bus, role=ROLE_CODER, agent_id="coder-1", deadline_seconds=3600)
    await put(bus, "one")
    with pytest.raises(Conflict, match="other bytes under the same id"):
        await agent.decide(rationale="why", chosen="what")
    with pytest.raises(Conflict, match="other bytes under the same id"):
        async with asyncio.timeout(300):  # at once, not when its deadline is over
            await agent.change(Resource.file("a.txt"), before=None, after=b"x")
    monkeypatch.undo()
    receipt = await agent.decide(rationale="why", chosen="what")
    assert not receipt.duplicate
    assert receipt.sequence == 2


async def test_compare_and_append_takes_no_stranger_for_its_own_earlier_try(bus: Bus) -> None:
    subject = "swarm.events.coder.decision.k"
    await put(bus, "one", subject=subject)
    nothing_yet = Expectation("swarm.events.*.decision.k", 0)
    with pytest.raises(IdTaken):
        await bus.publish(event("one"), key="k", expectation=nothing_yet)
    with pytest.raises(IdTaken):  # the log then looks at the id
        await bus.publish(
            event("one"), key="k", expectation=Expectation("swarm.events.*.decision.k", 1)
        )


@pytest.mark.parametrize("taken", [["a"], ["b"], ["c"], ["a", "c"], ["a", "b", "c"]])
async def test_a_batch_with_a_taken_id_stores_nothing_and_names_it(
    bus: Bus, taken: list[str]
) -> None:
    for label in taken:
        await put(bus, label)
    with pytest.raises(IdTaken) as refused:
        await bus.append(entries("a", "b", "c"))
    assert refused.value.positions.keys() == {event(label).event_id for label in taken}
    with pytest.raises(IdTaken):
        await bus.publish_all(entries("a", "b", "c"))
    assert len(await positions(bus)) == len(taken)


async def test_a_batch_is_its_own_earlier_try_only_byte_for_byte(bus: Bus) -> None:
    """The ends are as they should be, and in the middle stands something else."""
    first, last = (
        encode_message(each, bus.redactor, traceparent=None)[0] for each in entries("a", "c")
    )
    start = (await bus.stream.state()).last_sequence
    await put(bus, "a", subject=first.subject, data=first.data)
    await put(bus, "b", subject=first.subject)
    await put(bus, "c", subject=last.subject, data=last.data)
    bus.publisher._floor = start
    with pytest.raises(IdTaken) as refused:
        await bus.append(entries("a", "b", "c"))
    assert refused.value.positions.keys() == {event("b").event_id}


async def test_a_batch_that_is_there_is_a_repetition_and_no_conflict(bus: Bus) -> None:
    await bus.publish(event("b"))
    with pytest.raises(Duplicate):
        await bus.append(entries("a", "b"))


async def test_a_fence_that_moved_is_said_before_anything_else(bus: Bus) -> None:
    term = Expectation("swarm.events.coder.decision.term", 0)
    await bus.publish(event("term"), key="term")
    await put(bus, "a")
    with pytest.raises((Fenced, IdTaken)):
        await bus.append(entries("a"), fence=term)
    assert len(await positions(bus)) == 2


async def test_a_position_that_cannot_be_read_is_no_receipt(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log remembers an id, and what it was given to is gone."""
    settings = MeshSettings(nats_url=nats_server.url, publish_deadline_seconds=0.5)
    async with open_bus(settings, name="test") as bus:
        await bus.stream.ensure(settings)
        await bus.publish(event("one"))

        async def gone(sequence: int) -> None:
            return None

        monkeypatch.setattr(bus.stream, "at", gone)
        with pytest.raises(NotAcknowledged, match="nothing can be read there"):
            await bus.publish(event("one"))


async def test_who_may_not_look_is_told_so(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    server.start(
        extra="""
authorization { users: [
  { user: admin, password: admin }
  { user: blind, password: blind,
    permissions: { publish: ["swarm.events.coder.>"], subscribe: ["_INBOX.>", "_INBOX_blind.>"] } }
] }
"""
    )
    try:
        admin = MeshSettings(nats_url=server.url, nats_user="admin", nats_password="admin")
        async with open_bus(admin, name="admin") as bus:
            await bus.stream.ensure(admin)
        blind = admin.model_copy(update={"nats_user": "blind", "nats_password": "blind"})
        async with open_bus(blind, name="blind") as bus:
            await bus.publish(event("one"))
            with pytest.raises(Forbidden, match="may not read it"):
                await bus.publish(event("one"))
    finally:
        server.kill()


def unit(name: str) -> ImportUnit:
    made = tuple(Entry(event=event(f"{name}{number}"), key="run") for number in (1, 2))
    return ImportUnit(name, made)


def source(*names: str) -> ImportSource:
    async def units() -> AsyncGenerator[ImportUnit, None]:
        for name in names:
            yield unit(name)

    return ImportSource("units", len(names), units())


@pytest.mark.parametrize("subject", [ELSEWHERE, "swarm.events.coder.decision.run"])
@pytest.mark.parametrize("taken", [["b1"], ["b2"], ["b1", "b2"]])
async def test_an_import_names_the_unit_and_goes_on(
    bus: Bus, taken: Sequence[str], subject: str
) -> None:
    for label in taken:
        await put(bus, label, subject=subject)
    report = await append_units(BusLog(bus), source("a", "b", "c"))
    assert (report.units, report.events) == (2, 4)
    (sentence,) = report.refused
    assert sentence.startswith("b: not added")
    ids = [stored.message_id for stored in await positions(bus)][len(taken) :]
    assert ids == [event(label).event_id for label in ("a1", "a2", "c1", "c2")]
    again = await append_units(BusLog(bus), source("a", "b", "c"))
    assert (again.units_skipped, len(again.refused)) == (2, 1)
