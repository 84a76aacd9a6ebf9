"""Which workers were told to go, when and why?

Known so that it can be said where there are fewer of them than somebody expects; a worker obeys by
itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from enchanted.events.v1.command_pb2 import COMMAND_DRAIN, COMMAND_STOP, CommandIssued
from nervous_system.contract.command import length
from nervous_system.contract.event import RecordedEvent
from nervous_system.service.persistent import PersistentMap
from overseer.kernel.sleeping import MAX_REASON_CHARACTERS

SAID_FOR: Final = timedelta(hours=1)
"""Unless the worker is back before."""

MAX_REMEMBERED: Final = 1000


class Dismissal(NamedTuple):
    """That a worker was told to go."""

    at: datetime
    until: datetime  # who goes on after that did not hear of it
    reason: str


def after(
    dismissed: PersistentMap[str, Dismissal], command: CommandIssued, recorded: RecordedEvent
) -> PersistentMap[str, Dismissal]:
    """By worker, after one more command to one that is known."""
    if command.kind not in (COMMAND_DRAIN, COMMAND_STOP):
        return dismissed
    now = recorded.recorded_at
    if len(dismissed) >= MAX_REMEMBERED:
        for worker_id, each in dismissed.items():
            if now - each.at > SAID_FOR:
                dismissed = dismissed.delete(worker_id)
    if len(dismissed) >= MAX_REMEMBERED:
        return dismissed
    reason = command.reason[:MAX_REASON_CHARACTERS] or "no reason was given"
    return dismissed.set(command.target, Dismissal(now, now + length(command), reason))


def unheard_dismissal(
    dismissed: PersistentMap[str, Dismissal], worker_id: str, now: datetime
) -> PersistentMap[str, Dismissal]:
    """After a worker said that it takes tasks."""
    told = dismissed.get(worker_id)
    return back(dismissed, worker_id) if told is not None and told.until < now else dismissed


def back(dismissed: PersistentMap[str, Dismissal], worker_id: str) -> PersistentMap[str, Dismissal]:
    """After a worker registered anew."""
    return dismissed.delete(worker_id) if worker_id in dismissed else dismissed


def of_late(dismissed: PersistentMap[str, Dismissal], now: datetime) -> dict[str, Dismissal]:
    """Those of which it is still worth while to speak, the last first."""
    lately = [(key, each) for key, each in dismissed.items() if now - each.at <= SAID_FOR]
    return dict(sorted(lately, key=lambda pair: (pair[1].at, pair[0]), reverse=True))
