"""Which workers were told to do nothing, until when and why?

Nobody is refused a task for it here: a worker obeys by itself. It is known so that it can be said.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from immutables import Map

from enchanted.events.v1.command_pb2 import COMMAND_SLEEP, COMMAND_THROTTLE, CommandIssued
from nervous_system.contract.command import EVERYBODY, length
from nervous_system.contract.event import RecordedEvent
from nervous_system.service.persistent import PersistentMap

MAX_REMEMBERED: Final = 10_000
"""Orders; beyond that those that are over are forgotten, and then no more are taken in."""

MAX_REASON_CHARACTERS: Final = 300


class Sleep(NamedTuple):
    """An order to do nothing."""

    target: str
    until: datetime
    reason: str


def after(
    sleeps: PersistentMap[str, Sleep], command: CommandIssued, recorded: RecordedEvent
) -> PersistentMap[str, Sleep]:
    """The orders that were not taken back, by command, after one more command; the same table where
    that changes nothing."""
    now = recorded.recorded_at
    if command.releases_command_id in sleeps:
        sleeps = sleeps.delete(command.releases_command_id)
    throttled_to_none = command.kind == COMMAND_THROTTLE and not command.limit
    if command.kind != COMMAND_SLEEP and not throttled_to_none:
        return sleeps
    if len(sleeps) >= MAX_REMEMBERED:
        sleeps = Map({key: each for key, each in sleeps.items() if each.until > now})
    if len(sleeps) >= MAX_REMEMBERED:
        return sleeps
    reason = command.reason[:MAX_REASON_CHARACTERS] or "no reason was given"
    sleep = Sleep(target=command.target, until=now + length(command), reason=reason)
    return sleeps.set(recorded.event.event_id, sleep)


class Asleep:
    """Who is to do nothing at one moment."""

    def __init__(self, sleeps: PersistentMap[str, Sleep], now: datetime) -> None:
        self._reasons: dict[str, str] = {}
        for _, each in sorted(sleeps.items()):
            if each.until > now:
                self._reasons.setdefault(each.target, each.reason)

    def reason(self, worker_id: str) -> str:
        """Why this worker does nothing; empty where it may do something."""
        return self._reasons.get(worker_id) or self._reasons.get(EVERYBODY, "")
