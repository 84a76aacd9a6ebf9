"""Does one bad objective leave the workers, and the good work, alone? With all parts for real."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from enchanted.events.v1.command_pb2 import COMMAND_CANCEL, CommandIssued
from enchanted.events.v1.incident_pb2 import IncidentOpened
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_WORKER
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    RESULT_FAILED,
    RESULT_QUARANTINED,
    TaskAcknowledged,
    TaskManifest,
    TaskQuarantined,
)
from enchanted.events.v1.task_request_pb2 import TasksProposed
from local_mesh.default_files import write_default_files
from local_mesh.home import Home
from nervous_system.bus import Bus
from nervous_system.client.claimed_task import ClaimedTask
from nervous_system.client.request_client import RequestClient
from nervous_system.client.worker import Worker
from tests.guardian.guardian_log import StartGuardian, assert_sound, until_on_log
from tests.guardian.test_taking_back import OVERSEER, at_work
from tests.real_servers import NatsServer, RealProcess

WORKERS, BAD, GOOD = 3, 40, 20
EACH = 4
"""So many of the bad tasks each worker fails at, and then holds one more until the guardian has
seen it."""
AT_MOST = WORKERS * (EACH + 1)
"""So many fail. Fewer, if the guardian has seen it before each worker had so many."""


class Failing:
    """What one worker does: bad tasks fail, others are done."""

    def __init__(self, seen: asyncio.Event) -> None:
        self._seen = seen
        self._failed = 0

    async def do(self, task: ClaimedTask) -> None:
        if task.grant.manifest.objective_id == "good":
            await task.finish("completed")
            return
        if self._failed == EACH:
            await self._seen.wait()
        self._failed += 1
        raise ValueError("the input is no picture")


def tasks(objective_id: str, count: int, *, priority: int) -> list[TaskManifest]:
    return [
        TaskManifest(
            task_id=f"{objective_id}-{number}",
            objective_id=objective_id,
            action="render",
            priority=priority,
            max_attempts=1,
        )
        for number in range(count)
    ]


async def test_forty_bad_tasks_are_set_aside_nobody_is_told_to_go_and_the_good_ones_are_done(
    bus: Bus, nats_server: NatsServer, start_guardian: StartGuardian, tmp_path: Path
) -> None:
    write_default_files(Home(tmp_path))
    overseer = RealProcess(
        [sys.executable, str(OVERSEER)],
        log=tmp_path / "overseer.log",
        environment={
            "NATS_URL": nats_server.url,
            "GANGLION_HOME": str(tmp_path),
            "GANGLION_METRICS_PORT": "0",
        },
    )
    seen = asyncio.Event()
    try:
        start_guardian()
        async with AsyncExitStack() as stack:
            for number in range(WORKERS):
                worker = Worker(bus, worker_id=f"w{number}", role=ROLE_WORKER, actions=["render"])
                await stack.enter_async_context(at_work(worker, Failing(seen).do))
            asker = RequestClient(
                bus, service="overseer", role=ROLE_OPERATOR, agent_id="tests", deadline_seconds=120
            )
            await asker.ask(TasksProposed(tasks=tasks("bad", BAD, priority=9)))
            await asker.ask(TasksProposed(tasks=tasks("good", GOOD, priority=1)))
            await until_on_log(bus, "swarm.events.task.quarantined.*", BAD - AT_MOST)
            seen.set()
            ended = await until_on_log(bus, "swarm.events.task.acknowledged.*", BAD + GOOD)
    finally:
        overseer.kill()
    results: dict[str, list[int]] = {"bad": [], "good": []}
    for each in ended:
        assert isinstance(each.event.payload, TaskAcknowledged)
        results[each.event.payload.objective_id].append(each.event.payload.result)
    assert results["good"] == [RESULT_COMPLETED] * GOOD
    assert set(results["bad"]) == {RESULT_FAILED, RESULT_QUARANTINED}
    assert results["bad"].count(RESULT_FAILED) <= AT_MOST
    set_aside = results["bad"].count(RESULT_QUARANTINED)
    for each in await until_on_log(bus, "swarm.events.task.quarantined.*", set_aside):
        assert isinstance(each.event.payload, TaskQuarantined)
        assert "tasks of objective bad failed, at 3 workers" in each.event.payload.reason
    history = [each.event.payload for each in await assert_sound(bus)]
    commands = [each for each in history if isinstance(each, CommandIssued)]
    assert {each.kind for each in commands} <= {COMMAND_CANCEL}  # of what was claimed meanwhile
    opened = [each for each in history if isinstance(each, IncidentOpened)]
    assert ("objective_failing", "bad") in {(each.rule, each.subject_of_concern) for each in opened}
    assert "worker_failing" not in {each.rule for each in opened}
