"""How is a swarm asked to take back what a task changed?

By a task of its own: whoever has the files at hand offers the skill and does it. The built-in
worker does, where it is told which folder they lie in.
"""

from __future__ import annotations

import json
from typing import Final

from enchanted.events.v1.objective_pb2 import ObjectiveProposed

ACTION: Final = "restore.task"
SKILL: Final = "restoring"
PRIORITY: Final = 8


def restoration(
    task_id: str, *, objective_id: str, reason: str, source: str, completed: bool = False
) -> ObjectiveProposed:
    """The objective that what the task changed is taken back, even if it was `completed`. It
    changes files, so a policy may refuse it: its tier is experimental."""
    description = f"take back what task {task_id} changed"
    step = {
        "id": "restore",
        "action": ACTION,
        "description": description,
        "payload": {"task_id": task_id, "reason": reason, "completed": completed},
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
