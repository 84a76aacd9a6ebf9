"""What does the deputy of a worker do? It waits, and says the heartbeat of who cannot say it.

Run as `python -m nervous_system.working.deputy_process` by `deputy.py`, told by lines of JSON on
standard input, each how one worker stands. Until somebody is silent for too long it has loaded
nothing but this file, so it costs a few megabytes. It ends with the process that it stands in for:
its input ends, or it has another parent.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Final

LATE: Final = 1.5
"""After so many of its intervals without a word a worker is silent."""

MOST_SECONDS: Final = 3600.0
"""So long it stands in for one that says nothing; then its leases run out."""

BEAT_SECONDS: Final = 15.0
CHECK_SECONDS: Final = 60.0


@dataclass(slots=True)
class Ward:
    """How one worker stands, as it said last."""

    worker_id: str
    role: int = 0
    session: str = ""
    task_ids: list[str] = field(default_factory=list)
    draining: bool = False
    heartbeat_seconds: float = 0.0
    user: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    said_at: float = 0.0  # by this process's stopwatch
    beaten_at: float = 0.0

    def due_at(self) -> float:
        """When its heartbeat is to be said in its place; infinite for one that holds nothing, or
        says nothing any more."""
        if not self.task_ids or self.beaten_at - self.said_at > MOST_SECONDS:
            return float("inf")
        if self.beaten_at > self.said_at:
            return self.beaten_at + self.heartbeat_seconds
        return self.said_at + LATE * self.heartbeat_seconds


def main() -> int:
    """Until there is nobody to stand in for."""
    parent, wards, begun = os.getppid(), dict[str, Ward](), b""
    while True:
        due_at = min((each.due_at() for each in wards.values()), default=float("inf"))
        left = max(0.0, min(due_at - _now(), CHECK_SECONDS))
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], left)
        if readable:
            data = os.read(sys.stdin.fileno(), 1 << 20)
            if not data:
                return 0
            *lines, begun = (begun + data).split(b"\n")
            for line in lines:
                ward = Ward(**json.loads(line), said_at=_now())
                wards[ward.worker_id] = ward
        if os.getppid() != parent:
            return 0
        for ward in wards.values():
            if ward.due_at() <= _now() and not readable:
                stand_in(ward, parent)
                ward.beaten_at = _now()


def stand_in(ward: Ward, parent: int) -> None:
    """Say its heartbeat, if its process is there and not made to stand still."""
    import psutil  # only now: most workers are never silent
    import structlog

    from nervous_system.settings import MeshSettings
    from nervous_system.telemetry.log import configure

    settings = MeshSettings(**ward.settings)
    configure(service=ward.worker_id, level=settings.log_level, format=settings.log_format)
    log = structlog.get_logger()
    try:
        if psutil.Process(parent).status() == psutil.STATUS_STOPPED:
            return
        asyncio.run(_beat(ward, settings))
    except Exception as error:  # noqa: BLE001 - it tries again; the lease may run out meanwhile
        log.warning("worker.heartbeat_lost", reason=f"its deputy: {type(error).__name__}: {error}")
    else:
        silent = f"{_now() - ward.said_at:.0f} s"
        log.warning("worker.stood_in_for", silent=silent, tasks=len(ward.task_ids))


async def _beat(ward: Ward, settings: Any) -> None:
    from enchanted.events.v1.worker_pb2 import WorkerHeartbeat
    from nervous_system.bus import open_bus
    from nervous_system.clock import system_clock
    from nervous_system.contract.event import Event
    from nervous_system.ids import new_event_id

    heartbeat = WorkerHeartbeat(
        worker_id=ward.worker_id, task_ids=ward.task_ids, draining=ward.draining
    )
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ward.role,  # type: ignore[arg-type]  # the number of one
        agent_id=ward.worker_id,
        payload=heartbeat,
        producer_session=ward.session,
    )
    async with (
        asyncio.timeout(BEAT_SECONDS),
        open_bus(settings, name=f"deputy of {ward.worker_id}", user=ward.user) as bus,
    ):
        await bus.publish(event)


def _now() -> float:
    return time.monotonic()


if __name__ == "__main__":
    sys.exit(main())
