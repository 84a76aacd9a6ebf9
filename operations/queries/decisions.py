"""What was decided, why, against what, and what came of it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nervous_system.errors import NoSuch
from operations.queries.event_search import Document, OneEvent, one_event
from operations.queries.record import EARLIEST, Record

MAX_LISTED_CHARACTERS: Final = 2_000
"""Of a rationale in a list."""
_WHOLE: Final = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an agent decided, or a person about an objective."""

    epoch: int
    position: int
    recorded_at: datetime
    event_id: str
    trace_id: str
    causation_id: str
    agent_id: str
    agent_role: str
    role_name: str
    model: str
    chosen_action: str
    rationale: str
    rejected_alternatives: list[str]
    confidence: float | None  # 0 to 1
    input_trigger: str
    outcome: str  # succeeded, failed or cancelled; empty: nobody said
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Some of them, the last first."""

    decisions: list[Decision]
    last: tuple[int, int] | None  # epoch and position of the last, if there are more
    as_of: int


@dataclass(frozen=True, slots=True)
class OneDecision:
    """One of them, with its neighbours on the log."""

    decision: Decision
    around: OneEvent
    outcomes: list[Document]
    changes: list[Document]


def decisions(
    record: Record,
    *,
    agent_id: str = "",
    since: datetime = EARLIEST,
    before: tuple[int, int] = (0, 0),
    limit: int,
) -> DecisionPage:
    """Before an epoch and a position. Raises NotRunning, QueryRefused."""
    as_of = record.as_of()
    found = _found(record, agent_id=agent_id, since=since, before=before, most=limit + 1)
    page = found[:limit]
    last = (page[-1].epoch, page[-1].position) if len(found) > limit else None
    return DecisionPage(page, last, as_of)


def one_decision(record: Record, event_id: str) -> OneDecision:
    """With the whole rationale. Raises NoSuch, NotRunning, QueryRefused."""
    around = one_event(record, event_id)
    found = _found(record, event_id=event_id, most=1, max_characters=_WHOLE)
    if not found:
        raise NoSuch(f"event {event_id} is no decision, but a {around.event['payload_kind']}")
    kinds = ("action_outcome", "state_change")
    outcomes, changes = (
        [each for each in around.effects if each["payload_kind"] == kind] for kind in kinds
    )
    return OneDecision(found[0], around, outcomes, changes)


def _found(
    record: Record,
    *,
    event_id: str = "",
    agent_id: str = "",
    since: datetime = EARLIEST,
    before: tuple[int, int] = (0, 0),
    most: int,
    max_characters: int = MAX_LISTED_CHARACTERS,
) -> list[Decision]:
    rows = record.rows(
        "decisions",
        event_id=event_id,
        agent_id=agent_id,
        since=since,
        before_epoch=before[0],
        before_seq=before[1],
        most=most,
        max_characters=max_characters,
    )
    return [Decision(**each) for each in rows]
