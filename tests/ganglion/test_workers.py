"""Does `ganglion workers` say who is there, what each does, and why some take nothing?"""

from __future__ import annotations

import asyncio
import json

from enchanted.events.v1.command_pb2 import COMMAND_DRAIN, COMMAND_SLEEP, CommandIssued
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_GUARDIAN,
    ROLE_OVERSEER,
    ROLE_WORKER,
    AgentRole,
)
from enchanted.events.v1.task_pb2 import TaskClaimed, TaskManifest, TaskSubmitted
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat, WorkerRegistered
from nervous_system.bus import Bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id
from tests.command_line import CommandLine
from tests.real_servers import NatsServer


async def put(bus: Bus, payload: Payload, *, role: AgentRole.ValueType) -> None:
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=role,
        agent_id=payload.worker_id if role == ROLE_WORKER else "guardian/main",
        payload=payload,
    )
    await bus.publish(event)


async def test_who_is_there_what_each_does_and_why_some_take_nothing(
    ganglion: CommandLine, nats_server: NatsServer, bus: Bus
) -> None:
    ganglion.lead_to(nats_server.url)
    empty = await asyncio.to_thread(ganglion, "workers")
    assert (empty.returncode, empty.stdout.startswith("no worker is there")) == (0, True)
    for worker_id in ("busy", "drained", "gone", "leaving", "sleepy"):
        registered = WorkerRegistered(
            worker_id=worker_id,
            skills=["digging"],
            actions=["dig"],
            max_concurrent_tasks=2,
            host="h",
            pid=7,
        )
        await put(bus, registered, role=ROLE_WORKER)
    await put(bus, WorkerDeparted(worker_id="gone"), role=ROLE_WORKER)
    await put(
        bus,
        TaskSubmitted(manifest=TaskManifest(task_id="t", action="dig")),
        role=ROLE_OVERSEER,
    )
    claimed = TaskClaimed(task_id="t", worker_id="busy", attempt=2, lease_seconds=60)
    await put(bus, claimed, role=ROLE_OVERSEER)
    for kind, target, reason in (
        (COMMAND_SLEEP, "sleepy", "it fails\x1b[2J too often"),
        (COMMAND_DRAIN, "drained", "it is too old"),
    ):
        command = CommandIssued(kind=kind, target=target, reason=reason)
        await put(bus, command, role=ROLE_GUARDIAN)
    for worker_id in ("drained", "leaving"):
        heartbeat = WorkerHeartbeat(worker_id=worker_id, draining=True)
        await put(bus, heartbeat, role=ROLE_WORKER)

    said = await asyncio.to_thread(ganglion, "workers")
    assert said.stdout.splitlines() == [
        "busy\tbusy\th:7\t1 of 2\tdigging\thas t (dig, attempt 2); does dig",
        "drained\tdraining\th:7\t0 of 2\tdigging\ttold to go: it is too old; does dig",
        "leaving\tdraining\th:7\t0 of 2\tdigging\tit is being stopped where it runs; does dig",
        "sleepy\tasleep\th:7\t0 of 2\tdigging"
        "\ttold to do nothing: it fails\\x1b[2J too often; does dig",
    ]
    listed = json.loads((await asyncio.to_thread(ganglion, "worker", "--json")).stdout)
    assert [(each["worker_id"], each["status"]) for each in listed] == [
        ("busy", "busy"),
        ("drained", "draining"),
        ("leaving", "draining"),
        ("sleepy", "asleep"),
    ]
    assert listed[0]["tasks"] == [{"task_id": "t", "action": "dig", "attempt": 2}]
