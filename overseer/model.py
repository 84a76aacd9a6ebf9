"""What does the overseer know, beside its tasks?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from immutables import Map

from nervous_system.contract.words import OPERATIONAL
from nervous_system.service.persistent import PersistentMap
from overseer.indicators import IndicatorState
from overseer.kernel.state import Kernel
from overseer.policy import Policy

MAX_SCORES: Final = 20
"""Of so many finished tasks the mean score is taken."""

MAX_FINISHED: Final = 1_000
"""Objectives that ended and are remembered."""

MAINTENANCE_SOURCE: Final = "maintenance"
"""Of the objectives that the overseer proposes to itself, again and again; nobody else's."""

MAINTENANCE_IDS: Final = f"{MAINTENANCE_SOURCE}-"
"""So their ids begin, which anybody can foretell: nobody else may have one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreSettings:
    """What the overseer goes by; part of its core, not of its state."""

    pulse_seconds: float = 240.0
    max_pulse_seconds: float = 960.0
    maintenance_seconds: float = 1800.0
    resume_below_points: float = 5.0  # percentage points below a limit before dispatch resumes
    pressure_pulses: int = 2  # pulses under pressure, one after the other, that slow the cadence


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """An objective that was added and has not finished."""

    objective_id: str
    description: str
    priority: int
    metadata_json: str
    source: str
    added_at: datetime
    request_id: str
    history: bool = False
    plan: str = ""  # empty: not planned yet
    waits_for_approval: bool = False
    open_tasks: frozenset[str] = frozenset()
    failed_tasks: tuple[str, ...] = ()
    traceparent: str = ""  # of its proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The last two looks at one machine, in percent."""

    cpu_percent: float
    memory_percent: float
    sampled_at: datetime
    cpu_percent_before: float = 0.0
    memory_percent_before: float = 0.0
    cpu_count: float = 0.0  # what the machine has; 0: nobody said
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person lets the limits of CPU and memory hold nothing back for a time."""

    by: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """When the next pulse is due, and what happened since the last."""

    number: int = 0
    due_at: datetime | None = None
    interval_seconds: float = 0.0
    pressed: int = 0  # pulses in a row that found pressure
    completed: int = 0
    failed: int = 0
    requeued: int = 0
    alarms: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)  # without slots: it is copied all the time
class OverseerState:
    """Everything that is folded."""

    kernel: Kernel = field(default_factory=Kernel)
    objectives: PersistentMap[str, Objective] = field(default_factory=Map)
    finished: PersistentMap[str, str] = field(
        default_factory=Map
    )  # the last objectives that ended: which request brought them
    finished_order: tuple[str, ...] = ()
    failed_objectives: PersistentMap[str, Objective] = field(
        default_factory=Map
    )  # of the finished: those that go on when a task of theirs is tried again
    policy: Policy = field(default_factory=Policy)
    policy_hash: str = ""
    registered: frozenset[str] = frozenset()
    registry_hash: str = ""
    charter_hash: str = ""
    mode: str = OPERATIONAL
    mode_reason: str = ""
    halted: str = ""  # why a person stopped dispatch
    halted_by: str = ""
    halted_now: bool = False  # and ended what was being done
    override: Override | None = None  # the last that a person said
    held: str = ""  # why the limits hold dispatch
    limits_moved: bool = False  # since then, by another policy
    loads: PersistentMap[str, Load] = field(default_factory=Map)  # by host
    ingest_lag: int = 0
    claims_minute: str = ""  # the minute, and how many claims it had
    claims_in_minute: int = 0
    scores: tuple[float, ...] = ()  # of the last finished tasks, the oldest first
    cadence: Cadence = Cadence()
    maintained_at: datetime | None = None
    indicators: IndicatorState = field(default_factory=IndicatorState)
