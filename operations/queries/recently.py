"""What do the tables say of the last hour and day: costs, who was heard, what was alarming?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from nervous_system.errors import NotRunning, QueryRefused
from operations.queries.record import Record

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(hours=24)
MAX_AGENTS: Final = 100
MAX_ALARMS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What outcomes of actions say that they cost."""

    usd: float  # in all
    lately_usd: float  # in the last 24 hours
    tokens: int  # in all, read and written


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveAgent:
    """Who decided or changed something."""

    agent_id: str
    agent_role: str
    role_name: str  # what it calls its role; empty: it does not say
    model: str
    decisions: int
    changes: int
    outcomes: int
    failures: int
    cost_usd: float
    decided: str  # the last decision; empty: none
    decided_id: str
    heard_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What must not go unnoticed."""

    name: str
    severity: str
    message: str
    action: str  # what to do
    event_id: str  # of the last of this name
    raised_at: datetime
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recently:
    """What is known of it. None or nothing if the tables do not answer; `left_out` says why."""

    recorded: int | None = None
    costs: Costs | None = None
    agents: list[ActiveAgent] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def recently(record: Record, at: datetime) -> Recently:
    """Up to a time. It raises nothing: what cannot be known is left out."""
    until = at + timedelta(microseconds=1)
    try:
        return Recently(
            recorded=record.as_of(),
            costs=costs(record, until),
            agents=active_agents(record, since=at - HOUR, until=until, limit=MAX_AGENTS),
            alarms=alarms(record, since=at - HOUR, until=until),
        )
    except (NotRunning, QueryRefused) as error:
        return Recently(left_out=[f"costs, agents and alarms: {error}"])


def costs(record: Record, until: datetime) -> Costs:
    """Raises NotRunning, QueryRefused."""
    (row,) = record.rows("costs", since=until - DAY, until=until)
    return Costs(**row)


def active_agents(
    record: Record, *, since: datetime, until: datetime, limit: int
) -> list[ActiveAgent]:
    """Those who decided, changed or did something, the last heard first. Raises as `costs`."""
    rows = record.rows("agents", since=since, until=until, most=limit)
    return [ActiveAgent(**row) for row in rows]


def alarms(record: Record, *, since: datetime, until: datetime) -> list[Alarm]:
    """The last first, each name once. Raises as `costs`."""
    rows = record.rows("alarms", since=since, until=until, most=MAX_ALARMS)
    return [Alarm(**row) for row in rows]
