"""May tasks be handed out now, and to which machines less than usual?

A person, the guardian and the limits each have a say.
Memory above its limit holds all dispatch, as what it ends is lost. CPU above its limit slows the
machine down and no more, unless the policy says `hard_stop`: a machine on which agents compile is
busy because they work. A person can override the limits for a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from enchanted.events.v1.pulse_pb2 import DispatchHeld, DispatchResumed
from nervous_system.contract.words import HALTED
from nervous_system.service.decision import Emit
from nervous_system.service.persistent import PersistentMap
from overseer.kernel.scheduling import DispatchRules
from overseer.model import CoreSettings, Load, Override, OverseerState

NO_CHARTER: Final = "no charter is in force yet"

KEPT_AGAIN: Final = "every machine is within the limits again, so it goes on in a moment"
"""What is said until dispatch is resumed, which is at the next tick."""

STALE_AFTER: Final = timedelta(minutes=10)
"""An older look at a machine says nothing of how it is."""


def rules(state: OverseerState, settings: CoreSettings, now: datetime) -> DispatchRules:
    """What holds at this moment."""
    return DispatchRules(
        policy=state.policy,
        registered=state.registered,
        held=stop(state, settings, now),
        slowed=slowed_workers(state, now),
    )


def stop(state: OverseerState, settings: CoreSettings, now: datetime) -> str:
    """Why nothing is handed out to anybody, in one sentence that is said everywhere; empty where it
    is."""
    if reason := hold_reason(state, settings, now):
        stopped = state.halted or state.mode == HALTED
        return f"dispatch is {'halted' if stopped else 'held'}: {reason}"
    if not state.charter_hash:
        return NO_CHARTER
    most = state.policy.max_claims_per_minute
    if state.claims_in_minute >= most and state.claims_minute == minute(now):
        return f"the policy allows {most} claims a minute"
    return ""


def hold_reason(state: OverseerState, settings: CoreSettings, now: datetime) -> str:
    """Why nothing is handed out, whatever the quotas say; empty where it is. Numbers are those of
    the last look at the machine."""
    if state.halted:
        return f"{state.halted} (ordered by {state.halted_by or 'somebody'})"
    if state.mode == HALTED:
        why = f": {state.mode_reason}" if state.mode_reason else ""
        return f"the guardian halted the system{why}"
    if not state.held:
        return ""
    points, well_below = settings.resume_below_points, not state.limits_moved
    return _over(state, now, points, well_below=well_below, verb="is") or KEPT_AGAIN


def ended_by_a_halt(state: OverseerState) -> str:
    """Why nothing that is being done goes on; empty where it does."""
    if not state.halted or not state.halted_now:
        return ""
    return f"dispatch was halted at once: {state.halted} (ordered by {state.halted_by})"


def override(state: OverseerState, now: datetime) -> Override | None:
    """What a person said of the limits, while it lasts."""
    said = state.override
    return said if said is not None and now < said.until else None


def slowed_workers(state: OverseerState, now: datetime) -> dict[str, str]:
    """The machines that are given less than usual, and why: both of the last two looks found their
    CPU above its limit."""
    most = state.policy.max_cpu_pct
    if state.policy.hard_stop or override(state, now) is not None:
        return {}
    return {
        host: f"CPU of {host} is at {load.cpu_percent:.3g} %, the limit is {most:g} %"
        for host, load in state.loads.items()
        if load.cpu_percent > most and load.cpu_percent_before > most and _is_fresh(load, now)
    }


def fresh(state: OverseerState, now: datetime) -> PersistentMap[str, Load]:
    """The machines that somebody has looked at lately."""
    loads = state.loads
    for host in [host for host, load in loads.items() if not _is_fresh(load, now)]:
        loads = loads.delete(host)
    return loads


def _is_fresh(load: Load, now: datetime) -> bool:
    return now - load.sampled_at <= STALE_AFTER


def minute(moment: datetime) -> str:
    """The minute it lies in, as a name."""
    return moment.isoformat()[:16]


def on_time(state: OverseerState, settings: CoreSettings, now: datetime) -> tuple[Emit, ...]:
    """Hold dispatch when a machine was above a limit twice in a row; let it go on when every
    machine is well below again. Not before the policy, which comes into force with the charter.

    If a person moves the limits while dispatch is held, the machines are judged anew: they have to
    be well below only those limits under which it was held.
    """
    if not state.charter_hash:
        return ()
    if (said := override(state, now)) is not None:
        resumed = DispatchResumed(reason=apply_override(said))
        return (Emit(label="resumed", payload=resumed),) if state.held else ()
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


def apply_override(said: Override) -> str:
    """Who overrides the limits, until when and why."""
    why = f": {said.reason}" if said.reason else ""
    return f"{said.by} overrides the limits until {said.until:%Y-%m-%d %H:%M:%S} UTC{why}"


def limits(state: OverseerState) -> tuple[float, float, bool]:
    """Of CPU and memory, in percent, by the policy in force; and whether CPU may hold dispatch."""
    return state.policy.max_cpu_pct, state.policy.max_ram_pct, state.policy.hard_stop


def _over(
    state: OverseerState,
    now: datetime,
    points: float,
    *,
    looks: int = 1,
    well_below: bool = False,
    verb: str = "was",  # on the log it is read long after
) -> str:
    """What is above its limit, in so many looks running, in one sentence; empty where nothing is.
    Or what is not `well_below` it, by so many points.
    """
    for host, load in sorted(fresh(state, now).items()):
        for what, found, most in _may_hold(state, load):
            low = max(most - points, most / 2)  # a low limit can be met again, too
            if min(found[:looks]) > (low if well_below else most):
                return (
                    f"{what} of {host} {verb} at {found[0]:.3g} %, the limit is {most:g} %; tasks"
                    f" are handed out again when it is at {low:g} % or less"
                )
    return ""


def _may_hold(state: OverseerState, load: Load) -> Iterator[tuple[str, tuple[float, float], float]]:
    """What can hold dispatch: its name, the last two looks at it and its limit."""
    policy = state.policy
    if policy.hard_stop:
        yield "CPU", (load.cpu_percent, load.cpu_percent_before), policy.max_cpu_pct
    yield "memory", (load.memory_percent, load.memory_percent_before), policy.max_ram_pct
