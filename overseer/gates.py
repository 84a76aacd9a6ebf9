"""May tasks be handed out now? A person, the guardian and the limits each can hold them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from enchanted.events.v1.pulse_pb2 import DispatchHeld, DispatchResumed
from nervous_system.deciding.decision import Emit
from nervous_system.deciding.persistent import Table
from overseer.kernel.choice import Rules
from overseer.model import Load, OverseerState, Settings
from overseer.vocabulary import HALTED

NO_CHARTER: Final = "no charter is in force yet"

STALE_AFTER: Final = timedelta(minutes=10)
"""An older look at a machine says nothing of how it is."""


def rules(state: OverseerState, now: datetime) -> Rules:
    """What holds at this moment."""
    return Rules(policy=state.policy, registered=state.registered, held=_held(state, now))


def hold_reason(state: OverseerState) -> str:
    """Why nothing is handed out, whatever the quotas say; empty where it is."""
    if state.halted:
        return state.halted
    if state.mode == HALTED:
        return "the guardian halted the system"
    return state.held


def fresh(state: OverseerState, now: datetime) -> Table[str, Load]:
    """The machines that somebody has looked at lately."""
    loads = state.loads
    for host in [host for host, load in loads.items() if now - load.sampled_at > STALE_AFTER]:
        loads = loads.delete(host)
    return loads


def _held(state: OverseerState, now: datetime) -> str:
    if reason := hold_reason(state):
        stopped = state.halted or state.mode == HALTED
        return f"dispatch is {'halted' if stopped else 'held'}: {reason}"
    if not state.charter_hash:
        return NO_CHARTER
    most = state.policy.max_claims_per_minute
    if state.claims_in_minute >= most and state.claims_minute == minute(now):
        return f"the policy allows {most} claims a minute"
    return ""


def minute(moment: datetime) -> str:
    """The minute it lies in, as a name."""
    return moment.isoformat()[:16]


def on_time(state: OverseerState, settings: Settings, now: datetime) -> tuple[Emit, ...]:
    """Hold dispatch when a machine was above a limit twice in a row; let it go on when every
    machine is well below again. Not before the policy, which comes into force with the charter."""
    if not state.charter_hash:
        return ()
    if state.held:
        if _over(state, now, margin=settings.resume_below_points, sustained=False):
            return ()
        resumed = DispatchResumed(reason="every machine is well below the limits")
        return (Emit(label="resumed", payload=resumed),)
    over = _over(state, now, margin=0.0, sustained=True)
    return (Emit(label="held", payload=DispatchHeld(reason=over)),) if over else ()


def _over(state: OverseerState, now: datetime, *, margin: float, sustained: bool) -> str:
    """What is above the limits less the margin, in one sentence; empty where nothing is."""
    most_cpu, most_memory = state.policy.max_cpu_pct, state.policy.max_ram_pct
    for host, load in sorted(fresh(state, now).items()):
        cpu, memory = load.cpu_percent, load.memory_percent
        if sustained:
            cpu = min(cpu, load.cpu_percent_before)
            memory = min(memory, load.memory_percent_before)
        if cpu > most_cpu - margin:
            return f"CPU of {host} is at {load.cpu_percent:.0f} %, the limit is {most_cpu:g} %"
        if memory > most_memory - margin:
            return (
                f"memory of {host} is at {load.memory_percent:.0f} %,"
                f" the limit is {most_memory:g} %"
            )
    return ""
