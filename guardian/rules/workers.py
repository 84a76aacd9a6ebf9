"""Is a worker silent, or does it get nowhere?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from enchanted.events.v1.incident_pb2 import INCIDENT_MAJOR, INCIDENT_MINOR
from guardian.observations import Observations, WatchedClaim
from guardian.rules.rule import (
    WORKER,
    Ending,
    Grade,
    GuardianRule,
    Look,
    RuleFinding,
)

SILENT_HEARTBEATS: Final = 2.5


def _silent(look: Look) -> Iterator[RuleFinding]:
    for worker_id, worker in look.watched.workers.items():
        silent_seconds = look.watched.silent_seconds(worker.heard.at, look.now)
        measure = silent_seconds / worker.heartbeat_seconds
        if not worker.lost and measure >= SILENT_HEARTBEATS:
            yield RuleFinding(
                subject=worker_id,
                measure=measure,
                summary=(
                    f"nothing was heard of worker {worker_id} for {silent_seconds:.0f} s;"
                    f" it means to be heard of every {worker.heartbeat_seconds:g} s"
                ),
                cause_event_id=worker.heard.event_id,
            )


def _no_longer_silent(watched: Observations, subject: str) -> Ending:
    worker = watched.workers.get(subject)
    if worker is None:
        return Ending(recovered=True, sentence="it departed in good order")
    if worker.lost:
        return Ending(
            recovered=False, sentence="it was given up as lost, and what it held waits again"
        )
    return Ending(recovered=True, sentence="it is heard of again")


WORKER_SILENT: Final = GuardianRule(
    name="worker_silent",
    question="Are a worker's heartbeats overdue?",
    unit="heartbeats that are missing",
    kind=WORKER,
    grades=(
        Grade(at_least=SILENT_HEARTBEATS, incident_class=INCIDENT_MINOR),
        Grade(at_least=12, incident_class=INCIDENT_MAJOR),
    ),
    clears_below=SILENT_HEARTBEATS,
    find=_silent,
    end=_no_longer_silent,
)


def _stuck(look: Look) -> Iterator[RuleFinding]:
    slowest: dict[str, tuple[float, str, WatchedClaim]] = {}
    for task_id, claim in look.watched.claims.items():
        worker = look.watched.workers.get(claim.worker_id)
        if worker is None or worker.lost:
            continue
        if look.watched.silent_seconds(worker.heard.at, look.now) >= 3 * worker.heartbeat_seconds:
            continue  # that is another rule's
        still_seconds = look.watched.silent_seconds(claim.progressed.at, look.now)
        if (still_seconds, task_id) > slowest.get(claim.worker_id, (0.0,))[:2]:
            slowest[claim.worker_id] = (still_seconds, task_id, claim)
    for worker_id, (still_seconds, task_id, claim) in slowest.items():
        if still_seconds >= look.limits.no_progress_seconds:
            yield RuleFinding(
                subject=worker_id,
                measure=still_seconds / look.limits.no_progress_seconds,
                summary=(
                    f"worker {worker_id} is alive and has made no progress"
                    f" on task {task_id} for {still_seconds:.0f} s"
                ),
                cause_event_id=claim.progressed.event_id,
            )


def _goes_on(watched: Observations, subject: str) -> Ending:
    worker = watched.workers.get(subject)
    if worker is None or worker.lost:
        return Ending(recovered=True, sentence="the worker is gone, and what it held waits again")
    return Ending(recovered=True, sentence="it gets on again, or holds the task no longer")


WORKER_STUCK: Final = GuardianRule(
    name="worker_stuck",
    question="Is a worker alive, holds a task, and gets nowhere?",
    unit="times the patience (GANGLION_GUARDIAN_NO_PROGRESS_SECONDS)",
    kind=WORKER,
    grades=(
        Grade(at_least=1, incident_class=INCIDENT_MINOR),
        Grade(at_least=3, incident_class=INCIDENT_MAJOR),
    ),
    clears_below=1,
    find=_stuck,
    end=_goes_on,
)
