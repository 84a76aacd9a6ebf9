"""Does the overseer count what service levels need, and only while it leads?"""

from __future__ import annotations

import pytest

from enchanted.events.v1.pulse_pb2 import HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED
from nervous_system.telemetry.metrics import Metrics
from overseer.model import OverseerState
from overseer.swarm_metrics import SwarmMetrics
from tests.overseer.overseen import Overseen, core, task


@pytest.fixture
def mesh() -> Overseen:
    mesh = Overseen(core())
    mesh.register("w1", limit=1)
    return mesh


def test_what_stands_is_looked_at_when_somebody_reads(mesh: Overseen) -> None:
    metrics = Metrics()
    leads = True

    def state() -> OverseerState | None:
        return mesh.state if leads else None

    SwarmMetrics(metrics, state, clock=lambda: mesh.now)
    mesh.propose(task("a"), task("b"), task("c", depends_on=["a"]))
    mesh.claim("w1")
    mesh.later(30)
    metrics.exposition()
    assert metrics.value("ganglion_tasks", state="waiting") == 2
    assert metrics.value("ganglion_tasks", state="claimed") == 1
    assert metrics.value("ganglion_oldest_waiting_task_seconds") == 30
    assert metrics.value("ganglion_workers") == 1
    assert metrics.value("ganglion_system_mode", mode="operational") == 1
    assert metrics.value("ganglion_dispatch_halted") == 0
    mesh.publish(HaltOrdered(reason="x"), role=ROLE_OPERATOR)
    metrics.exposition()
    assert metrics.value("ganglion_dispatch_halted") == 1
    leads = False
    assert b"ganglion_tasks{" not in metrics.exposition(), "another one says it"


def test_how_tasks_are_claimed_and_end_is_counted_as_it_is_decided(mesh: Overseen) -> None:
    metrics = Metrics()
    counted = SwarmMetrics(metrics, lambda: mesh.state, clock=lambda: mesh.now)
    mesh.propose(task("a"))
    mesh.later(4)
    mesh.claim("w1")
    for each in mesh.log:
        counted.committed(each.event.payload)
    assert metrics.value("ganglion_task_wait_seconds_sum") == 4
    known = len(mesh.log)
    mesh.later(20)
    mesh.result("w1", "a", RESULT_COMPLETED)
    for each in mesh.log[known:]:
        counted.committed(each.event.payload)
    assert metrics.value("ganglion_tasks_ended_total", result="completed") == 1
    assert metrics.value("ganglion_task_run_seconds_sum") == 20
