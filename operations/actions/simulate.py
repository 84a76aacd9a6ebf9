"""How does a simulated swarm come to a mesh?"""

from __future__ import annotations

from collections.abc import Callable

from local_mesh.addresses import client_settings
from operations.log_session import bus_session
from operations.queries.dispatch_hold import DispatchHold
from simulation.hive import run
from simulation.outcome import Outcome
from simulation.plan import Plan


async def simulate(
    plan: Plan,
    *,
    agents: int,
    ended: Callable[[int], None],
    told: Callable[[str], None],
) -> Outcome:
    """Let a simulated swarm work on the mesh that is meant. Raises as `run`."""
    async with bus_session(client_settings()) as bus:
        hold = await DispatchHold.of(bus)
        found = await run(bus, plan, agents=agents, hold=hold, ended=ended, told=told)
    return Outcome.of(plan, found, agents=agents)
