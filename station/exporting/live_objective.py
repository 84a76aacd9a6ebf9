"""What does the life of an objective look like in the classic files?"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from enchanted.events.v1.objective_pb2 import (
    OBJECTIVE_ACHIEVED,
    OBJECTIVE_CANCELLED,
    OBJECTIVE_FAILED,
    ObjectiveAdded,
    ObjectiveFinished,
    ObjectiveResult,
)
from nervous_system.phrases import enum_label
from station.exporting.line import clock

_ENDS: Final = (OBJECTIVE_ACHIEVED, OBJECTIVE_FAILED, OBJECTIVE_CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveObjective:
    """An objective that the overseer took; not one that was imported as history."""

    sequence: int
    added: ObjectiveAdded
    created_at: str
    result: str = ""  # empty: it is open
    finished_at: str = ""
    summary: str = ""

    @classmethod
    def of(cls, added: ObjectiveAdded, *, sequence: int, recorded_at: datetime) -> LiveObjective:
        """At its beginning."""
        return cls(sequence=sequence, added=added, created_at=clock(recorded_at))

    def on_finished(self, payload: ObjectiveFinished, recorded_at: datetime) -> LiveObjective:
        """At its end."""
        return replace(
            self,
            result=enum_label(ObjectiveResult, payload.result)
            if payload.result in _ENDS
            else "finished",
            finished_at=clock(recorded_at),
            summary=payload.summary,
        )

    def row(self) -> dict[str, Any]:
        """Its row: of the inbox while it is open, of the history afterwards."""
        added = self.added
        row = {
            "objective_id": added.objective_id,
            "description": added.description,
            "priority": added.priority,
            "metadata": _metadata(added.metadata_json),
            "created_at": self.created_at,
        }
        if self.result:
            row |= {
                "status": self.result,
                "finished_at": self.finished_at,
                "notes": self.summary or None,
            }
        return row


def _metadata(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
