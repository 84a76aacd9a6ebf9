"""Decisions: what was chosen, why, against what; what came of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from mission_control.api.pages import cursor_behind, place_behind
from mission_control.api.parameters import Cursor, Id, Limit, Time
from mission_control.api.routes.events import EventDocument
from mission_control.mission import TheMission
from operations.queries.decisions import Decision, decisions, one_decision
from operations.queries.record import EARLIEST

router = APIRouter(prefix="/api/decisions")


class DecisionPageAnswer(BaseModel):
    """Decisions, the last first; of a long rationale the beginning."""

    decisions: list[Decision]
    next_cursor: str | None
    as_of: int


class DecisionAnswer(BaseModel):
    """One decision and its neighbours."""

    decision: Decision
    event: EventDocument
    cause: EventDocument | None
    effects: list[EventDocument] = Field(description="what names it as the cause, the first first")
    effects_left_out: bool
    outcomes: list[EventDocument] = Field(description="of the effects: what came of it")
    changes: list[EventDocument] = Field(description="of the effects: what was changed")
    cost_usd: float | None
    as_of: int


@router.get("")
def list_decisions(
    mission: TheMission,
    agent: Id = "",
    since: Time = EARLIEST,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> DecisionPageAnswer:
    """What agents decided, and people about objectives; with how it ended and what it cost."""
    before = place_behind(cursor, of="decisions")
    found = decisions(mission.record, agent_id=agent, since=since, before=before, limit=limit)
    more = cursor_behind(found.last, of="decisions")
    return DecisionPageAnswer(decisions=found.decisions, next_cursor=more, as_of=found.as_of)


@router.get("/{event_id}")
def show(event_id: Annotated[str, Path(max_length=1_000)], mission: TheMission) -> DecisionAnswer:
    """One of them: rationale, rejected alternatives, confidence; cause, effects, cost."""
    found = one_decision(mission.record, event_id)
    return DecisionAnswer.model_validate(
        {
            **asdict(found.around),
            "decision": found.decision,
            "outcomes": found.outcomes,
            "changes": found.changes,
        }
    )
