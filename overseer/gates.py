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
    machine is well below again. Not before the policy, which comes into force with the charter.

    What is held is judged anew when a person moves the limits: to be well below is asked only of
    the limits under which it was held.
    """
    if not state.charter_hash:
        return ()
    points = settings.resume_below_points
    if not state.held:
        over = _over(state, now, points, looks=2)
        return (Emit(label="held", payload=DispatchHeld(reason=over)),) if over else ()
    over = _over(state, now, points, well_below=not state.limits_moved)
    if not over:
        how = "within" if state.limits_moved else "well below"
        resumed = DispatchResumed(reason=f"every machine is {how} the limits")
        return (Emit(label="resumed", payload=resumed),)
    return (Emit(label="held", payload=DispatchHeld(reason=over)),) if state.limits_moved else ()


def limits(state: OverseerState) -> tuple[float, float]:
    """Of CPU and memory, in percent, by the policy in force."""
    return state.policy.max_cpu_pct, state.policy.max_ram_pct


def _over(
    state: OverseerState,
    now: datetime,
    points: float,
    *,
    looks: int = 1,
    well_below: bool = False,
) -> str:
    """What is above its limit, in so many looks running, in one sentence; empty where nothing is.
    Or what is not `well_below` it, by so many points.
    """
    most_cpu, most_memory = limits(state)
    for host, load in sorted(fresh(state, now).items()):
        cpu = (load.cpu_percent, load.cpu_percent_before)
        memory = (load.memory_percent, load.memory_percent_before)
        for what, found, most in (("CPU", cpu, most_cpu), ("memory", memory, most_memory)):
            low = max(most - points, most / 2)  # a low limit can be met again, too
            if min(found[:looks]) > (low if well_below else most):
                # It is read long after: the machine was so busy then, and may be less so by now.
                return (
                    f"{what} of {host} was at {found[0]:.3g} %, the limit is {most:g} %; tasks are"
                    f" handed out again when it is at {low:g} % or less"
                )
    return ""
