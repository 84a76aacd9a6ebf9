"""How well does the swarm do, in five numbers? Each has one formula, which is here: a pulse records
the values, and `swarm.key_indicators` in ClickHouse shows those of the last one. Only what the
overseer goes by counts, see READS in `nervous_system/contract/authority.py`; of the rows in
`swarm.events` it is those where `heard`.

Time is counted in whole minutes of UTC: the last 24 h are the minute of `now` and the 1439 before
it. What is not measured yet has no value and is not met.

- uptime_percent: of the minutes since the first start, the share in which the system mode was
  operational all through. The first start is the first event of an overseer, or the first
  SystemModeChanged; the mode is operational until an event says otherwise; a minute in
  which another mode began, held or ended does not count.
- mean_tool_efficacy_score: of the tasks acknowledged in the last 24 h, however they ended.
- policy_violations: tasks submitted or claimed in the last 24 h against the rules in force; see
  `policy_timeline.py`. A submission is one, too, that leaves more open tasks than the policy
  allows: from submission to any acknowledgement but that of a quarantine; and so is a claim beyond
  the quota of its minute, which is that of the overseer's turn: the event's own timestamp.
- confidence_change_percent: the mean confidence of the decisions of the last 24 h against that of
  the 24 h before, relative. Decisions without a confidence from 0 to 1 do not count.
- human_overrides: events of an operator in the last 24 h that reverse or pre-empt what a service
  decides: TaskOrdered, HaltOrdered, CommandIssued, DispatchHeld, DispatchResumed,
  SystemModeChanged, and a HaltLifted that ends a halt which no operator had ordered. A proposal, or
  the approval that a plan waits for, is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import fsum
from typing import Any, Final, NamedTuple

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.command_pb2 import CommandIssued
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
    KeyIndicator,
    SystemModeChanged,
)
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import (
    RESULT_QUARANTINED,
    TaskAcknowledged,
    TaskClaimed,
    TaskManifest,
    TaskSubmitted,
)
from enchanted.events.v1.task_request_pb2 import TaskOrdered
from nervous_system.contract.efficacy import tool_efficacy_score
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.words import OPERATIONAL
from nervous_system.service.fast_replace import replace
from nervous_system.service.persistent import EMPTY, PersistentMap
from overseer.policy_timeline import RULING, PolicyTimeline

DAY_MINUTES: Final = 1440
KEPT_MINUTES: Final = 2 * DAY_MINUTES

_OVERRIDING: Final = (
    *(TaskOrdered, HaltOrdered, CommandIssued),
    *(DispatchHeld, DispatchResumed, SystemModeChanged),
)
_TELLING: Final = frozenset(
    (*_OVERRIDING, *RULING, AgentDecision, TaskSubmitted, TaskClaimed, TaskAcknowledged)
)


class Sum(NamedTuple):
    """What was counted in one minute."""

    total: float
    number: int


class SubmittedTask(NamedTuple):
    """What of a task the policy judges."""

    action: str
    risk_tier: int


class Unwell(NamedTuple):
    """Minutes, both included, that were not operational all through."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One number against its target."""

    name: str
    value: float | None  # None: nothing to measure yet
    target: float
    met: bool

    def encode(self) -> KeyIndicator:
        """To the wire."""
        message = KeyIndicator(name=self.name, target=self.target, met=self.met)
        if self.value is not None:
            message.value = self.value
        return message


@dataclass(frozen=True, kw_only=True)  # without slots: it is copied all the time
class IndicatorState:
    """Sums by minute over two days, the rules in force, and what open tasks ask for."""

    started_minute: int | None = None
    mode_since_minute: int = 0
    unwell: tuple[Unwell, ...] = ()  # of modes that ended; no two of them touch
    scores: PersistentMap[str, Sum] = EMPTY  # by minute, as all that follow
    confidences: PersistentMap[str, Sum] = EMPTY
    violations: PersistentMap[str, Sum] = EMPTY
    overrides: PersistentMap[str, Sum] = EMPTY
    pruned_hour: int = 0
    rules: PolicyTimeline = field(default_factory=PolicyTimeline)
    open_tasks: PersistentMap[str, SubmittedTask] = EMPTY
    claims_minute: int = 0  # of the last claim
    claims_in_minute: int = 0  # claims one after the other in that minute, as `core.py` counts them


