"""Is the record itself in danger: ClickHouse behind, events parked, the log cut, the disk full?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.incident_pb2 import INCIDENT_CRITICAL, INCIDENT_MAJOR, INCIDENT_MINOR
from guardian.model import FULL_LOG, REGRESSIONS
from guardian.observations import Alarm, Observations
from guardian.rules.rule import (
    MESH,
    SERVICE,
    Grade,
    GuardianRule,
    Look,
    RuleFinding,
    end_with,
)
from nervous_system.contract.words import LOG_FULL

QUIET_SECONDS: Final = 1800.0
"""After so long an alarm that has no end counts as over."""

PARKED_SECONDS: Final = 3600.0
STALE_SECONDS: Final = 3600.0


def _behind(look: Look) -> Iterator[RuleFinding]:
    if not look.watched.lags:
        return
    last = look.watched.lags[-1]
    yield RuleFinding(
        subject="ClickHouse",
        measure=last.positions / look.limits.lag_positions,
        summary=f"ClickHouse is {last.positions:,} positions behind the log",
        cause_event_id=last.seen.event_id,
    )


INGEST_BEHIND: Final = GuardianRule(
    name="ingest_behind",
    question="Is ClickHouse far behind the log?",
    unit="times the limit (GANGLION_GUARDIAN_LAG_POSITIONS)",
    kind=MESH,
    grades=(
        Grade(at_least=1, incident_class=INCIDENT_MINOR),
        Grade(at_least=20, incident_class=INCIDENT_MAJOR),
    ),
    clears_below=0.5,
    find=_behind,
    end=end_with("ClickHouse has caught up"),
)


def _growing(look: Look) -> Iterator[RuleFinding]:
    grown, looks = 0, look.watched.lags
    while grown + 1 < len(looks) and looks[-1 - grown].positions > looks[-2 - grown].positions:
        grown += 1
    if grown and looks[-1].positions * 10 >= look.limits.lag_positions:
        yield RuleFinding(
            subject="ingestor",
            measure=grown,
            summary=(
                f"the lag of ClickHouse grew at {grown} looks in a row,"
                f" from {looks[-1 - grown].positions:,} to {looks[-1].positions:,} positions"
            ),
            cause_event_id=looks[-1].seen.event_id,
        )


INGEST_GROWING: Final = GuardianRule(
    name="ingest_growing",
    question="Does ClickHouse fall behind further and further?",
    unit="looks in a row at which the lag had grown",
    kind=SERVICE,
    grades=(
        Grade(at_least=8, incident_class=INCIDENT_MINOR),
        Grade(at_least=15, incident_class=INCIDENT_MAJOR),
    ),
    clears_below=1,
    find=_growing,
    end=end_with("the lag no longer grows"),
)


def _find_parked(look: Look) -> Iterator[RuleFinding]:
    recent = _recent(look.watched.parked, seconds=PARKED_SECONDS, now=look.now)
    if recent:
        yield RuleFinding(
            subject="parked events",
            measure=len(recent),
            summary=recent[-1].message,
            cause_event_id=recent[-1].seen.event_id,
        )


PARKED_GROWING: Final = GuardianRule(
    name="parked_growing",
    question="Are there more and more events that nobody can read?",
    unit="looks within an hour that found more of them",
    kind=MESH,
    grades=(
        Grade(at_least=1, incident_class=INCIDENT_MINOR),
        Grade(at_least=10, incident_class=INCIDENT_MAJOR),
    ),
    clears_below=1,
    find=_find_parked,
    end=end_with("no more were parked for an hour", recovered=True),
)


def _find_lost_positions(look: Look) -> Iterator[RuleFinding]:
    recent = [each for each in _dangers(look.watched, look.now) if each.name in REGRESSIONS]
    if recent:
        yield RuleFinding(
            subject="the log",
            measure=len(recent),
            summary=f"{recent[-1].name}: {recent[-1].message}",
            cause_event_id=recent[-1].seen.event_id,
        )


STREAM_REGRESSED: Final = GuardianRule(
    name="stream_regressed",
    question="Has the log lost what it had?",
    unit=f"alarms of the ingestor within {QUIET_SECONDS:g} s",
    kind=MESH,
    grades=(Grade(at_least=1, incident_class=INCIDENT_CRITICAL),),
    clears_below=1,
    find=_find_lost_positions,
    end=end_with(
        f"nothing more was lost for {QUIET_SECONDS:g} s; whether a person brought back what was,"
        " the log does not say",
        recovered=False,
    ),
    at_once=(AlarmRaised,),
)


def _filling(look: Look) -> Iterator[RuleFinding]:
    recent = [each for each in _dangers(look.watched, look.now) if each.name in FULL_LOG]
    if recent:
        yield RuleFinding(
            subject="the log",
            measure=2 if recent[-1].name == LOG_FULL else 1,
            summary=f"{recent[-1].name}: {recent[-1].message}",
            cause_event_id=recent[-1].seen.event_id,
        )


LOG_FILLING: Final = GuardianRule(
    name="log_filling",
    question="Will the log soon take no more?",
    unit="1 nearly full, 2 full",
    kind=MESH,
    grades=(
        Grade(at_least=1, incident_class=INCIDENT_MAJOR),
        Grade(at_least=2, incident_class=INCIDENT_CRITICAL),
    ),
    clears_below=1,
    find=_filling,
    end=end_with(f"nobody said so again for {QUIET_SECONDS:g} s", recovered=False),
    at_once=(AlarmRaised,),
)


def _dangers(watched: Observations, now: datetime) -> list[Alarm]:
    return _recent(watched.dangers, seconds=QUIET_SECONDS, now=now)


def _recent(alarms: tuple[Alarm, ...], *, seconds: float, now: datetime) -> list[Alarm]:
    return [each for each in alarms if (now - each.seen.at).total_seconds() <= seconds]


def _full(look: Look) -> Iterator[RuleFinding]:
    for host, disk in look.watched.disks.items():
        if (look.now - disk.seen.at).total_seconds() <= STALE_SECONDS:
            yield RuleFinding(
                subject=host,
                measure=disk.percent,
                summary=f"the disk of {host} is {disk.percent:.1f} % full",
                cause_event_id=disk.seen.event_id,
            )


DISK_FULL: Final = GuardianRule(
    name="disk_full",
    question="Is a disk nearly full?",
    unit="percent in use",
    kind=MESH,
    grades=(
        Grade(at_least=90, incident_class=INCIDENT_MINOR),
        Grade(at_least=95, incident_class=INCIDENT_MAJOR),
        Grade(at_least=98, incident_class=INCIDENT_CRITICAL),
    ),
    clears_below=88,
    find=_full,
    end=end_with("there is room again, or the machine is no longer looked at"),
)
