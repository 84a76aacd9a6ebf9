"""Which position of the record does a person mean by a moment?

As `moment.py`, but by the tables: they have every life of the log, also what the log has forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from local_mesh.addresses import client_settings
from nervous_system.clock import system_clock
from nervous_system.phrases import moment as shown_time
from operations.queries.caught_up import wait_until_caught_up
from operations.queries.record import LATEST, Record
from operations.queries.state.moment import UnknownMoment, typed_moment


@dataclass(frozen=True, slots=True)
class RecordedMoment:
    """A position that is on record, and when it was stored, UTC."""

    epoch: int
    position: int
    recorded_at: datetime


def recorded_moment_of(typed: str, *, tell: Callable[[str], None]) -> RecordedMoment:
    """As `recorded_moment`, of the mesh that is meant; `tell` hears that the tables may be behind
    the log."""
    settings = client_settings()
    wait_until_caught_up(settings, tell=tell)
    return recorded_moment(Record(settings.clickhouse_dsn), typed)


def recorded_moment(record: Record, typed: str) -> RecordedMoment:
    """The moment that was typed: a position, one of an epoch, a time or now. A position without an
    epoch is that of the log of today.

    Raises UnknownMoment, NotRunning, QueryRefused.
    """
    wanted = typed_moment(typed)
    if wanted.position is not None:
        epoch = wanted.epoch or 0
        rows = record.rows("recorded_position", epoch=epoch, position=wanted.position)
        if not rows:
            _refuse(record, typed)
        return RecordedMoment(**rows[0])
    if wanted.time is not None and wanted.time > system_clock():
        raise UnknownMoment(f"{shown_time(wanted.time)} is yet to come")
    before = wanted.time + timedelta(microseconds=1) if wanted.time is not None else LATEST
    found = _last_before(record, before)
    if found is not None:
        return found
    if wanted.time is not None:
        raise UnknownMoment(f"{shown_time(wanted.time)} is before all that is on record")
    raise UnknownMoment("nothing is on record yet")


def _refuse(record: Record, typed: str) -> NoReturn:
    last = _last_before(record, LATEST)
    if last is None:
        raise UnknownMoment("nothing is on record yet")
    raise UnknownMoment(
        f"position {typed.strip()} is not on record; the last is {last.position:,} of epoch"
        f" {last.epoch:,}"
    )


def _last_before(record: Record, time: datetime) -> RecordedMoment | None:
    rows = record.rows("last_position", before=time)
    return RecordedMoment(**rows[0]) if rows else None
