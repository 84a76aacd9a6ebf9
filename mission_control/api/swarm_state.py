"""How does the state of the swarm at a moment look, and what changed between two?"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from mission_control.api.parameters import MAX_ROWS


class Mode(BaseModel):
    """`system`: its mode; and, if there are such, `halt`, `dispatch held`, `limits overridden`."""

    reason: str
    mode: str | None = None
    by: str | None = None
    ends_running_tasks: bool | None = None
    until: datetime | None = None


class Objective(BaseModel):
    """One that is not over."""

    description: str
    priority: int
    source: str
    plan: str
    waits_for_approval: bool
    open_tasks: list[str]
    failed_tasks: list[str]
    added_at: datetime


class OpenTask(BaseModel):
    """A task that has not ended."""

    status: Literal["waits", "waits for others", "claimed", "quarantined"]
    action: str
    objective_id: str
    priority: int
    worker_id: str
    attempt: int
    failures: int
    losses: int
    waits_for: list[str]
    waits_until: datetime | None
    set_aside: str
    submitted_at: datetime


class EndedTask(BaseModel):
    """What became of it."""

    status: str
    action: str
    objective_id: str
    worker_id: str
    attempt: int
    tool_efficacy_score: float | None
    ended_at: datetime


class Lease(BaseModel):
    """Of the task that has this id."""

    worker_id: str
    attempt: int
    lease_seconds: float
    claimed_at: datetime
    lease_until: datetime
    lost: str = Field(description="why its worker has it no longer")


class Worker(BaseModel):
    """One that is registered."""

    role: str
    host: str
    pid: int
    skills: list[str]
    actions: list[str]
    max_concurrent_tasks: int
    tasks: list[str]
    draining: bool
    told_to_go: str
    registered_at: datetime
    heard_at: datetime


class Rule(BaseModel):
    """One in force; of `policy`, `registry` and `charter` the hash."""

    value: Any
    agents: int | None = None


class Incident(BaseModel):
    """One that is open."""

    rule: str
    about: str
    incident_class: str = Field(alias="class")
    summary: str
    cause_event_id: str
    opened_at: datetime
    step: int
    dispatch_held: bool


class Machine(BaseModel):
    """As it was sampled last."""

    cpu_percent: float
    memory_percent: float
    cpu_count: float
    memory_bytes: int
    sampled_at: datetime


class SwarmStateAnswer(BaseModel):
    """At one position of the log: each thing by its id."""

    as_of: int
    recorded_at: datetime
    mode: dict[str, Mode]
    objectives: dict[str, Objective]
    tasks: dict[str, OpenTask]
    leases: dict[str, Lease]
    workers: dict[str, Worker]
    rules: dict[str, Rule]
    incidents: dict[str, Incident]
    machines: dict[str, Machine]
    ended_tasks: dict[str, EndedTask] = Field(description="the last that ended, the newest first")
    ended_tasks_known: int
    left_out: dict[str, int] = Field(
        description=f"how many of a section are not here: {MAX_ROWS:,} are, by their ids"
    )


class Place(BaseModel):
    """A position of the log, and when it was stored."""

    position: int
    recorded_at: datetime


class DifferenceAnswer(BaseModel):
    """One thing that is another now."""

    section: str
    id: str
    way: Literal["came", "went", "changed"]
    before: dict[str, Any] | None
    after: dict[str, Any] | None = Field(description="of what went: what became of it")
    events: list[dict[str, Any]] = Field(description="that did it, the last ones")
    events_left_out: int


class BetweenAnswer(BaseModel):
    """What changed from the earlier of two moments to the later."""

    as_of: int
    begin: Place = Field(alias="from")
    end: Place = Field(alias="to")
    explained: bool = Field(
        description="whether the events were looked for: the moments may lie too far apart"
    )
    differences: list[DifferenceAnswer]
    differences_left_out: int
