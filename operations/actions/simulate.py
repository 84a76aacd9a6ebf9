"""How does a simulated swarm come to a mesh?"""

from __future__ import annotations

from collections.abc import Callable

from local_mesh.addresses import client_settings
from operations.log_session import bus_session
from operations.queries.dispatch_hold import DispatchHold
from simulation.outcome import SimulationOutcome
from simulation.plan import SimulationPlan
from simulation.runner import run


async def simulate(
    plan: SimulationPlan,
    *,
    agents: int,
    ended: Callable[[int], None],
    told: Callable[[str], None],
) -> SimulationOutcome:
    """Let a simulated swarm work on the mesh that is meant. Raises as `run`."""
    async with bus_session(client_settings()) as bus:
        hold = await DispatchHold.of(bus)
        found = await run(bus, plan, agents=agents, hold=hold, ended=ended, told=told)
    return SimulationOutcome.of(plan, found, agents=agents)
