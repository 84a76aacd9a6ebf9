"""What do the rules forbid at this moment of the log? Who judges the past folds it up to there.

Refused acts are on the log as refusals or not at all; what is judged is what was done. A leader
decides on what it had seen, so its acts can stand behind a rule that it could not know yet: an act
is forbidden only where the rules forbid it both at its own place and at the last one its decision
had seen. `swarm.rules_in_force` and `swarm.policy_violations` in ClickHouse say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from enchanted.events.v1.leadership_pb2 import RequestsTaken, TickObserved
from enchanted.events.v1.policy_pb2 import PolicyAdopted, RegistryAdopted
from enchanted.events.v1.pulse_pb2 import (
    DispatchHeld,
    DispatchResumed,
    HaltLifted,
    HaltOrdered,
    SystemModeChanged,
)
from nervous_system import names
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.words import HALTED, OPERATIONAL
from overseer.policy import matches_any
from overseer.vocabulary import SERVICE

MAX_CHANGES: Final = 16
"""So many changes of the rules can lie between what a decision had seen and its place."""

RULING: Final = (
    *(PolicyAdopted, RegistryAdopted, DispatchHeld, DispatchResumed),
    *(HaltOrdered, HaltLifted, SystemModeChanged, RequestsTaken, TickObserved),
)
"""The kinds of event that change the rules, or say which of them a decision had seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRules:
    """What holds. The defaults are those before anything was adopted: nothing is forbidden."""

    allowed_actions: tuple[str, ...] = ("*",)
    allowed_tiers: frozenset[int] | None = None  # None: all
    max_open_tasks: int | None = None  # None: any number
    max_claims_per_minute: int | None = None
    allow_unregistered_agents: bool = True
    registered: frozenset[str] = frozenset()
    dispatch_held: bool = False
    halted_by: int | None = None  # the role of who ordered the halt
    system_mode: str = OPERATIONAL

    def after(self, event: Event) -> PolicyRules:
        """What holds behind one more event; itself where that changes nothing."""
        match event.payload:
            case PolicyAdopted() as policy:
                stated = policy.max_cpu_pct > 0
                return replace(
                    self,
                    allowed_actions=tuple(policy.allowed_actions) if stated else ("*",),
                    allowed_tiers=frozenset(policy.allowed_tiers) if stated else None,
                    max_open_tasks=policy.max_open_tasks or None if stated else None,
                    max_claims_per_minute=policy.max_claims_per_minute or None if stated else None,
                    allow_unregistered_agents=policy.allow_unregistered_agents or not stated,
                )
            case RegistryAdopted() as registry:
                registered = frozenset(entry.agent_id for entry in registry.entries)
                return replace(self, registered=registered)
            case DispatchHeld():
                return replace(self, dispatch_held=True)
            case DispatchResumed():
                return replace(self, dispatch_held=False)
            case HaltOrdered():
                return replace(self, halted_by=event.agent_role)
            case HaltLifted():
                return replace(self, halted_by=None)
            case SystemModeChanged() as changed:
                return replace(self, system_mode=changed.mode)
            case _:
                return self

    def forbid_task(self, action: str, risk_tier: int) -> bool:
        """Whether there may be no such task."""
        if not matches_any(action, self.allowed_actions):
            return True
        tiers = self.allowed_tiers
        return bool(risk_tier) and tiers is not None and risk_tier not in tiers

    def forbid_more_tasks(self, open_tasks: int) -> bool:
        """Whether so many may not be open at once."""
        return self.max_open_tasks is not None and open_tasks > self.max_open_tasks

    def forbid_more_claims(self, claims: int) -> bool:
        """Whether there may not be so many within a minute."""
        most = self.max_claims_per_minute
        return most is not None and claims > most

    def forbid_claim(self, worker_id: str) -> bool:
        """Whether this worker may be given nothing, whatever the task."""
        if self.dispatch_held or self.halted_by is not None or self.system_mode == HALTED:
            return True
        return not self.allow_unregistered_agents and worker_id not in self.registered


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From which sequence on rules hold."""

    sequence: int
    rules: PolicyRules


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTimeline:
    """The rules at a position, and those that the overseer's last turn had seen."""

    changes: tuple[Change, ...] = field(default=(Change(sequence=0, rules=PolicyRules()),))
    seen: PolicyRules = PolicyRules()
    turn_sequence: int | None = None  # where that turn stands

    @property
    def rules(self) -> PolicyRules:
        """Those that hold now."""
        return self.changes[-1].rules

    def evolve(self, recorded: RecordedEvent) -> PolicyTimeline:
        """One event further."""
        payload = recorded.event.payload
        if isinstance(payload, RequestsTaken | TickObserved):
            if payload.service != SERVICE:
                return self
            return self._at_turn(recorded.sequence, payload.as_of_sequence)
        rules = self.rules.after(recorded.event)
        if rules is self.rules:
            return self
        change = Change(sequence=recorded.sequence, rules=rules)
        return replace(self, changes=(*self.changes[1 - MAX_CHANGES :], change))

    def _at_turn(self, sequence: int, as_of_sequence: int) -> PolicyTimeline:
        changes = self.changes
        while len(changes) > 1 and changes[1].sequence <= as_of_sequence:
            changes = changes[1:]
        return replace(self, changes=changes, seen=changes[0].rules, turn_sequence=sequence)

    def judging(self, sequence: int) -> tuple[PolicyRules, ...]:
        """The rules that must all forbid an act at this sequence to make it a violation."""
        turn = self.turn_sequence
        if turn is not None and 0 <= sequence - turn <= names.MAX_BATCH_MESSAGES:
            return (self.rules, self.seen)
        return (self.rules,)
