"""Does what an agent says tell who is behind it, and what it cost?"""

from __future__ import annotations

from typing import Any

import pytest

from enchanted.events.v1.action_outcome_pb2 import (
    COST_ESTIMATED,
    COST_UNKNOWN,
    COST_UNSPECIFIED,
    ActionOutcome,
)
from enchanted.events.v1.attribution_pb2 import Attribution
from nervous_system.bus import Bus
from nervous_system.client import open_agent
from nervous_system.client.agent import Agent
from nervous_system.client.event_recorder import Receipt
from nervous_system.contract.event import Event
from nervous_system.errors import InvalidEvent
from nervous_system.settings import MeshSettings


async def said(bus: Bus, receipt: Receipt) -> Event:
    stored = await bus.stream.at(receipt.sequence)
    assert stored is not None
    return bus.decode_stored(stored).event


async def test_each_event_says_who_is_behind_it(bus: Bus, mesh_settings: MeshSettings) -> None:
    async with open_agent(
        mesh_settings.nats_url,
        role="reviewer",
        agent_id="r",
        workspace="",
        settings=mesh_settings,
        role_name="tester",
        model="a-model-4",
        provider_name="anthropic",
        conversation_id="c-1",
        labels={"team": "core", "tier": "1"},
    ) as agent:
        usual = {
            "role_name": "tester",
            "model": "a-model-4",
            "provider_name": "anthropic",
            "conversation_id": "c-1",
            "labels": {"team": "core", "tier": "1"},
        }
        decision = await agent.decide(rationale="r", chosen="c", tool_call_id="call-1")
        changed = await agent.change("a", before="0", after="1", labels={"tier": "2"})
        later = await agent.change("a", before="2", after="3", model="another")
        signal = await agent.signal("HEALTHY")
        outcome = await agent.outcome(decision, status="succeeded", response_id="msg-1")
    for receipt, more in (
        (decision, {"tool_call_id": "call-1"}),
        (changed, {"labels": {"team": "core", "tier": "2"}}),
        (later, {"model": "another"}),
        (signal, {}),
        (outcome, {"response_id": "msg-1"}),
    ):
        wanted: dict[str, Any] = {**usual, **more}
        assert (await said(bus, receipt)).attribution == Attribution(**wanted)
    external = await bus.stream.at(later.sequence - 1)
    assert external is not None
    found = bus.decode_stored(external).event.attribution
    assert found is not None
    assert found.model == "another"


async def test_what_nobody_says_takes_no_byte(bus: Bus) -> None:
    agent = Agent(bus, role=2, agent_id="c")  # type: ignore[arg-type]
    nothing: tuple[dict[str, Any], ...] = ({}, {"model": ""}, {"labels": {}})
    for fields in nothing:
        receipt = await agent.decide(rationale="r", chosen="c", **fields)
        assert (await said(bus, receipt)).attribution is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"modle": "m"}, "modle is nothing that is said here"),
        ({"model": 3}, "model is of type int"),
        ({"model": "m" * 257}, "model has more than 256 bytes"),
        ({"run_id": "\ud800"}, "half a character"),
        ({"labels": ["a"]}, "labels is of type list"),
        ({"labels": {"": "v"}}, "name it"),
        ({"labels": {"a" * 65: "v"}}, "more than 64 bytes"),
        ({"labels": {"a": "v" * 257}}, "more than 256 bytes"),
        ({"labels": {"a": None}}, "of type NoneType"),
        ({"labels": {3: "v"}}, "of type int"),
        ({"labels": {str(each): "" for each in range(17)}}, "there are 17 labels, and at most 16"),
    ],
)
async def test_what_cannot_be_recorded_is_refused(
    bus: Bus, fields: dict[str, Any], why: str
) -> None:
    agent = Agent(bus, role=2, agent_id="c")  # type: ignore[arg-type]
    with pytest.raises(InvalidEvent, match=why):
        await agent.decide(rationale="r", chosen="c", **fields)
    with pytest.raises(InvalidEvent, match=why):
        async with open_agent(role="coder", agent_id="c", **fields):
            pass


async def test_all_that_may_be_said_of_it_fits_beside_the_largest_name(bus: Bus) -> None:
    agent = Agent(bus, role=2, agent_id="a" * 8_192)  # type: ignore[arg-type]
    fields: dict[str, Any] = {
        name: "m" * 256 for name in Attribution.DESCRIPTOR.fields_by_name if name != "labels"
    }
    labels = {f"{number:064}": "v" * 256 for number in range(16)}
    room = bus.connection.client.max_payload - 16_384
    receipt = await agent.decide(rationale="r" * (room - 16), chosen="c", labels=labels, **fields)
    assert receipt.sequence


@pytest.mark.parametrize(
    ("given", "provenance"),
    [
        ({}, COST_UNSPECIFIED),
        ({"cost_usd": 1.0}, COST_UNSPECIFIED),
        ({"cost_usd": 1.0, "cost_provenance": "estimated", "price_table": "t"}, COST_ESTIMATED),
        ({"cost_provenance": "unknown"}, COST_UNKNOWN),
    ],
)
async def test_where_a_cost_is_known_from(bus: Bus, given: dict[str, Any], provenance: int) -> None:
    agent = Agent(bus, role=2, agent_id="c")  # type: ignore[arg-type]
    decision = await agent.decide(rationale="r", chosen="c")
    tokens: dict[str, Any] = {
        "input_tokens": 3,
        "cache_read_input_tokens": 2,
        "reasoning_output_tokens": 7,
    }
    receipt = await agent.outcome(decision, status="failed", **tokens, **given)
    outcome = (await said(bus, receipt)).payload
    assert isinstance(outcome, ActionOutcome)
    assert outcome.cost_provenance == provenance
    assert outcome.HasField("cost_usd") is ("cost_usd" in given)
    assert (outcome.cache_read_input_tokens, outcome.reasoning_output_tokens) == (2, 7)
    assert not outcome.HasField("cache_write_input_tokens")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"cost_provenance": "guessed"}, "it is one of reported, estimated, unknown"),
        ({"cost_provenance": "reported"}, "cost_usd goes with"),
        ({"cost_usd": 1.0, "cost_provenance": "unknown"}, "cost_usd goes with"),
        ({"cost_usd": 1.0, "price_table": "t" * 257}, "price_table has more than 256 bytes"),
        ({"input_tokens": 1, "cache_read_input_tokens": 2}, "input_tokens, which counts these"),
        ({"output_tokens": 1, "reasoning_output_tokens": 2}, "output_tokens, which counts these"),
    ],
)
async def test_a_cost_that_contradicts_itself_is_refused(
    bus: Bus, given: dict[str, Any], why: str
) -> None:
    agent = Agent(bus, role=2, agent_id="c")  # type: ignore[arg-type]
    decision = await agent.decide(rationale="r", chosen="c")
    with pytest.raises(InvalidEvent, match=why):
        await agent.outcome(decision, status="failed", **given)
