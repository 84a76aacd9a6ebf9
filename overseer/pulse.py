"""What does one round of Reflect, Plan, Act and Critique see and do? Written down as one event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import fmean

from enchanted.events.v1.pulse_pb2 import (
    RECOMMENDATION_HOLD,
    RECOMMENDATION_RECOVER,
    RECOMMENDATION_STEADY,
    RECOMMENDATION_WATCH,
    PulseCompleted,
    Recommendation,
    SuccessWeight,
)
from nervous_system.contract.words import OPERATIONAL, word
from nervous_system.service.decision import Emit
from overseer import dispatch_control as gates
from overseer.indicators import indicators
from overseer.model import CoreSettings, OverseerState

MAX_WEIGHTS = 50
"""Of agents and actions in one pulse: those that finished something last."""

MAX_PULSES = 2**63
"""Whatever number somebody gave a pulse, there is one after it."""


def due(state: OverseerState, now: datetime) -> bool:
    """Whether a pulse is due; the first is as soon as a charter is in force."""
    if not state.charter_hash:
        return False
    return state.cadence.due_at is None or now >= state.cadence.due_at


def reflect(state: OverseerState, settings: CoreSettings, now: datetime) -> PulseCompleted:
    """What is there: workers, tasks, machines, rules, alarms."""
    kernel, hold_reason = state.kernel, gates.hold_reason(state, settings, now)
    seen = PulseCompleted(
        number=min(state.cadence.number + 1, MAX_PULSES),
        charter_hash=state.charter_hash,
        policy_hash=state.policy_hash,
        registry_hash=state.registry_hash,
        system_mode=state.mode,
        dispatch_held=bool(hold_reason),
        hold_reason=hold_reason,
        workers_alive=len(kernel.workers),
        tasks_claimed=len(kernel.claimed),
        tasks_waiting=len(kernel.tasks) - len(kernel.claimed),
        ingest_lag=state.ingest_lag,
        alarms=state.cadence.alarms,
        incidents=state.cadence.incidents,
    )
    loads = list(gates.fresh(state, now).values())
    if loads:
        seen.cpu_percent = max(load.cpu_percent for load in loads)
        seen.memory_percent = max(load.memory_percent for load in loads)
    return seen


def critique(
    state: OverseerState,
    settings: CoreSettings,
    seen: PulseCompleted,
    now: datetime,
    *,
    planned: Sequence[str],
) -> Emit:
    """How well it goes, and what to do about it; the event of the whole pulse."""
    cadence = state.cadence
    pulse = PulseCompleted()
    pulse.CopyFrom(seen)
    pulse.planned_objectives.extend(planned)
    pulse.tasks_completed = cadence.completed
    pulse.tasks_failed = cadence.failed
    pulse.tasks_requeued = cadence.requeued
    if state.scores:
        pulse.mean_tool_efficacy_score = fmean(state.scores)
        pulse.trend_tool_efficacy_score = trend(state.scores)
    for key, record in state.kernel.latest_records(MAX_WEIGHTS):
        agent_id, _, action = key.partition("\n")
        weight = SuccessWeight(agent_id=agent_id, action=action, weight=record.weight)
        pulse.weights.append(weight)
    pulse.indicators.extend(each.encode() for each in indicators(state.indicators, now))
    pulse.recommendation = word(Recommendation, recommendation(state, held=seen.dispatch_held))
    pulse.interval_seconds = interval_seconds(state, settings)
    return Emit(label="pulse", payload=pulse)


def trend(scores: Sequence[float]) -> float:
    """The mean of the newer half less that of the older; 0 where there are fewer than four."""
    half = len(scores) // 2
    if half < 2:
        return 0.0
    return fmean(scores[-half:]) - fmean(scores[:half])


def recommendation(state: OverseerState, *, held: bool) -> Recommendation.ValueType:
    """What to make of it."""
    if held:
        return RECOMMENDATION_HOLD
    if state.mode != OPERATIONAL:
        return RECOMMENDATION_RECOVER
    failing = state.cadence.failed > state.cadence.completed
    falling = bool(state.scores) and trend(state.scores) < -10.0
    troubled = failing or falling or state.cadence.alarms
    return RECOMMENDATION_WATCH if troubled else RECOMMENDATION_STEADY


def interval_seconds(state: OverseerState, settings: CoreSettings) -> float:
    """Until the next pulse: doubled for every pulse under pressure beyond the first few, and as
    configured again when the pressure is gone."""
    pressed = state.cadence.pressed + 1 if state.held else 0
    doublings = max(0, pressed - settings.pressure_pulses + 1)
    return min(settings.max_pulse_seconds, settings.pulse_seconds * 2.0 ** min(doublings, 20))
