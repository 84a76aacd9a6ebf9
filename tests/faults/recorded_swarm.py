"""Does ClickHouse have all that a swarm put on the log, and of its tasks the same?"""

from __future__ import annotations

from nervous_system.bus import Bus
from tests.faults.mesh_under_test import Mesh
from tests.faults.swarm_under_test import Swarm


async def recorded_too(mesh: Mesh, swarm: Swarm, bus: Bus) -> None:
    """The conservation law, also for what publishers know beside the log; and the view of tasks
    against the overseer's state."""
    stored = [each async for each in bus.replay()]
    log = await swarm.log(bus)
    mesh.ledger.attempted |= {each.event.event_id for each in log}
    mesh.ledger.acknowledged = {
        each.event.event_id: position.data for each, position in zip(log, stored, strict=True)
    } | mesh.ledger.acknowledged
    await mesh.law()
    state = await swarm.assert_projected(bus, log)
    async with mesh.warehouse() as warehouse:
        rows = (
            await warehouse.client.query(
                "SELECT task_id, status, attempts, worker_id, tool_efficacy_score FROM swarm.tasks"
            )
        ).result_rows
    ended = state.kernel.ended
    assert not state.kernel.tasks
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        task_id: ("completed", each.attempts, each.worker_id, each.tool_efficacy_score)
        for task_id, each in ended.items()
    }
