"""What was last seen of each part of the mesh? Facts only: whether that is bad, the rules say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from guardian.efforts import Efforts
from nervous_system.service.fold import MAIN
from nervous_system.service.persistent import EMPTY, PersistentMap

MAX_REMEMBERED: Final = 20
"""Of exits, takeovers, lags and the like, one part each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRef:
    """That something happened, and which event said so."""

    at: datetime
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """One unexpected end of a process."""

    at: datetime
    event_id: str
    pid: int
    exit_code: int  # negative: the signal that ended it


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that `ganglion up` runs."""

    up: bool
    pid: int
    attempt: int
    exits: tuple[Exit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedWorker:
    """One who does tasks and has not departed."""

    heartbeat_seconds: float
    heard: EventRef
    skills: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()  # all that it does; empty: it does not say
    host: str = ""
    lost: bool = False  # the overseer no longer waits for it
    draining: bool = False  # it takes nothing new, as it says itself
    away_until: datetime | None = None  # by a command of the guardian, unless it begins anew


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedClaim:
    """A task in somebody's hands."""

    worker_id: str
    claimed_at: datetime
    progressed: EventRef


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPulse:
    """The overseer's last round."""

    number: int
    interval_seconds: float  # until the next
    seen: EventRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Positions of the log that were not in ClickHouse at one look."""

    positions: int
    seen: EventRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The disk of one machine at its last sample."""

    percent: float
    seen: EventRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm that somebody raised."""

    name: str
    message: str
    epoch: int
    last_sequence: int
    seen: EventRef


@dataclass(frozen=True, kw_only=True)  # without slots: it is copied all the time
class Observations:
    """Everything that the rules look at."""

    since: datetime | None = None  # when a guardian last began to watch; before, nobody owed a word
    processes: PersistentMap[str, Process] = EMPTY  # by name
    workers: PersistentMap[str, WatchedWorker] = EMPTY  # by id
    claims: PersistentMap[str, WatchedClaim] = EMPTY  # by task
    failures: PersistentMap[str, tuple[EventRef, ...]] = EMPTY  # by open task
    efforts: Efforts = field(default_factory=Efforts)
    pulse: WatchedPulse | None = None
    lags: tuple[Lag, ...] = ()  # the oldest first
    parked: tuple[Alarm, ...] = ()  # each time that more was found parked
    dangers: tuple[Alarm, ...] = ()  # that the log was cut, or will be full
    takeovers: PersistentMap[str, tuple[EventRef, ...]] = EMPTY  # by service and scope
    holders: PersistentMap[str, str] = (
        EMPTY  # by service and scope: which process took the lead last
    )
    unsampled: PersistentMap[str, Alarm] = EMPTY  # that no sample came, by governor and host
    disks: PersistentMap[str, Disk] = EMPTY  # by host

    def silent_seconds(self, heard: datetime, now: datetime) -> float:
        """How long it has been silent while somebody listened."""
        begun = heard if self.since is None else max(heard, self.since)
        return (now - begun).total_seconds()

    def told(self, service: str) -> str:
        """Who is told what is meant for a service, or for `<service>/<scope>`: the process that
        leads, so that one that waits for its lead is not stopped with it; all of the service where
        the log does not say which that is."""
        name, _, scope = service.partition("/")
        return self.holders.get(f"{name}/{scope or MAIN}") or name


def within(sightings: tuple[EventRef, ...], *, seconds: float, now: datetime) -> int:
    """How many of them are not older than so many seconds."""
    return sum((now - each.at).total_seconds() <= seconds for each in sightings)
