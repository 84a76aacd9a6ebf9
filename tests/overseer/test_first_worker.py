"""Do the examples of a worker, and of one who gives it work, work as they stand?"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from enchanted.events.v1.task_pb2 import TaskAcknowledged
from nervous_system.bus import Bus, decode_stored
from nervous_system.settings import MeshSettings
from tests.overseer.overseer_program import StartOverseer
from tests.real_servers import RealProcess, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples"


async def test_one_proposes_and_the_other_does_it(
    start_overseer: StartOverseer, bus: Bus, mesh_settings: MeshSettings, tmp_path: Path
) -> None:
    start_overseer()
    environment = {"NATS_URL": mesh_settings.nats_url}

    def started(name: str) -> RealProcess:
        program = [sys.executable, "-u", str(EXAMPLES / f"{name}.py")]
        return RealProcess(program, log=tmp_path / f"{name}.log", environment=environment)

    worker = started("first_worker")
    try:
        proposing = started("first_objective")
        assert await asyncio.to_thread(proposing.wait) == 0
        wait_until(lambda: worker.log.read_text().count(" is done") == 2, "both greetings")
    finally:
        worker.kill()
    assert "see `ganglion objectives show objective-" in proposing.log.read_text()
    log = [decode_stored(each).event.payload async for each in bus.replay()]
    said = [each.output for each in log if isinstance(each, TaskAcknowledged)]
    assert said == ["Hello, swarm.", "Hello, world."]
