"""Does the example of a worker work, as it stands?"""

from __future__ import annotations

import sys
from pathlib import Path

from overseen import task
from overseer_program import StartOverseer
from real_servers import RealProcess, wait_until

from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import TaskAcknowledged
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system.bus import Bus, recorded
from nervous_system.settings import MeshSettings
from nervous_system.working.asker import Asker
from overseer.vocabulary import SERVICE

EXAMPLE = Path(__file__).parents[2] / "examples" / "first_worker.py"


async def test_it_does_what_it_is_asked_for(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    start_overseer()
    asker = Asker(bus, service=SERVICE, role=ROLE_OPERATOR, agent_id="tester")
    greet = task("t1", action="greet", payload_json='{"whom": "Ada"}')
    assert (await asker.ask(TasksProposed(tasks=[greet]))).accepted
    worker = RealProcess(
        [sys.executable, "-u", str(EXAMPLE)],
        log=tmp_path / "worker.log",
        environment={"NATS_URL": mesh_settings.nats_url},
    )
    try:
        wait_until(lambda: "greet of t1 is done" in worker.log.read_text(), "the greeting")
    finally:
        worker.kill()
    log = [recorded(each).event.payload async for each in bus.replay()]
    assert [e.output for e in log if isinstance(e, TaskAcknowledged)] == ["Hello, Ada."]
