"""When is a playbook that does not help left alone? A circuit breaker, as arithmetic on times.

It opens after so many tries without help, lets one through when its time is over, and opens for
twice as long if that did not help either. What was quiet for long is forgiven.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """How patient it is."""

    max_tries: int = 3
    first_seconds: float = 600.0  # it stays open so long at first
    max_seconds: float = 7200.0
    forgive_seconds: float = 3600.0  # without a try after it last closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What a playbook came to at one concern so far."""

    tries: int = 0  # since it last opened, or from the beginning
    tried_at: datetime | None = None
    open_until: datetime | None = None
    for_seconds: float = 0.0  # how long it was opened for last


def is_open(circuit: Circuit, now: datetime) -> bool:
    """Whether nothing may be tried at the moment."""
    return circuit.open_until is not None and now < circuit.open_until


def is_spent(circuit: Circuit, policy: BreakerPolicy, now: datetime) -> bool:
    """Whether it must open before another try."""
    circuit = forgive(circuit, policy, now)
    return circuit.tries >= (policy.max_tries if circuit.open_until is None else 1)


def next_seconds(circuit: Circuit, policy: BreakerPolicy, now: datetime) -> float:
    """For how long it opens."""
    before = forgive(circuit, policy, now).for_seconds
    return min(policy.max_seconds, 2 * before) if before else policy.first_seconds


def record_try(circuit: Circuit, policy: BreakerPolicy, now: datetime) -> Circuit:
    """After a try."""
    circuit = forgive(circuit, policy, now)
    return replace(circuit, tries=circuit.tries + 1, tried_at=now)


def open_circuit(circuit: Circuit, now: datetime, *, for_seconds: float) -> Circuit:
    """After it opened."""
    until = now + timedelta(seconds=for_seconds)
    return replace(circuit, tries=0, open_until=until, for_seconds=for_seconds)


def forgive(circuit: Circuit, policy: BreakerPolicy, now: datetime) -> Circuit:
    """As new, where nothing had to be tried for long enough."""
    last = max((each for each in (circuit.tried_at, circuit.open_until) if each), default=now)
    return Circuit() if (now - last).total_seconds() > policy.forgive_seconds else circuit
