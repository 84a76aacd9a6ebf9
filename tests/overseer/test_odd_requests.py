"""Does anything that somebody asks for take the overseer down, or does each get its answer?"""

from __future__ import annotations

import asyncio

import pytest

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, TYPE_REQUEST, SwarmEvent
from enchanted.events.v1.task_pb2 import RESULT_FAILED, TaskManifest
from enchanted.events.v1.task_request_pb2 import ClaimRequested, ResultReported, TasksProposed
from nervous_system.bus import Bus
from nervous_system.errors import Unavailable
from nervous_system.ids import new_event_id
from tests.overseer.overseer_program import StartOverseer

LONG = "a" * 6_000
DEEP = "[" * 50_000


def task(task_id: str, **more: object) -> TasksProposed:
    manifest = TaskManifest(task_id=task_id, action="dig")
    for name, value in more.items():
        setattr(manifest, name, value)
    return TasksProposed(tasks=[manifest])


def objective(metadata: str, objective_id: str = "o") -> ObjectiveProposed:
    return ObjectiveProposed(
        objective_id=objective_id, description="diagnose", priority=5, metadata_json=metadata
    )


REFUSED = [
    ({"event_id": "no-uuid"}, task("t"), "event_id is not a UUID"),
    ({"agent_role": 0}, task("t"), "agent_role is not given"),
    ({"agent_role": 99}, task("t"), "agent_role has a number this version does not know"),
    ({"agent_id": ""}, task("t"), "agent_id is empty"),
    ({"trace_id": "trace-1"}, task("t"), "trace_id is not 32 lower-case hex digits"),
    ({}, task(LONG), "its task_id is longer than 200 characters"),
    ({}, task("t", action=LONG), "its action is longer than 200 characters"),
    ({}, task("t", ttl_seconds=1e300), "is longer than ten years"),
    ({}, task("t", payload_json=DEEP), "its payload is nested too deeply"),
    ({}, task("t", payload_json='{"a": NaN}'), "its payload is not JSON: NaN is no number of it"),
    ({}, task("t", payload_json='{"a": -1e400}'), "-1e400 is beyond every number"),
    ({}, task("t", payload_json='{"a": "\\ud800"}'), "it spells half a character"),
    ({}, objective('{"a": [-Infinity]}'), "its metadata is not JSON: -Infinity is no number of it"),
    ({}, objective("", LONG), "its objective_id is longer than 200 characters"),
    ({}, objective(DEEP), "its metadata is nested too deeply"),
    ({}, objective('{"a":' * 100 + "1" + "}" * 100), "its metadata is nested too deeply"),
    (
        {},
        objective('{"tasks": [{"action": "a", "payload": {"x": "%s"}}]}' % ("é" * 460_000)),
        "its tasks would be 920,",
    ),
    ({}, task("t", description="x" * 999_950), "bytes, more than 1,000,000"),
    ({}, objective('{"plan": [1]}'), '"plan" in its metadata is not the name of one'),
    ({}, objective('{"tasks": [{"action": "a", "max_attempts": 9e15}]}'), "max_attempts"),
    ({}, objective('{"tasks": [{"action": "a", "ttl_seconds": 1e300}]}'), "ttl_seconds"),
    (
        {"agent_id": LONG},
        ResultReported(task_id=LONG, worker_id=LONG, attempt=1, result=RESULT_FAILED),
        "there is no such task",
    ),
    (
        {"agent_id": "w\r\nPUB x 0"},
        ClaimRequested(worker_id="w\r\nPUB x 0"),
        "is not registered as a worker",
    ),
]
FIELDS = {
    TasksProposed: "tasks_proposed",
    ObjectiveProposed: "objective_proposed",
    ResultReported: "result_reported",
    ClaimRequested: "claim_requested",
}


async def ask(bus: Bus, payload: object, envelope: dict[str, object]) -> Answer:
    """As somebody asks who does not use our library."""
    given = {"event_id": new_event_id(), "agent_role": ROLE_OPERATOR, "agent_id": "me", **envelope}
    event = SwarmEvent()
    for name, value in given.items():
        setattr(event, name, value)
    event.timestamp.GetCurrentTime()
    getattr(event, FIELDS[type(payload)]).CopyFrom(payload)
    return await answer_to(bus, event.SerializeToString())


async def answer_to(bus: Bus, data: bytes) -> Answer:
    """As soon as there is an overseer that can decide."""
    while True:
        try:
            reply = await bus.connection.request(
                "swarm.requests.overseer", data, timeout_seconds=20
            )
        except Unavailable:  # it is yet to come
            await asyncio.sleep(0.05)
            continue
        answer = Answer.FromString(reply.data)
        if not answer.again:
            return answer


@pytest.mark.timeout(120)
async def test_what_is_odd_is_refused_with_its_reason_and_the_overseer_goes_on(
    bus: Bus, start_overseer: StartOverseer
) -> None:
    overseer = start_overseer()
    assert (await ask(bus, task("first"), {})).accepted
    for number, (envelope, payload, reason) in enumerate(REFUSED):
        answer = await ask(bus, payload, envelope)  # type: ignore[arg-type]
        assert not answer.accepted, reason
        assert reason in " ".join(answer.reasons)
        assert overseer.running, reason
        assert (await ask(bus, task(f"after-{number}"), {})).accepted


async def test_what_is_asked_goes_onto_the_log_as_it_was_encoded(
    bus: Bus, start_overseer: StartOverseer
) -> None:
    """An asker of a later version may say more than this one knows."""
    start_overseer()
    event = SwarmEvent(event_id=new_event_id(), agent_role=ROLE_OPERATOR, agent_id="me")
    event.trace_id, event.span_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    event.timestamp.GetCurrentTime()
    event.event_type = TYPE_REQUEST
    event.tasks_proposed.CopyFrom(task("t"))
    unknown = b"\xfa\x7f\x05later"  # field 2047
    data = event.SerializeToString() + unknown
    assert (await answer_to(bus, data)).accepted
    stored = await bus.stream.last_on("swarm.events.request.tasks_proposed")
    assert stored is not None
    assert stored.data == data
