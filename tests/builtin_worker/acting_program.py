"""What does a worker do that a test kills in the middle? `acting_program.py URL HOME JOB`.

The job is a JSON object: `action`, `key`, `payload`, `workspace`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from builtin_worker.action import ActionContext
from nervous_system import failpoint
from nervous_system.bus import open_bus
from nervous_system.settings import MeshSettings
from tests.builtin_worker.mesh_of_worker import NOW, agent_of, do, job


async def main(url: str, home: Path, asked: dict[str, object]) -> None:
    """One attempt."""
    workspace = asked.pop("workspace", None)
    async with open_bus(MeshSettings(nats_url=url), name="acting") as bus:
        place = ActionContext(
            home=home,
            bus=bus,
            agent=agent_of(bus),
            clickhouse=None,
            clock=lambda: NOW,
            workspace=Path(str(workspace)) if workspace is not None else None,
        )
        await do(job(**asked), place)  # type: ignore[arg-type]


if __name__ == "__main__":
    failpoint.arm(os.environ[failpoint.VARIABLE])
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])))
