"""How does the swarm stand, in a few facts? For `/healthz`, and for whoever folds the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from nervous_system.telemetry.health import Fact
from overseer import dispatch_control as gates
from overseer.model import CoreSettings, OverseerState
from overseer.standstill import Standstill

Look = Callable[[OverseerState, CoreSettings, datetime], Fact]


def _overridden(state: OverseerState, settings: CoreSettings, now: datetime) -> str:
    said = gates.override(state, now)
    return gates.apply_override(said) if said is not None else ""


FACTS: Final[Mapping[str, Look]] = {
    "mode": lambda state, settings, now: state.mode,
    "held": gates.stop,
    "slowed": lambda state, settings, now: Standstill(state, settings, now).of_machines(),
    "waits": lambda state, settings, now: Standstill(state, settings, now).of_swarm(),
    "aside": lambda state, settings, now: Standstill(state, settings, now).of_aside(),
    "unapproved": lambda state, settings, now: Standstill(state, settings, now).of_approval(),
    "dismissed": lambda state, settings, now: Standstill(state, settings, now).of_dismissed(),
    "overridden": _overridden,
    "workers": lambda state, settings, now: len(state.kernel.workers),
    "tasks_waiting": lambda state, settings, now: (
        len(state.kernel.tasks) - len(state.kernel.claimed)
    ),
    "tasks_claimed": lambda state, settings, now: len(state.kernel.claimed),
    "objectives": lambda state, settings, now: len(state.objectives),
    "pulse": lambda state, settings, now: state.cadence.number,
}
"""By name. Sentences are empty where there is nothing to say."""
