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
from nervous_system.phrases import enum_label, join_list, pluralize, seconds, with_reason

_GIB: Final = 1024**3


def _describe_registered(payload: WorkerRegistered) -> str:
    # The contract counts 0 as 1.
    tasks = pluralize(max(1, payload.max_concurrent_tasks), "task")
    where = f"{payload.worker_id} is here, pid {payload.pid} on {payload.host}"
    return f"{where}, for {tasks} at once, and knows {join_list(payload.skills)}"


def _describe_heartbeat(payload: WorkerHeartbeat) -> str:
    draining = " and takes nothing new" if payload.draining else ""
    return f"{payload.worker_id} is alive with {join_list(payload.task_ids)}{draining}"


def _describe_departed(payload: WorkerDeparted) -> str:
    return f"{payload.worker_id} is gone{with_reason(payload.reason)}"


def _describe_lost(payload: WorkerLost) -> str:
    return f"nothing was heard of {payload.worker_id} for {seconds(payload.silent_seconds)}"


def _describe_leads(payload: LeadershipTaken) -> str:
    return f"{payload.holder} leads {payload.service}/{payload.scope}, term {payload.term}"


def _describe_ticked(payload: TickObserved) -> str:
    return f"{payload.service} decides by the clock, as of position {payload.as_of_sequence}"


def _describe_started(payload: ProcessStarted) -> str:
    return f"{payload.name} started, pid {payload.pid}, attempt {payload.attempt}"


def _describe_exited(payload: ProcessExited) -> str:
    return (
        f"{payload.name} {how_it_ended(payload.exit_code)}, pid {payload.pid},"
        f" again in {seconds(payload.restart_in_seconds)}"
    )


def _describe_issued(payload: CommandIssued) -> str:
    limit = f" to {pluralize(payload.limit, 'task')}" if payload.limit else ""
    length = f" for {seconds(payload.expires_in_seconds)}" if payload.expires_in_seconds else ""
    if payload.task_id:
        limit = f" attempt {payload.attempt} at {payload.task_id}"
    order = f"{payload.target} is told: {enum_label(CommandKind, payload.kind)}{limit}{length}"
    return f"{order}{with_reason(payload.reason)}"


def _describe_answered(payload: CommandAcknowledged) -> str:
    word = "obeys" if payload.obeyed else "does not obey"
    return f"{payload.target} {word} command {payload.command_id}{with_reason(payload.note)}"


def _describe_sampled(payload: CapacitySampled) -> str:
    gpus = f", {pluralize(len(payload.gpus), 'GPU')}" if payload.gpus else ""
    used, limit = payload.memory_used_bytes / _GIB, payload.memory_limit_bytes / _GIB
    cpu = f"{payload.host}: cpu {payload.cpu_percent:.0f} % of {payload.cpu_count:g} processors"
    disk = f"disk {payload.disk_used_bytes / _GIB:.1f} of {payload.disk_total_bytes / _GIB:.1f} GiB"
    return f"{cpu}, memory {used:.1f} of {limit:.1f} GiB, {disk}{gpus}"


MEMBERS: Final[dict[type[Payload], Callable[[Any], str]]] = {
    WorkerRegistered: _describe_registered,
    WorkerHeartbeat: _describe_heartbeat,
    WorkerDeparted: _describe_departed,
    WorkerLost: _describe_lost,
    LeadershipTaken: _describe_leads,
    TickObserved: _describe_ticked,
    ProcessStarted: _describe_started,
    ProcessExited: _describe_exited,
    CommandIssued: _describe_issued,
    CommandAcknowledged: _describe_answered,
    CapacitySampled: _describe_sampled,
}
