"""What keeps tasks from being handed out and pulses from coming, and what helps? For `/healthz`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from nervous_system.contract.words import HALTED
from overseer import dispatch_control as gates
from overseer.model import CoreSettings, OverseerState

Hindered = tuple[str, str]
"""What is in the way, and what helps; both empty where nothing is."""

NOTHING: Final = ("", "")
LATE: Final = timedelta(seconds=30)
"""A pulse that is overdue by this much does not come."""
MAX_NAMED: Final = 5


def dispatch(state: OverseerState, settings: CoreSettings, now: datetime) -> Hindered:
    """Why no task is handed out."""
    if not gates.hold_reason(state, settings, now):
        return NOTHING
    if state.halted:
        remedy = "see why, then `ganglion resume`"
    elif state.mode == HALTED:
        remedy = "see `ganglion incidents`; `ganglion resume` lifts what its playbooks hold"
    else:
        remedy = (
            "wait until other work on the machine is done; or raise the limit in the home's"
            " policy.yaml: what you save there counts within seconds; or override the limits for a"
            " time with `ganglion resume --for 1h`"
        )
    return gates.stop(state, settings, now), remedy


def pulse(state: OverseerState, now: datetime) -> Hindered:
    """Why it does not pulse."""
    if not state.charter_hash:
        return gates.NO_CHARTER, "put a charter.md into the home; `ganglion init` writes a sample"
    due = state.cadence.due_at
    if due is None or now < due + LATE:
        return NOTHING
    late = (now - due).total_seconds()
    return (
        f"pulse {state.cadence.number + 1} is overdue by {late:.0f} s",
        "see what is said of the log, and the overseer's own log",
    )


def workers(state: OverseerState) -> Hindered:
    """Which workers may do nothing, whatever there is to do."""
    if state.policy.allow_unregistered_agents:
        return NOTHING
    idle = sorted(set(state.kernel.workers) - set(state.registered))
    if not idle:
        return NOTHING
    more = f" and {len(idle) - MAX_NAMED} more" if len(idle) > MAX_NAMED else ""
    return (
        f"{', '.join(idle[:MAX_NAMED])}{more} may do nothing: not in the registry, and the policy"
        " allows no others",
        "add them to registry.jsonl, or set allow_unregistered_agents in policy.yaml",
    )
