"""Are events recorded through the JSON door, on disk and once, and found again?"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from nervous_system.bus import Bus
from operations.http_tokens import Tokens
from tests.mission_control.door import Door
from tests.real_servers import NatsServer

DECISION = {
    "agent_role": "ROLE_CODER",
    "agent_id": "coder-1",
    "decision": {"rationale": "the test is wrong", "chosen_action": "mend it"},
}


async def test_one_event_is_on_disk_when_it_is_answered(door: Door, bus: Bus) -> None:
    answer = door.post("/api/events", DECISION, Idempotency_Key="a")
    assert answer.status == 201, answer.body
    (on_record,) = answer.json["events"]
    stored = await bus.stream.at(on_record["sequence"])
    assert stored is not None
    event = bus.decode_stored(stored).event
    assert (event.event_id, event.agent_role) == (on_record["event_id"], ROLE_CODER)
    assert answer.json["as_of"] == on_record["sequence"] == 1
    (again,) = door.post("/api/events", DECISION, Idempotency_Key="a").json["events"]
    assert again == {**on_record, "duplicate": True}
    assert (await bus.stream.state()).last_sequence == 1


async def test_many_are_recorded_together_and_once(door: Door, bus: Bus) -> None:
    signals = [
        {**DECISION, "decision": {**DECISION["decision"], "chosen_action": str(number)}}  # type: ignore[dict-item]
        for number in range(3)
    ]
    first = door.post("/api/events", signals, Idempotency_Key="b").json["events"]
    assert [each["sequence"] for each in first] == [1, 2, 3]
    more = [*signals, {"system_signal": {"status": "HEALTHY"}}]
    assert door.post("/api/events", more, Idempotency_Key="b").status == 409
    door.kill()
    door.start()
    again = door.post("/api/events", more, Idempotency_Key="b").json["events"]
    assert [each["sequence"] for each in again] == [1, 2, 3, 4]
    assert [each["duplicate"] for each in again] == [True, True, True, False]
    other = door.post("/api/events", {"system_signal": {"status": "HEALTHY"}}, Idempotency_Key="b")
    assert other.status == 409, "something else under the same key"


SIGNAL: dict[str, Any] = {"system_signal": {"status": "HEALTHY"}}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "no payload"),
        ({"decision": {"chosen_action": "x"}}, "say why"),
        ({"decision": {"rationale": "\u200b", "chosen_action": "x"}}, "say why"),
        ({**DECISION, "decision": {**SIGNAL}}, "no SwarmEvent"),
        ({**DECISION, "unknown": 1}, "no SwarmEvent"),
        ({**SIGNAL, "agent_role": "ROLE_OVERSEER", "agent_id": "x"}, "by a service"),
        ({**SIGNAL, "agent_role": "ROLE_CODER"}, "agent_id is empty"),
        ({**SIGNAL, "agent_id": "somebody-else"}, "in their own name"),
        ({**SIGNAL, "event_id": "x"}, "not a UUID"),
        ({**SIGNAL, "trace_id": "x"}, "trace_id"),
        ({**SIGNAL, "timestamp": "3000-01-01T00:00:00Z"}, "timestamp"),
        ({"halt_ordered": {"reason": "x"}}, "not said here"),
        ({"task_completed": {"task_id": "x"}}, "not said here"),
        ({"system_signal": {"status": "\ud800"}}, "no SwarmEvent"),
    ],
)
async def test_each_refusal_has_its_reason_and_nothing_is_recorded(
    door: Door, bus: Bus, document: dict[str, Any], why: str
) -> None:
    answer = door.post("/api/events", [DECISION, document])
    assert answer.status == 422, answer.body
    (reason,) = answer.json["reasons"]
    assert reason.startswith("events[1]: ")
    assert why in reason
    assert (await bus.stream.state()).last_sequence == 0


async def test_a_list_has_its_limits(door: Door, bus: Bus) -> None:
    for documents in (
        [],
        [SIGNAL] * 1_001,
        [{**SIGNAL, "event_id": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}] * 2,
    ):
        assert door.post("/api/events", documents).status == 422
    assert (await bus.stream.state()).last_sequence == 0


def test_a_person_speaks_under_the_name_of_the_token(door: Door) -> None:
    token = Tokens(door.home).add("otto", "operator")
    mine = {"Authorization": f"Bearer {token}"}
    assert door.post("/api/events", {**SIGNAL, "agent_id": "ada"}, **mine).status == 422
    assert door.post("/api/events", {**SIGNAL, "agent_id": "otto"}, **mine).status == 201


async def test_a_clickhouse_that_says_nothing_is_said_and_holds_nobody_up(
    home: Path, bus: Bus, nats_server: NatsServer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        door = Door(home, nats_url=nats_server.url, CLICKHOUSE_URL=address)
        await asyncio.to_thread(door.start)
        try:
            asking = [asyncio.to_thread(door.get, "/api/events") for _ in range(5)]
            waiting = asyncio.gather(*asking)
            assert (await asyncio.to_thread(door.get, "/tasks")).status == 200
            for answer in await waiting:
                assert answer.status == 503, answer.body
                assert "says nothing" in answer.json["detail"]
            assert door.process is not None
            assert await asyncio.to_thread(door.process.terminate) == 0
        finally:
            door.kill()
