"""Which pressure on a machine asks for which measure? Entries of a table, and how one stands.

A rule begins to hold after so many samples in a row over its limit, and holds until one is below
the lower end of its band. Of all rules that hold, the gravest for a worker is followed.

CPU that is short makes work slow, and nothing worse: it never stops anybody, unless the policy says
`hard_stop`. Memory that is short ends processes, so it may.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from enchanted.events.v1.command_pb2 import COMMAND_SLEEP, COMMAND_THROTTLE, CommandKind
from governor.model import Band, GovernedWorker, GovernorPolicy, HostState, RuleState
from nervous_system.service.persistent import EMPTY, PersistentMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What workers are told."""

    name: str
    kind: CommandKind.ValueType
    emergency: bool = False  # on the lane of its own
    keeps_one: bool = False  # a throttle that leaves everybody at least one task

    def command_for(self, max_tasks: int) -> tuple[CommandKind.ValueType, int]:
        """The command for a worker of so many tasks at once, and its limit.

        Half of one task is none: a throttle to one would change nothing there, so that worker
        sleeps, where the measure does not leave it one.
        """
        if self.kind != COMMAND_THROTTLE:
            return self.kind, 0
        half = max_tasks // 2
        if not half and not self.keeps_one:
            return COMMAND_SLEEP, 0
        return COMMAND_THROTTLE, max(1, half)


THROTTLE: Final = Measure(name="throttle", kind=COMMAND_THROTTLE)
SLOW_DOWN: Final = Measure(name="slow down", kind=COMMAND_THROTTLE, keeps_one=True)
SLEEP: Final = Measure(name="sleep", kind=COMMAND_SLEEP)
EMERGENCY_THROTTLE: Final = Measure(
    name="emergency throttle", kind=COMMAND_THROTTLE, emergency=True, keeps_one=True
)
EMERGENCY_SLEEP: Final = Measure(name="emergency sleep", kind=COMMAND_SLEEP, emergency=True)

MAINTENANCE_SKILL: Final = "maintenance"
"""The skill of those who make room on a disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorRule:
    """A named limit of one resource, for how long it must be passed, and what follows."""

    name: str
    resource: str
    band: Callable[[GovernorPolicy, HostState], Band]  # above it counts, below it does not
    samples: Callable[[GovernorPolicy], int]  # in a row, before it holds
    measure: Measure
    by_skill: tuple[tuple[str, Measure], ...] = ()  # for those who are needed to end it
    on_hard_stop: Measure | None = None  # where the policy says so

    def measure_for(self, skills: frozenset[str], *, hard_stop: bool) -> Measure:
        """What a worker with these skills is told."""
        usual = (self.on_hard_stop if hard_stop else None) or self.measure
        return next((measure for skill, measure in self.by_skill if skill in skills), usual)


def _cpu(policy: GovernorPolicy, state: HostState) -> Band:
    band = policy.band("cpu")
    return band.ending_at(state.max_cpu_percent) if state.max_cpu_percent > 0 else band


def _memory(policy: GovernorPolicy, state: HostState) -> Band:
    band = policy.band("memory")
    return band.ending_at(state.max_memory_percent) if state.max_memory_percent > 0 else band


def _critical_memory(policy: GovernorPolicy, state: HostState) -> Band:
    """Never below what the policy allows."""
    allowed = _memory(policy, state).high_percent
    return Band(
        high_percent=max(policy.memory_critical_percent, allowed),
        low_percent=min(policy.band("memory").high_percent, policy.memory_critical_percent),
    )


def _critical_disk(policy: GovernorPolicy, state: HostState) -> Band:
    return Band(
        high_percent=policy.disk_critical_percent, low_percent=policy.band("disk").high_percent
    )


class MeasureTaken(NamedTuple):
    """What a rule asks of one worker."""

    rule: GovernorRule
    kind: CommandKind.ValueType
    limit: int
    emergency: bool


RULES: Final[tuple[GovernorRule, ...]] = (
    GovernorRule(
        name="memory_critical",
        resource="memory",
        band=_critical_memory,
        samples=lambda policy: 1,
        measure=EMERGENCY_SLEEP,
    ),
    GovernorRule(
        name="disk_critical",
        resource="disk",
        band=_critical_disk,
        samples=lambda policy: 1,
        measure=EMERGENCY_SLEEP,
        by_skill=((MAINTENANCE_SKILL, EMERGENCY_THROTTLE),),  # who else should make room?
    ),
    GovernorRule(
        name="memory_over_limit_for_long",
        resource="memory",
        band=_memory,
        samples=lambda policy: policy.sleep_samples,
        measure=SLEEP,
    ),
    GovernorRule(
        name="cpu_over_limit_for_long",
        resource="cpu",
        band=_cpu,
        samples=lambda policy: policy.sleep_samples,
        measure=SLOW_DOWN,
        on_hard_stop=SLEEP,
    ),
    GovernorRule(
        name="memory_over_limit",
        resource="memory",
        band=_memory,
        samples=lambda policy: policy.throttle_samples,
        measure=THROTTLE,
    ),
    GovernorRule(
        name="cpu_over_limit",
        resource="cpu",
        band=_cpu,
        samples=lambda policy: policy.throttle_samples,
        measure=SLOW_DOWN,
        on_hard_stop=THROTTLE,
    ),
)
"""Emergencies first."""


def standings(
    state: HostState, policy: GovernorPolicy, *, in_a_row: bool
) -> PersistentMap[str, RuleState]:
    """How every rule stands after the sample that `state` ends with.

    `in_a_row` is false after a silence: what was counted before it does not count.
    """
    after: PersistentMap[str, RuleState] = EMPTY
    for rule in RULES:
        before = state.standings.get(rule.name, RuleState())
        band, percent = rule.band(policy, state), state.percent(rule.resource)
        over = (before.over if in_a_row else 0) + 1 if percent > band.high_percent else 0
        holds = over >= rule.samples(policy) or (before.holds and percent >= band.low_percent)
        after = after.set(rule.name, RuleState(over=over, holds=holds))
    return after


def update_rule_states(
    *, before: HostState, after: HostState, policy: GovernorPolicy
) -> PersistentMap[str, RuleState]:
    """How every rule stands when a person moved the limits: one that held goes on only while its
    new limit is passed. Well below it asks only of the limit under which it began.
    """
    found = after.standings
    for rule in RULES:
        standing, band = found.get(rule.name), rule.band(policy, after)
        if standing is None or band == rule.band(policy, before):
            continue
        if after.percent(rule.resource) <= band.high_percent:
            found = found.set(rule.name, RuleState())
    return found


def holding(state: HostState, now: datetime) -> tuple[GovernorRule, ...]:
    """The rules that hold. What a person overrides are limits, not emergencies."""
    found = [rule for rule in RULES if state.standings.get(rule.name, RuleState()).holds]
    overridden = state.overridden(now)
    return tuple(rule for rule in found if rule.measure.emergency or not overridden)


def strictest_measure(
    rules: tuple[GovernorRule, ...], worker: GovernedWorker, *, hard_stop: bool
) -> MeasureTaken | None:
    """What one worker is told where these rules hold: what the first emergency asks for, else what
    leaves it least; nothing where it may do as much as ever."""
    said = []
    for rule in rules:
        measure = rule.measure_for(worker.skills, hard_stop=hard_stop)
        kind, limit = measure.command_for(worker.max_tasks)
        told = MeasureTaken(rule=rule, kind=kind, limit=limit, emergency=measure.emergency)
        if told.emergency:
            return told
        if limit < worker.max_tasks:
            said.append(told)
    return min(said, key=lambda each: each.limit, default=None)
