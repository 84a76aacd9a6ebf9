"""What are the workers of a machine told, and what do they make of it? Pure.

A worker has at most one order: the next one names the one that it replaces, and ends it in the same
moment. An order holds for a few samples and is renewed while its reason lasts, so that nobody
sleeps on because a governor died.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from enchanted.events.v1.alarm_pb2 import SEVERITY_WARNING, AlarmRaised
from enchanted.events.v1.command_pb2 import (
    COMMAND_CLEAN_UP,
    COMMAND_RELEASE,
    COMMAND_SLEEP,
    COMMAND_THROTTLE,
    CommandAcknowledged,
    CommandIssued,
)
from enchanted.events.v1.worker_pb2 import WorkerRegistered
from governor.model import (
    COMMAND_NOT_OBEYED,
    ActiveLimit,
    GovernedWorker,
    GovernorPolicy,
    HostState,
    Unanswered,
)
from governor.rules import GovernorRule, holding, strictest_measure
from nervous_system.contract.event import RecordedEvent
from nervous_system.service.decision import Emit
from nervous_system.service.persistent import PersistentMap

MAX_COMMANDS: Final = 900
"""From one cause: what follows from one is one batch. The next sample looks after the others."""

MAX_NAMED: Final = 10
"""Workers that one alarm names."""


def due(
    state: HostState, policy: GovernorPolicy, host: str, now: datetime, *, workers: Iterable[str]
) -> tuple[Emit, ...]:
    """What these workers must be told so that each has the order that the rules ask for."""
    rules = holding(state, now)
    emits: list[Emit] = []
    for worker_id in sorted(workers):
        command = _next(state, policy, host, rules, worker_id, now)
        if command is not None:
            emits.append(Emit(label=f"command {worker_id}", payload=command))
        if len(emits) == MAX_COMMANDS:
            break
    return tuple(emits)


def _next(
    state: HostState,
    policy: GovernorPolicy,
    host: str,
    rules: tuple[GovernorRule, ...],
    worker_id: str,
    now: datetime,
) -> CommandIssued | None:
    order, worker = state.orders.get(worker_id), state.workers[worker_id]
    given = order is not None and order.until > now
    told = strictest_measure(rules, worker, hard_stop=state.hard_stop)
    if told is None:
        if order is None or not given:
            return None
        return CommandIssued(
            kind=COMMAND_RELEASE,
            target=worker_id,
            reason=(
                f"a person overrides the limits until {state.overridden_until:%H:%M:%S} UTC"
                if state.overridden(now)
                else f"{host} is pressed no longer, or less"
            ),
            expires_in_seconds=policy.command_seconds,
            releases_command_id=order.command_id,
            emergency=order.emergency,  # or it could come before what it ends
        )
    rule = told.rule
    if (
        order is not None
        and (order.kind, order.limit) == (told.kind, told.limit)
        and order.emergency >= told.emergency
        and (order.until - now).total_seconds() > policy.command_seconds / 2
    ):
        return None
    band, percent = rule.band(policy, state), state.percent(rule.resource)
    return CommandIssued(
        kind=told.kind,
        target=worker_id,
        reason=(
            f"{rule.name}: {rule.resource} of {host} is at {percent:.0f} %, the limit is"
            f" {band.high_percent:g} %; it ends below {band.low_percent:.0f} %"
        ),
        expires_in_seconds=policy.command_seconds,
        limit=told.limit,
        releases_command_id=order.command_id if order is not None else "",
        emergency=told.emergency or (order is not None and given and order.emergency),
    )


def clean_up(state: HostState, policy: GovernorPolicy, host: str) -> tuple[Emit, ...]:
    """Memory was short at so many pulses running: everybody gives back what can be spared."""
    if not state.pressed_pulses or state.pressed_pulses % policy.clean_up_pulses:
        return ()
    reason = (
        f"memory of {host} was above {policy.clean_up_percent:g} % at {state.pressed_pulses}"
        f" pulses running; it is at {state.memory_percent:.0f} %"
    )
    return tuple(
        Emit(
            label=f"clean up {worker_id}",
            payload=CommandIssued(
                kind=COMMAND_CLEAN_UP,
                target=worker_id,
                reason=reason,
                expires_in_seconds=policy.command_seconds,
            ),
        )
        for worker_id in sorted(state.workers)[:MAX_COMMANDS]
    )


def report_disobedience(
    state: HostState, policy: GovernorPolicy, host: str, now: datetime
) -> tuple[Emit, ...]:
    """One alarm of all who have not acknowledged a command in time, or refused it."""
    found = {each.worker_id: each for each in _overdue(state, policy, now).values()}
    if not found:
        return ()
    named = [
        f"{worker_id} ({each.refusal or 'silent'})" for worker_id, each in sorted(found.items())
    ]
    more = f" and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
    alarm = AlarmRaised(
        name=COMMAND_NOT_OBEYED,
        severity=SEVERITY_WARNING,
        message=(
            f"workers of {host} did not obey within {policy.acknowledge_seconds:g} s:"
            f" {', '.join(named[:MAX_NAMED])}{more}"
        ),
        action="see whether they still run and listen; one that does not is best stopped",
    )
    return (Emit(label="not obeyed", payload=alarm, key=host),)


def on_registered(state: HostState, payload: WorkerRegistered) -> HostState:
    """A worker of this machine offers itself; what it was asked before concerned another life."""
    worker = GovernedWorker(
        max_tasks=payload.max_concurrent_tasks or 1, skills=frozenset(payload.skills)
    )
    state = on_departed(state, payload.worker_id)
    return replace(state, workers=state.workers.set(payload.worker_id, worker))


def on_departed(state: HostState, worker_id: str) -> HostState:
    """It works here no more. Its order stays: it would find it on the log when it comes back."""
    if worker_id not in state.workers:
        return state
    return replace(
        state,
        workers=state.workers.delete(worker_id),
        unanswered=_without(state, {worker_id}),
        unresponsive=state.unresponsive - {worker_id},
    )


def on_issued(state: HostState, payload: CommandIssued, recorded: RecordedEvent) -> HostState:
    """One of the governor's own commands is on its way."""
    command_id, worker_id = recorded.event.event_id, payload.target
    ended = payload.releases_command_id
    unanswered = state.unanswered
    if ended in unanswered:
        unanswered = unanswered.delete(ended)
    if worker_id not in state.unresponsive:
        waits = Unanswered(worker_id=worker_id, issued_at=recorded.recorded_at)
        unanswered = unanswered.set(command_id, waits)
    orders = state.orders
    if payload.kind == COMMAND_RELEASE and worker_id in orders:
        orders = orders.delete(worker_id)
    elif payload.kind in (COMMAND_THROTTLE, COMMAND_SLEEP):
        order = ActiveLimit(
            command_id=command_id,
            kind=payload.kind,
            limit=payload.limit,
            emergency=payload.emergency,
            until=recorded.recorded_at + timedelta(seconds=payload.expires_in_seconds),
        )
        orders = orders.set(worker_id, order)
    return replace(state, orders=orders, unanswered=unanswered)


