"""How is a swarm asked to take back what a task changed, or all that it changed since a moment?

By a task of its own: whoever has the files at hand offers the skill and does it. The built-in
worker does, where it is told which folder they lie in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from enchanted.events.v1.objective_pb2 import ObjectiveProposed

ACTION: Final = "restore.task"
OF_CHECKPOINT: Final = "restore.checkpoint"
SKILL: Final = "restoring"
PRIORITY: Final = 8


def restoration(
    task_id: str, *, objective_id: str, reason: str, source: str, completed: bool = False
) -> ObjectiveProposed:
    """The objective that what the task changed is taken back, even if it was `completed`. It
    changes files, so a policy may refuse it: its tier is experimental."""
    payload = {"task_id": task_id, "reason": reason, "completed": completed}
    description = f"take back what task {task_id} changed"
    return _proposed(ACTION, payload, description, objective_id=objective_id, source=source)


def restoration_to(
    position: int,
    *,
    log_created: str,
    objective_id: str,
    reason: str,
    source: str,
    leave: bool,
) -> ObjectiveProposed:
    """The objective that all is taken back that the swarm changed since a position of this log;
    to `leave` what the log does not have the way back of."""
    payload = {
        "position": position,
        "log_created": log_created,
        "reason": reason,
        "leave": leave,
    }
    description = f"take back what was changed since position {position:,}"
    return _proposed(OF_CHECKPOINT, payload, description, objective_id=objective_id, source=source)


def _proposed(
    action: str,
    payload: Mapping[str, object],
    description: str,
    *,
    objective_id: str,
    source: str,
) -> ObjectiveProposed:
    step = {
        "id": "restore",
        "action": action,
        "description": description,
        "payload": payload,
        "skills": [SKILL],
        "risk_tier": "experimental",
    }
    return ObjectiveProposed(
        objective_id=objective_id,
        description=description,
        priority=PRIORITY,
        metadata_json=json.dumps({"tasks": [step]}),
        source=source,
    )