def evolve(state: IndicatorState, recorded: RecordedEvent) -> IndicatorState:
    """The state after one more event."""
    event, payload = recorded.event, recorded.event.payload
    if state.started_minute is not None and type(payload) not in _TELLING:
        return state
    minute = _minute(recorded.recorded_at)
    if state.started_minute is None and (
        event.agent_role == ROLE_OVERSEER or isinstance(payload, SystemModeChanged)
    ):
        state = replace(state, started_minute=minute)
    if event.agent_role == ROLE_OPERATOR and _overrides(state, payload):
        state = _add_to_series(state, "overrides", minute)
    match payload:
        case AgentDecision():
            return _on_decided(state, payload, minute)
        case TaskSubmitted() if event.agent_role == ROLE_OVERSEER:
            return _on_submitted(state, payload.manifest, recorded.sequence, minute)
        case TaskClaimed() if event.agent_role == ROLE_OVERSEER:
            return _on_claimed(state, payload, recorded, minute)
        case TaskAcknowledged() if event.agent_role == ROLE_OVERSEER:
            return _on_acknowledged(state, payload, minute)
        case SystemModeChanged():
            state = _on_mode_changed(state, minute)
    rules = state.rules.evolve(recorded)
    return state if rules is state.rules else replace(state, rules=rules)


def indicators(state: IndicatorState, now: datetime) -> tuple[Indicator, ...]:
    """All of them, as of now: no earlier than the last event folded."""
    minute = _minute(now)
    scores = _last_day(state.scores, minute)
    return (
        _at_least("uptime_percent", _uptime_percent(state, minute), 95.0),
        _at_least("mean_tool_efficacy_score", _mean(scores), 96.0),
        _at_most("policy_violations", _count(state, state.violations, minute), 0.0),
        _at_least("confidence_change_percent", _confidence_change_percent(state, minute), 1.0),
        _at_most("human_overrides", _count(state, state.overrides, minute), 1.0),
    )


def _on_decided(state: IndicatorState, decision: AgentDecision, minute: int) -> IndicatorState:
    confidence = decision.confidence_score
    if not decision.HasField("confidence_score") or not 0.0 <= confidence <= 1.0:
        return state
    return _add_to_series(state, "confidences", minute, confidence)


def _on_submitted(
    state: IndicatorState, manifest: TaskManifest, sequence: int, minute: int
) -> IndicatorState:
    asked = SubmittedTask(manifest.action, manifest.risk_tier)
    if manifest.task_id not in state.open_tasks:
        state = replace(state, open_tasks=state.open_tasks.set(manifest.task_id, asked))
    open_tasks = len(state.open_tasks)
    forbidden = all(
        rules.forbid_task(*asked) or rules.forbid_more_tasks(open_tasks)
        for rules in state.rules.judging(sequence)
    )
    return _add_to_series(state, "violations", minute) if forbidden else state


def _on_claimed(
    state: IndicatorState, claimed: TaskClaimed, recorded: RecordedEvent, minute: int
) -> IndicatorState:
    turn_minute = _minute(recorded.event.timestamp)
    claims = state.claims_in_minute + 1 if state.claims_minute == turn_minute else 1
    state = replace(state, claims_minute=turn_minute, claims_in_minute=claims)
    asked = state.open_tasks.get(claimed.task_id)
    forbidden = all(
        rules.forbid_claim(claimed.worker_id)
        or rules.forbid_more_claims(claims)
        or (asked is not None and rules.forbid_task(*asked))
        for rules in state.rules.judging(recorded.sequence)
    )
    return _add_to_series(state, "violations", minute) if forbidden else state


def _on_acknowledged(
    state: IndicatorState, acknowledged: TaskAcknowledged, minute: int
) -> IndicatorState:
    if acknowledged.result != RESULT_QUARANTINED and acknowledged.task_id in state.open_tasks:
        state = replace(state, open_tasks=state.open_tasks.delete(acknowledged.task_id))
    score = tool_efficacy_score(
        result=acknowledged.result,
        duration_seconds=acknowledged.duration_seconds,
        changed_files=len(acknowledged.changed_files),
    )
    return _add_to_series(state, "scores", minute, score)