def on_acknowledged(state: HostState, payload: CommandAcknowledged) -> HostState:
    """A worker has said whether it obeys."""
    waits = state.unanswered.get(payload.command_id)
    if waits is not None and waits.worker_id == payload.target:
        if not payload.obeyed:
            refused = replace(waits, refusal=payload.note or "it refused")
            return replace(state, unanswered=state.unanswered.set(payload.command_id, refused))
        state = replace(state, unanswered=state.unanswered.delete(payload.command_id))
    if payload.obeyed and payload.target in state.unresponsive:
        state = replace(state, unresponsive=state.unresponsive - {payload.target})
    return state


def on_reported(state: HostState, policy: GovernorPolicy, at: datetime) -> HostState:
    """The alarm that commands were not obeyed has been raised."""
    overdue = _overdue(state, policy, at)
    told = {each.worker_id for each in overdue.values()}
    return replace(
        state,
        unanswered=_without(state, told),
        unresponsive=state.unresponsive | told,
    )


def forget_old(state: HostState, policy: GovernorPolicy, now: datetime) -> HostState:
    """Without the orders of workers that are gone, once those are long over."""
    orders, over = state.orders, timedelta(seconds=policy.command_seconds)
    for worker_id, order in state.orders.items():
        if worker_id not in state.workers and order.until + over < now:
            orders = orders.delete(worker_id)
    return state if orders is state.orders else replace(state, orders=orders)


def _overdue(state: HostState, policy: GovernorPolicy, now: datetime) -> dict[str, Unanswered]:
    """By command; whoever refuses has had time enough."""
    patience = timedelta(seconds=policy.acknowledge_seconds)
    return {
        command_id: each
        for command_id, each in state.unanswered.items()
        if each.refusal or each.issued_at + patience <= now
    }


def _without(state: HostState, workers: AbstractSet[str]) -> PersistentMap[str, Unanswered]:
    """What is unanswered, but for these workers."""
    left = state.unanswered
    for command_id, each in state.unanswered.items():
        if each.worker_id in workers:
            left = left.delete(command_id)
    return left
