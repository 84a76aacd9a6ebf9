"""Who came, who went, who leads, who is told what, and what has the machine?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.command_pb2 import CommandAcknowledged, CommandIssued, CommandKind
from enchanted.events.v1.leadership_pb2 import LeadershipTaken, TickObserved
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.worker_pb2 import (
    WorkerDeparted,
    WorkerHeartbeat,
    WorkerLost,
    WorkerRegistered,
)
from nervous_system.contract.exit_code import how_it_ended
from nervous_system.contract.payload import Payload
from nervous_system.phrases import because, counted, listed, named, seconds

_GIB: Final = 1024**3


def _registered(payload: WorkerRegistered) -> str:
    # The contract counts 0 as 1.
    tasks = counted(max(1, payload.max_concurrent_tasks), "task")
    where = f"{payload.worker_id} is here, pid {payload.pid} on {payload.host}"
    return f"{where}, for {tasks} at once, and knows {listed(payload.skills)}"


def _heartbeat(payload: WorkerHeartbeat) -> str:
    draining = " and takes nothing new" if payload.draining else ""
    return f"{payload.worker_id} is alive with {listed(payload.task_ids)}{draining}"


def _departed(payload: WorkerDeparted) -> str:
    return f"{payload.worker_id} is gone{because(payload.reason)}"


def _lost(payload: WorkerLost) -> str:
    return f"nothing was heard of {payload.worker_id} for {seconds(payload.silent_seconds)}"


def _leads(payload: LeadershipTaken) -> str:
    return f"{payload.holder} leads {payload.service}/{payload.scope}, term {payload.term}"


def _ticked(payload: TickObserved) -> str:
    return f"{payload.service} decides by the clock, as of position {payload.as_of_sequence}"


def _started(payload: ProcessStarted) -> str:
    return f"{payload.name} started, pid {payload.pid}, attempt {payload.attempt}"


def _exited(payload: ProcessExited) -> str:
    return (
        f"{payload.name} {how_it_ended(payload.exit_code)}, pid {payload.pid},"
        f" again in {seconds(payload.restart_in_seconds)}"
    )


def _issued(payload: CommandIssued) -> str:
    limit = f" to {counted(payload.limit, 'task')}" if payload.limit else ""
    length = f" for {seconds(payload.expires_in_seconds)}" if payload.expires_in_seconds else ""
    if payload.task_id:
        limit = f" attempt {payload.attempt} at {payload.task_id}"
    order = f"{payload.target} is told: {named(CommandKind, payload.kind)}{limit}{length}"
    return f"{order}{because(payload.reason)}"


def _answered(payload: CommandAcknowledged) -> str:
    word = "obeys" if payload.obeyed else "does not obey"
    return f"{payload.target} {word} command {payload.command_id}{because(payload.note)}"


def _sampled(payload: CapacitySampled) -> str:
    gpus = f", {counted(len(payload.gpus), 'GPU')}" if payload.gpus else ""
    used, limit = payload.memory_used_bytes / _GIB, payload.memory_limit_bytes / _GIB
    cpu = f"{payload.host}: cpu {payload.cpu_percent:.0f} % of {payload.cpu_count:g} processors"
    disk = f"disk {payload.disk_used_bytes / _GIB:.1f} of {payload.disk_total_bytes / _GIB:.1f} GiB"
    return f"{cpu}, memory {used:.1f} of {limit:.1f} GiB, {disk}{gpus}"


MEMBERS: Final[dict[type[Payload], Callable[[Any], str]]] = {
    WorkerRegistered: _registered,
    WorkerHeartbeat: _heartbeat,
    WorkerDeparted: _departed,
    WorkerLost: _lost,
    LeadershipTaken: _leads,
    TickObserved: _ticked,
    ProcessStarted: _started,
    ProcessExited: _exited,
    CommandIssued: _issued,
    CommandAcknowledged: _answered,
    CapacitySampled: _sampled,
}
