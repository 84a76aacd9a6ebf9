"""What of the swarm can be counted? How it stands, whenever somebody reads; how tasks were claimed
and ended, as it is decided. Nothing while another overseer leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from enchanted.events.v1.task_pb2 import TaskAcknowledged, TaskClaimed, TaskResult
from nervous_system.clock import Clock
from nervous_system.contract.payload import Payload
from nervous_system.contract.words import DEGRADED, HALTED, OPERATIONAL
from nervous_system.phrases import enum_label
from nervous_system.telemetry.metric_catalogue import (
    DISPATCH_HALTED,
    DISPATCH_HELD,
    OBJECTIVES,
    OLDEST_WAITING_SECONDS,
    SYSTEM_MODE,
    TASK_RUN_SECONDS,
    TASK_WAIT_SECONDS,
    TASKS,
    TASKS_ENDED,
    WORKERS,
)
from nervous_system.telemetry.metrics import Metrics
from overseer.model import OverseerState

_STANDING: Final = (
    *(TASKS, OLDEST_WAITING_SECONDS, OBJECTIVES, WORKERS),
    *(SYSTEM_MODE, DISPATCH_HALTED, DISPATCH_HELD),
)


class SwarmMetrics:
    """Of one overseer; `state` is what it has folded, while it leads."""

    def __init__(
        self, metrics: Metrics, state: Callable[[], OverseerState | None], *, clock: Clock
    ) -> None:
        self._metrics = metrics
        self._state = state
        self._clock = clock
        metrics.before_reading(self.look)

    def look(self) -> None:
        """Set what stands; without going through all tasks, of which there may be many."""
        state = self._state()
        if state is None:
            self._metrics.forget(*_STANDING)
            return
        kernel, gauge = state.kernel, self._metrics.gauge
        claimed, aside = len(kernel.claimed), len(kernel.ready_queue.aside)
        gauge(TASKS).labels("claimed").set(claimed)
        gauge(TASKS).labels("quarantined").set(aside)
        gauge(TASKS).labels("waiting").set(len(kernel.tasks) - claimed - aside)
        unapproved = sum(each.waits_for_approval for each in state.objectives.values())
        gauge(OBJECTIVES).labels("waiting for a person").set(unapproved)
        gauge(OBJECTIVES).labels("open").set(len(state.objectives) - unapproved)
        gauge(WORKERS).set(len(kernel.workers))
        for mode in (OPERATIONAL, DEGRADED, HALTED):
            gauge(SYSTEM_MODE).labels(mode).set(state.mode == mode)
        gauge(DISPATCH_HALTED).set(bool(state.halted) or state.mode == HALTED)
        gauge(DISPATCH_HELD).set(bool(state.held))
        now = self._clock()
        waited = [
            (now - each.waits_until).total_seconds()
            for each in kernel.ready_queue.heads(kernel.tasks)
        ]
        gauge(OLDEST_WAITING_SECONDS).set(max([0.0, *waited]))

    def committed(self, payload: Payload) -> None:
        """The log has this now."""
        if isinstance(payload, TaskClaimed):
            state = self._state()
            task = state.kernel.tasks.get(payload.task_id) if state is not None else None
            if task is not None and task.claim is not None:
                waited = (task.claim.claimed_at - task.waits_until).total_seconds()
                self._metrics.histogram(TASK_WAIT_SECONDS).observe(max(0.0, waited))
        elif isinstance(payload, TaskAcknowledged):
            result = enum_label(TaskResult, payload.result)
            self._metrics.counter(TASKS_ENDED).labels(result).inc()
            if payload.attempts:
                self._metrics.histogram(TASK_RUN_SECONDS).observe(payload.duration_seconds)