def _on_mode_changed(state: IndicatorState, minute: int) -> IndicatorState:
    unwell = state.unwell
    if state.rules.rules.system_mode != OPERATIONAL and state.mode_since_minute <= minute:
        over = Unwell(state.mode_since_minute, minute)
        if unwell and unwell[-1].first <= over.first <= unwell[-1].last + 1:
            over = Unwell(unwell[-1].first, max(over.last, unwell[-1].last))
            unwell = unwell[:-1]
        unwell = (*(each for each in unwell if each.last > minute - KEPT_MINUTES), over)
    return replace(state, mode_since_minute=minute, unwell=unwell)


def _overrides(state: IndicatorState, payload: object) -> bool:
    if isinstance(payload, HaltLifted):
        return state.rules.rules.halted_by not in (None, ROLE_OPERATOR)
    return isinstance(payload, _OVERRIDING)


def _add_to_series(
    state: IndicatorState, name: str, minute: int, value: float = 1.0
) -> IndicatorState:
    """The value belongs to one series' minute; once an hour, minutes too old to matter go."""
    series: PersistentMap[str, Sum] = getattr(state, name)
    before = series.get(str(minute), Sum(0.0, 0))
    changes: dict[str, Any] = {
        name: series.set(str(minute), Sum(before.total + value, before.number + 1))
    }
    if minute // 60 > state.pruned_hour:
        for each in ("scores", "confidences", "violations", "overrides"):
            changes[each] = _prune(changes.get(each, getattr(state, each)), minute)
        changes["pruned_hour"] = minute // 60
    return replace(state, **changes)


def _prune(series: PersistentMap[str, Sum], minute: int) -> PersistentMap[str, Sum]:
    for each in [key for key in series if int(key) <= minute - KEPT_MINUTES]:
        series = series.delete(each)
    return series


def _uptime_percent(state: IndicatorState, minute: int) -> float | None:
    if state.started_minute is None or state.started_minute > minute:
        return None
    first = max(state.started_minute, minute - DAY_MINUTES + 1)
    unwell: Iterable[Unwell] = state.unwell
    if state.rules.rules.system_mode != OPERATIONAL:
        unwell = (*state.unwell, Unwell(state.mode_since_minute, minute))
    spoiled = {
        each
        for period in unwell
        for each in range(max(period.first, first), min(period.last, minute) + 1)
    }
    minutes = minute - first + 1
    return 100.0 * (minutes - len(spoiled)) / minutes


def _confidence_change_percent(state: IndicatorState, minute: int) -> float | None:
    now = _mean(_last_day(state.confidences, minute))
    before = _mean(_last_day(state.confidences, minute - DAY_MINUTES))
    if now is None or not before:
        return None
    return 100.0 * (now - before) / before


def _count(state: IndicatorState, series: PersistentMap[str, Sum], minute: int) -> float | None:
    if state.started_minute is None or state.started_minute > minute:
        return None
    return float(_last_day(series, minute).number)


def _last_day(series: PersistentMap[str, Sum], minute: int) -> Sum:
    """The sum over the 1440 minutes that end with this one."""
    sums = [each for key, each in series.items() if minute - DAY_MINUTES < int(key) <= minute]
    # fsum, as the order of a table is another in each process, and that of a sum's parts matters.
    return Sum(fsum(each.total for each in sums), sum(each.number for each in sums))


def _mean(over: Sum) -> float | None:
    return over.total / over.number if over.number else None


def _at_least(name: str, value: float | None, target: float) -> Indicator:
    met = value is not None and value >= target
    return Indicator(name=name, value=value, target=target, met=met)


def _at_most(name: str, value: float | None, target: float) -> Indicator:
    met = value is not None and value <= target
    return Indicator(name=name, value=value, target=target, met=met)


def _minute(moment: datetime) -> int:
    return int(moment.timestamp() // 60)
