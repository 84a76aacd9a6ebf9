"""How did a round of reflect, plan, act and critique find the swarm?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from nervous_system.bus import Bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.names import EVENTS
from nervous_system.phrases import join_list, pluralize, with_reason
from operations.descriptions.table import describe
from overseer.indicators import Indicator as Indicator  # whoever calls needs it


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """What each of the four saw or did, a sentence each."""

    reflect: str
    plan: str
    act: str
    critique: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseReport:
    """One round."""

    number: int
    event_id: str
    position: int
    recorded_at: datetime
    interval_seconds: float  # until the next
    sentence: str
    recommendation: str  # steady, watch, hold or recover
    phases: Phases
    workers: int
    tasks_waiting: int
    tasks_claimed: int
    cpu_percent: float
    memory_percent: float
    ingest_lag: int
    tes_mean: float | None
    tes_trend: float
    indicators: list[Indicator]


async def last_pulse_of(bus: Bus) -> PulseReport | None:
    """None before the first. Raises Unavailable."""
    last = await bus.last_live(f"{EVENTS}.overseer.pulse")
    if last is None or last.event.agent_role != ROLE_OVERSEER:
        return None
    return pulse_of(last)


def pulse_of(recorded: RecordedEvent) -> PulseReport | None:
    """None for an event of another kind."""
    payload = recorded.event.payload
    if not isinstance(payload, PulseCompleted):
        return None
    has_score = payload.HasField("mean_tool_efficacy_score")
    return PulseReport(
        number=payload.number,
        event_id=recorded.event.event_id,
        position=recorded.sequence,
        recorded_at=recorded.recorded_at,
        interval_seconds=payload.interval_seconds,
        sentence=describe(payload),
        recommendation=payload.recommendation,
        phases=_phases(payload),
        workers=payload.workers_alive,
        tasks_waiting=payload.tasks_waiting,
        tasks_claimed=payload.tasks_claimed,
        cpu_percent=payload.cpu_percent,
        memory_percent=payload.memory_percent,
        ingest_lag=payload.ingest_lag,
        tes_mean=payload.mean_tool_efficacy_score if has_score else None,
        tes_trend=payload.trend_tool_efficacy_score,
        indicators=[
            Indicator(
                name=each.name,
                value=each.value if each.HasField("value") else None,
                target=each.target,
                met=each.met,
            )
            for each in payload.indicators
        ],
    )


def _phases(payload: PulseCompleted) -> Phases:
    machines = f"CPU {payload.cpu_percent:.0f} %, memory {payload.memory_percent:.0f} %"
    workers = pluralize(payload.workers_alive, "worker")
    tasks = f"{payload.tasks_claimed:,} tasks claimed, {payload.tasks_waiting:,} waiting"
    behind = f"ClickHouse {pluralize(payload.ingest_lag, 'position')} behind"
    ends = f"{payload.tasks_completed:,} completed, {payload.tasks_failed:,} failed"
    held = f"no task is handed out{with_reason(payload.hold_reason)}"
    score = (
        f", TES {payload.mean_tool_efficacy_score:.0f} ({payload.trend_tool_efficacy_score:+.0f})"
        if payload.HasField("mean_tool_efficacy_score")
        else ""
    )
    return Phases(
        reflect=f"{workers}; {tasks}; {machines}; {behind}",
        plan=f"planned {join_list(list(payload.planned_objectives))}",
        act=held if payload.dispatch_held else "tasks are handed out",
        critique=f"{ends}, {payload.tasks_requeued:,} queued again{score}:"
        f" {payload.recommendation}",
    )
