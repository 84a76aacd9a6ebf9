"""What does the governor know about its machine, about those who work there, and about what it told
them?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from enchanted.events.v1.alarm_pb2 import ALARM_COMMAND_NOT_OBEYED, AlarmName
from enchanted.events.v1.command_pb2 import CommandKind
from nervous_system.contract.words import word
from nervous_system.service.persistent import EMPTY, PersistentMap

SERVICE: Final = "governor"

HEALTHY: Final = "HEALTHY"
DEGRADED: Final = "DEGRADED"
"""Something is overloaded; the machine still works."""
CRITICAL_FAILURE: Final = "CRITICAL_FAILURE"
"""Nobody knows how the machine is doing."""

COMMAND_NOT_OBEYED: Final = word(AlarmName, ALARM_COMMAND_NOT_OBEYED)
"""Name of the alarm that workers do not do what they are told, or do not say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Overloaded from `high_percent` on, well again below `low_percent`, as it was between."""

    high_percent: float
    low_percent: float

    def overloaded(self, percent: float, *, before: bool) -> bool:
        """Whether it is overloaded now, given what it was before."""
        return percent >= self.low_percent if before else percent >= self.high_percent

    def ending_at(self, high_percent: float) -> Band:
        """The band that ends elsewhere, and is as wide in proportion."""
        return Band(
            high_percent=high_percent,
            low_percent=high_percent * self.low_percent / self.high_percent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorPolicy:
    """What the governor holds a machine to, as set up; a policy on the log has precedence."""

    bands: tuple[tuple[str, Band], ...]  # by resource: cpu, memory, disk
    sample_seconds: float
    missed_samples: int = 3  # this many in a row are silence
    memory_critical_percent: float = 97.0
    disk_critical_percent: float = 98.0
    throttle_samples: int = 3  # over a limit for so many in a row: do less
    sleep_samples: int = 10  # and for so many: do nothing
    command_samples: int = 5  # for so many a command holds, unless it is renewed
    clean_up_percent: float = 80.0
    clean_up_pulses: int = 3
    acknowledge_seconds: float = 30.0

    def band(self, resource: str) -> Band:
        """Of `cpu`, `memory` or `disk`."""
        return dict(self.bands)[resource]

    @property
    def command_seconds(self) -> float:
        """How long a command holds."""
        return self.command_samples * self.sample_seconds

    @property
    def silence(self) -> timedelta:
        """After so long without a sample nobody knows how the machine does."""
        return timedelta(seconds=self.missed_samples * self.sample_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """How a rule stands."""

    over: int = 0  # samples in a row that were over its limit
    holds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernedWorker:
    """One that works on this machine."""

    max_tasks: int
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveLimit:
    """The command that a worker was given last and that was not taken back."""

    command_id: str
    kind: CommandKind.ValueType
    limit: int
    emergency: bool
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A command on which its worker has said nothing yet, or no."""

    worker_id: str
    issued_at: datetime
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """One machine, as the log tells it."""

    heard_at: datetime | None = None  # the last sample, or when somebody undertook to send some
    sampled_at: datetime | None = None
    overloaded: frozenset[str] = frozenset()
    newly_overloaded: frozenset[str] = frozenset()  # by the last sample
    cpu_percent: float = 0.0
    memory_percent: float = 0.0
    disk_percent: float = 0.0
    memory_usage_mb: int = 0  # of 2^20 bytes
    silence_reported: bool = False
    max_cpu_percent: float = 0.0  # of the policy in force; 0: it says nothing
    max_memory_percent: float = 0.0
    hard_stop: bool = False  # of that policy: CPU, too, may stop all work
    overridden_until: datetime | None = None  # so long a person lets no limit count
    standings: PersistentMap[str, RuleState] = EMPTY  # by rule
    pressed_pulses: int = 0  # in a row
    workers: PersistentMap[str, GovernedWorker] = EMPTY
    orders: PersistentMap[str, ActiveLimit] = (
        EMPTY  # by worker; also of one that is gone and may come back
    )
    unanswered: PersistentMap[str, Unanswered] = EMPTY  # by command
    unresponsive: frozenset[str] = frozenset()  # workers of whom it was said that they do not obey

    @property
    def status(self) -> str:
        """The status of a SystemSignal."""
        return DEGRADED if self.overloaded else HEALTHY

    def percent(self, resource: str) -> float:
        """Of `cpu`, `memory` or `disk`, by the last sample."""
        return {
            "cpu": self.cpu_percent,
            "memory": self.memory_percent,
            "disk": self.disk_percent,
        }[resource]

    def overridden(self, now: datetime) -> bool:
        """Whether a person has said that limits do not count at this moment."""
        return self.overridden_until is not None and now < self.overridden_until

    def knows(self, policy: GovernorPolicy, now: datetime) -> bool:
        """Whether the last sample still says how the machine does."""
        return self.sampled_at is not None and now - self.sampled_at <= policy.silence
