"""Does `ganglion tasks` say what it was asked for, and `ganglion tasks show` one task's life, and
nobody else's?
"""

from __future__ import annotations

import asyncio
import json

import pytest

from enchanted.events.v1.policy_pb2 import CharterAdopted
from enchanted.events.v1.pulse_pb2 import HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_OVERSEER, AgentRole
from enchanted.events.v1.task_pb2 import (
    RESULT_CANCELLED,
    TaskAcknowledged,
    TaskClaimed,
    TaskManifest,
    TaskProgressed,
    TaskSubmitted,
)
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from ganglion.exit_codes import USAGE
from nervous_system.bus import Bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id
from overseer.dispatch_control import NO_CHARTER
from tests.command_line import CommandLine
from tests.real_servers import NatsServer

SUBMITTED, CLAIMED = "1" * 32, "2" * 32


async def put(
    bus: Bus, payload: Payload, *, trace_id: str, role: AgentRole.ValueType = ROLE_OVERSEER
) -> None:
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=role,
        agent_id=getattr(payload, "worker_id", "")
        or ("overseer/main" if role == ROLE_OVERSEER else "somebody"),
        payload=payload,
        trace_id=trace_id,
        span_id="b7ad6b7169203331",
    )
    await bus.publish(event)


@pytest.fixture
async def told(ganglion: CommandLine, nats_server: NatsServer, bus: Bus) -> CommandLine:
    """The command line of a mesh in which task `a b` was claimed, and `c` waits."""
    ganglion.lead_to(nats_server.url)
    for task_id in ("a b", "c"):
        manifest = TaskManifest(task_id=task_id, action="dig", priority=5)
        await put(bus, TaskSubmitted(manifest=manifest), trace_id=SUBMITTED)
    claimed = TaskClaimed(task_id="a b", worker_id="w1", attempt=1, lease_seconds=120)
    await put(bus, claimed, trace_id=CLAIMED)
    return ganglion


async def test_its_steps_are_said_in_words_and_each_trace_is_named_once(
    told: CommandLine,
) -> None:
    lines = (await asyncio.to_thread(told, "tasks", "show", "a b")).stdout.splitlines()
    assert [line.split("\t")[-1].strip() for line in lines] == [
        "a b is to do dig, priority 5",
        f"more: ganglion trace {SUBMITTED}",
        "w1 has a b for 120 s, attempt 1",
        f"more: ganglion trace {CLAIMED}",
    ]


async def test_of_its_progress_the_last_is_told_unless_all_is_wanted(
    told: CommandLine, bus: Bus
) -> None:
    for number in range(4):
        step = TaskProgressed(task_id="a b", worker_id="w1", attempt=1, note=f"step {number}")
        await put(bus, step, trace_id=CLAIMED)
    shown = (await asyncio.to_thread(told, "tasks", "show", "a b")).stdout
    assert [f"step {number}" in shown for number in range(4)] == [False, False, False, True]
    assert "--all shows 3 steps of progress more" in shown
    for more in ("--all", "--json"):
        whole = (await asyncio.to_thread(told, "tasks", "show", "a b", more)).stdout
        assert all(f"step {number}" in whole for number in range(4))


async def test_a_program_gets_the_events(told: CommandLine) -> None:
    said = await asyncio.to_thread(told, "tasks", "show", "a b", "--json")
    steps = [json.loads(line) for line in said.stdout.splitlines()]
    assert [each["payload_kind"] for each in steps] == ["task_submitted", "task_claimed"]


async def test_a_task_that_nobody_does_says_what_it_waits_for(told: CommandLine, bus: Bus) -> None:
    async def last_line(task_id: str) -> str:
        shown = await asyncio.to_thread(told, "tasks", "show", task_id)
        return shown.stdout.splitlines()[-1].strip()

    assert await last_line("c") == f"it waits: {NO_CHARTER}"
    await put(bus, CharterAdopted(hash="c"), trace_id=CLAIMED)
    assert await last_line("c") == "it waits: no worker is there"
    await put(bus, WorkerRegistered(worker_id="w1", skills=["digging"]), trace_id=CLAIMED)
    assert await last_line("c") == f"more: ganglion trace {SUBMITTED}"
    for task_id, skill in (("d", "digging"), ("e", "flying")):
        manifest = TaskManifest(
            task_id=task_id, action="dig", required_skills=[skill], required_cpu_count=2
        )
        await put(bus, TaskSubmitted(manifest=manifest), trace_id=SUBMITTED)
    assert await last_line("d") == (
        "it waits: it asks for 2 processors, and is begun once a worker has as much left"
    )
    assert await last_line("e") == "it waits: none of 1 worker has the skill flying"
    halt = HaltOrdered(reason="\x1b[2Jlunch")
    await put(bus, halt, trace_id=CLAIMED, role=ROLE_OPERATOR)
    halted = "dispatch is halted: \\x1b[2Jlunch (ordered by somebody)"
    assert await last_line("e") == f"it waits: {halted}"
    listed = (await asyncio.to_thread(told, "tasks")).stdout.splitlines()
    assert listed[-1] == f"c, d and e wait: {halted}"


async def test_a_task_that_never_was_is_refused(told: CommandLine) -> None:
    refused = await asyncio.to_thread(told, "tasks", "show", "nobody")
    assert refused.returncode == USAGE
    assert "the log has no task nobody" in refused.stderr


async def test_where_there_is_nothing_to_list_it_says_of_what(
    ganglion: CommandLine, nats_server: NatsServer, bus: Bus
) -> None:
    ganglion.lead_to(nats_server.url)
    for task_id in ("a", "b", "c"):
        manifest = TaskManifest(task_id=task_id, action="dig", objective_id=f"of {task_id}")
        await put(bus, TaskSubmitted(manifest=manifest), trace_id=SUBMITTED)
        ended = TaskAcknowledged(
            task_id=task_id, objective_id=f"of {task_id}", result=RESULT_CANCELLED
        )
        await put(bus, ended, trace_id=SUBMITTED)

    async def said(*arguments: str) -> str:
        return (await asyncio.to_thread(ganglion, "tasks", *arguments)).stdout

    assert await said("--ended", "0") == "no task is open\n"
    assert await said("--objective", "x") == "no task of objective x is known\n"
    assert await said("--objective", "of a", "--ended", "0") == (
        "no task of objective of a is open\n"
    )
    line = (await said("--objective", "of a", "--ended", "1")).rstrip("\n").split("\t")
    assert line[:2] == ["a", "cancelled"]
    assert line[4:] == ["0", "-"]  # nobody began it: there is nothing to score
