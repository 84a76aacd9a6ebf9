"""What is the state of the swarm, as one JSON object?"""

from __future__ import annotations

from dataclasses import asdict
from heapq import nsmallest
from typing import Any, Final

from operations.queries.counts import count_tasks
from operations.queries.live_swarm import Now
from operations.queries.tasks import open_row
from operations.queries.workers import workers_of

MAX_TASKS: Final = 1_000


def state_document(now: Now) -> dict[str, Any]:
    """Mode, rules in force, objectives and tasks that are open, workers, machines. Of very many
    tasks the first by their ids; `tasks_left_out` counts the others, which `GET /tasks` has."""
    state, kernel, standstill = now.state, now.state.kernel, now.standstill
    shown = nsmallest(MAX_TASKS, kernel.tasks)
    return {
        "mode": state.mode,
        "mode_reason": state.mode_reason,
        "halted": {"reason": state.halted, "by": state.halted_by} if state.halted else None,
        "status": asdict(now.status),
        "rules": {
            "policy_hash": state.policy_hash,
            "registry_hash": state.registry_hash,
            "charter_hash": state.charter_hash,
        },
        "objectives": [
            {
                "objective_id": each.objective_id,
                "description": each.description,
                "priority": each.priority,
                "brought_by": each.source,
                "added_at": each.added_at.isoformat(),
                "plan": each.plan,
                "waits_for_approval": each.waits_for_approval,
                "open_tasks": sorted(each.open_tasks),
                "failed_tasks": list(each.failed_tasks),
            }
            for _, each in sorted(state.objectives.items())
        ],
        "task_counts": count_tasks(state, now.at),
        "tasks": [open_row(kernel.tasks[each], standstill, now.at) for each in shown],
        "tasks_left_out": len(kernel.tasks) - len(shown),
        "workers": [each.document() for each in workers_of(now.overseen, now.at)],
        "machines": {
            host: {**asdict(load), "sampled_at": load.sampled_at.isoformat()}
            for host, load in sorted(state.loads.items())
        },
    }
