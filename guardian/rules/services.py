"""Is the overseer's pulse overdue, does a service lose its lead again and again, and does a
governor no longer look at its machine?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from enchanted.events.v1.incident_pb2 import INCIDENT_MAJOR, INCIDENT_MINOR
from guardian.observations import Observations, within
from guardian.rules.rule import (
    SERVICE,
    Ending,
    Grade,
    GuardianRule,
    Look,
    RuleFinding,
    end_with,
)
from nervous_system.service.fold import MAIN

CHURN_SECONDS: Final = 600.0
SHORTEST_INTERVAL_SECONDS: Final = 1.0
GONE_SECONDS: Final = 86_400.0
"""After so long without a sample a machine counts as gone."""


def _overdue(look: Look) -> Iterator[RuleFinding]:
    pulse = look.watched.pulse
    if pulse is None:
        return
    interval_seconds = max(SHORTEST_INTERVAL_SECONDS, pulse.interval_seconds)
    silent_seconds = look.watched.silent_seconds(pulse.seen.at, look.now)
    if silent_seconds > interval_seconds:
        yield RuleFinding(
            subject="overseer",
            measure=silent_seconds / interval_seconds,
            summary=(
                f"pulse {pulse.number + 1} is overdue: one was due after"
                f" {interval_seconds:g} s, and {silent_seconds:.0f} s have passed"
            ),
            cause_event_id=pulse.seen.event_id,
        )


PULSE_OVERDUE: Final = GuardianRule(
    name="pulse_overdue",
    question="Does the overseer no longer pulse?",
    unit="intervals since the last pulse",
    kind=SERVICE,
    grades=(
        Grade(at_least=2, incident_class=INCIDENT_MINOR),
        Grade(at_least=4, incident_class=INCIDENT_MAJOR),
    ),
    clears_below=1,
    find=_overdue,
    end=end_with("the pulse is back"),
)


def _churning(look: Look) -> Iterator[RuleFinding]:
    for key, takeovers in look.watched.takeovers.items():
        if recent := within(takeovers, seconds=CHURN_SECONDS, now=look.now):
            service = key.removesuffix(f"/{MAIN}")  # or, of one on each machine, service/host
            yield RuleFinding(
                subject=service,
                measure=recent,
                summary=f"the lead of {service} was taken {recent} times in {CHURN_SECONDS:g} s",
                cause_event_id=takeovers[-1].event_id,
            )


LEASE_CHURN: Final = GuardianRule(
    name="lease_churn",
    question="Does a service lose its lead again and again?",
    unit=f"takeovers within {CHURN_SECONDS:g} s",
    kind=SERVICE,
    grades=(
        Grade(at_least=5, incident_class=INCIDENT_MINOR),
        Grade(at_least=12, incident_class=INCIDENT_MAJOR),
    ),
    clears_below=3,
    find=_churning,
    end=end_with("its lead is steady again"),
)


def _find_unsampled(look: Look) -> Iterator[RuleFinding]:
    for governor, alarm in look.watched.unsampled.items():
        if (look.now - alarm.seen.at).total_seconds() <= GONE_SECONDS:
            yield RuleFinding(
                subject=governor,
                measure=1,
                summary=f"{alarm.name}: {alarm.message}",
                cause_event_id=alarm.seen.event_id,
            )


def _sampled_again(watched: Observations, subject: str) -> Ending:
    if subject in watched.unsampled:
        return Ending(recovered=False, sentence="the machine counts as gone")
    return Ending(recovered=True, sentence="samples come again")


SAMPLING_STOPPED: Final = GuardianRule(
    name="sampling_stopped",
    question="Does a governor no longer look at its machine?",
    unit="alarms of it that no sample followed",
    kind=SERVICE,
    grades=(Grade(at_least=1, incident_class=INCIDENT_MINOR),),
    clears_below=1,
    find=_find_unsampled,
    end=_sampled_again,
)
