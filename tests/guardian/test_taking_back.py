"""Is what a failing task changed taken back by itself, with all parts running for real?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from builtin_worker.action import ActionContext
from builtin_worker.wiring import doing
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, ROLE_OPERATOR, ROLE_WORKER
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, RESULT_QUARANTINED, TaskManifest
from enchanted.events.v1.task_request_pb2 import TasksProposed
from local_mesh.default_files import write_default_files
from local_mesh.home import Home
from nervous_system.bus import Bus
from nervous_system.client.agent import Agent
from nervous_system.client.attempt import Do, Table
from nervous_system.client.request_client import RequestClient
from nervous_system.client.restoring import SKILL
from nervous_system.client.serving import serve
from nervous_system.client.worker import Worker
from nervous_system.clock import system_clock
from tests.guardian.guardian_log import StartGuardian, until_on_log
from tests.overseer.claiming import claimed
from tests.real_servers import NatsServer, RealProcess

OVERSEER = Path(__file__).parents[1] / "overseer" / "overseer_program.py"


@asynccontextmanager
async def at_work(worker: Worker, do: Do | Table) -> AsyncIterator[None]:
    """One that does tasks while the block runs."""
    stop = asyncio.Event()
    async with worker.running():
        serving = asyncio.create_task(serve(worker, do, stop))
        try:
            yield
        finally:
            stop.set()
            await serving


async def test_a_task_that_keeps_failing_leaves_its_files_as_they_were(
    bus: Bus, nats_server: NatsServer, start_guardian: StartGuardian, tmp_path: Path
) -> None:
    """It fails once, and is lost with its worker three times: neither alone ends it."""
    write_default_files(Home(tmp_path))
    file = tmp_path / "app.py"
    file.write_text("works\n")
    coder = Agent(bus, role=ROLE_CODER, agent_id="coder-1")

    async def break_it(*, fails: bool) -> None:
        """By a worker that begins anew, so that what it held before is lost."""
        coding = Worker(bus, worker_id="coder-1", role=ROLE_CODER, actions=["code"])
        await coding.register()
        task = await claimed(coding)
        before = file.read_text()
        file.write_text(f"{before}broken\n")
        with bus.tracer.span("work", parent=task.traceparent):
            await coder.change("app.py", before=before, after=file.read_text())
        if fails:
            await task.finish("applied_checks_failed", changed_files=["app.py"])

    place = ActionContext(
        home=tmp_path,
        bus=bus,
        agent=Agent(bus, role=ROLE_WORKER, agent_id="worker-1"),
        clickhouse=None,
        clock=system_clock,
        workspace=tmp_path,
    )
    restoring = Worker(
        bus, worker_id="worker-1", role=ROLE_WORKER, actions=["restore.task"], skills=[SKILL]
    )
    task = TaskManifest(task_id="t", action="code", priority=5, max_attempts=3)
    overseer = RealProcess(
        [sys.executable, str(OVERSEER)],
        log=tmp_path / "overseer.log",
        environment={
            "NATS_URL": nats_server.url,
            "GANGLION_HOME": str(tmp_path),
            "GANGLION_METRICS_PORT": "0",
            "GANGLION_OVERSEER_BACKOFF_SECONDS": "0.01",
        },
    )
    try:
        start_guardian()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(at_work(restoring, doing(place)))
            asker = RequestClient(
                bus, service="overseer", role=ROLE_OPERATOR, agent_id="tests", deadline_seconds=120
            )
            await asker.ask(TasksProposed(tasks=[task]))
            for number in range(4):
                await break_it(fails=number == 0)
            await Worker(bus, worker_id="coder-1", role=ROLE_CODER).register()
            ended = await until_on_log(bus, "swarm.events.task.acknowledged.*", 2)
    finally:
        overseer.kill()
    set_aside, acknowledged = (each.event.payload for each in ended)
    assert (set_aside.task_id, set_aside.result) == ("t", RESULT_QUARANTINED)
    assert (acknowledged.action, acknowledged.result) == ("restore.task", RESULT_COMPLETED)
    assert list(acknowledged.changed_files) == ["app.py"]
    assert file.read_text() == "works\n"
