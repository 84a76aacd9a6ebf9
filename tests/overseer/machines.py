"""Which machines does a test's swarm have, who works there, and what keeps it from moving?"""

from __future__ import annotations

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.swarm_event_pb2 import ROLE_GOVERNOR
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from overseer.standstill import Standstill
from tests.overseer.overseen import Overseen

MEMORY = 1 << 34


def standstill(mesh: Overseen) -> Standstill:
    return Standstill(mesh.state, mesh.core.settings, mesh.now)


def sampled(mesh: Overseen, *, cpu: float = 0.0, memory: float = 0.0, host: str = "h") -> None:
    """One look at a machine of four processors, and the tick after it."""
    sample = CapacitySampled(
        host=host,
        cpu_percent=cpu,
        cpu_count=4,
        memory_used_bytes=int(memory * MEMORY / 100),
        memory_limit_bytes=MEMORY,
    )
    mesh.publish(sample, role=ROLE_GOVERNOR)
    mesh.tick()


def register(mesh: Overseen, worker_id: str, **fields: object) -> None:
    mesh.publish(WorkerRegistered(worker_id=worker_id, **{"host": "h", **fields}))  # type: ignore[arg-type]
