"""How does the swarm do, in one report: what waits, what was said last, how well tasks end?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from nervous_system.bus import Bus
from nervous_system.names import EVENTS
from operations.descriptions.table import describe
from operations.queries.live_swarm import Now
from operations.queries.tasks import ended_row

MAX_UPDATES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """At one position of the log."""

    as_of: int
    queue_depth: int  # tasks that wait
    objectives_waiting: list[str]  # for a person
    tasks: dict[str, int]  # by state
    metrics: dict[str, Any]  # the last look at each machine
    recent: list[dict[str, Any]]  # tasks that ended, the last first
    tes: dict[str, Any]  # mean tool efficacy score of the last finished tasks, and how many
    last_pulse: str  # in words; empty before the first
    compliance: dict[str, Any]  # the policy in force, and what it holds back


async def report_of(bus: Bus, now: Now, *, tasks: dict[str, int]) -> Report:
    """Raises Unavailable."""
    state, kernel, scores = now.state, now.state.kernel, now.state.scores
    last = await bus.last_live(f"{EVENTS}.overseer.pulse")
    pulse = last if last is not None and last.event.agent_role == ROLE_OVERSEER else None
    ended = sorted(kernel.ended.items(), key=lambda each: each[1].ended_at, reverse=True)
    return Report(
        as_of=now.as_of,
        queue_depth=len(kernel.tasks) - len(kernel.claimed),
        objectives_waiting=sorted(
            each.objective_id for each in state.objectives.values() if each.waits_for_approval
        ),
        tasks=tasks,
        metrics={host: asdict(load) for host, load in state.loads.items()},
        recent=[ended_row(task_id, each) for task_id, each in ended[:MAX_UPDATES]],
        tes={"mean": sum(scores) / len(scores) if scores else None, "tasks": len(scores)},
        last_pulse=describe(pulse.event.payload) if pulse is not None else "",
        compliance={"policy_hash": state.policy_hash, "held": now.status.held},
    )
