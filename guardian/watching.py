"""What does each event add to what was seen? One function a kind of event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from enchanted.events.v1.leadership_pb2 import LeadershipTaken
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    TaskAcknowledged,
    TaskClaimed,
    TaskCompleted,
    TaskFailed,
    TaskProgressed,
    TaskQuarantined,
    TaskReleased,
    TaskSubmitted,
)
from enchanted.events.v1.worker_pb2 import (
    WorkerDeparted,
    WorkerHeartbeat,
    WorkerLost,
    WorkerRegistered,
)
from guardian.efforts import Errand
from guardian.model import (
    FULL_LOG,
    PARKED_EVENTS,
    REGRESSIONS,
    SERVICE,
)
from guardian.watched import (
    MOST_REMEMBERED,
    Alarm,
    Claim,
    Disk,
    Exit,
    Lag,
    Process,
    Pulse,
    Sighting,
    Watched,
    Worker,
)
from nervous_system.contract.event import Recorded
from nervous_system.contract.words import INGEST_LAG, SAMPLING_STOPPED
from nervous_system.service.changed import changed

HEARTBEAT_SECONDS: Final = 30.0
"""Of a worker that did not say how often it means to be heard of."""

MOST_HOLDER_CHARACTERS: Final = 200
"""No process has a longer name."""

_GOVERNOR: Final = "governor/"


def watch(watched: Watched, recorded: Recorded) -> Watched:
    """What was seen after one more event; most events are of no concern."""
    event, payload = recorded.event, recorded.event.payload
    means = _MEANING.get(type(payload))
    if means is None:
        return watched
    seen = Sighting(at=recorded.recorded_at, event_id=event.event_id)
    if isinstance(payload, AlarmRaised) and payload.name == SAMPLING_STOPPED:
        host = event.agent_id.removeprefix(_GOVERNOR)  # it says so for its own machine
        unsampled = watched.unsampled.set(_GOVERNOR + host, _raised(payload, seen))
        return changed(watched, unsampled=unsampled)
    return means(watched, payload, seen)


def forget_worker(watched: Watched, worker_id: str) -> Watched:
    """A lost worker that nobody waits for any more."""
    worker = watched.workers.get(worker_id)
    if worker is None or not worker.lost:
        return watched
    return changed(watched, workers=watched.workers.delete(worker_id))


def _started(watched: Watched, payload: ProcessStarted, seen: Sighting) -> Watched:
    before = watched.processes.get(payload.name)
    process = Process(
        up=True,
        pid=payload.pid,
        attempt=payload.attempt,
        exits=before.exits if before is not None else (),
    )
    watched = changed(watched, processes=watched.processes.set(payload.name, process))
    return _steady(watched, payload.name) if payload.attempt <= 1 else watched


def _steady(watched: Watched, service: str) -> Watched:
    """Somebody started it, with the mesh: that it takes its lead anew is no sign of trouble."""
    takeovers = watched.takeovers
    for key in takeovers:
        if key.partition("/")[0] == service:
            takeovers = takeovers.delete(key)
    return changed(watched, takeovers=takeovers)


def _exited(watched: Watched, payload: ProcessExited, seen: Sighting) -> Watched:
    before = watched.processes.get(payload.name)
    exits = before.exits if before is not None else ()
    if payload.exit_code != 0:  # it left in good order otherwise, as when it was told to
        one = Exit(
            at=seen.at,
            event_id=seen.event_id,
            pid=payload.pid,
            exit_code=payload.exit_code,
        )
        exits = (*exits, one)[-MOST_REMEMBERED:]
    process = Process(
        up=payload.exit_code == 0, pid=payload.pid, attempt=payload.attempt, exits=exits
    )
    return changed(watched, processes=watched.processes.set(payload.name, process))


def _registered(watched: Watched, payload: WorkerRegistered, seen: Sighting) -> Watched:
    worker = Worker(
        heartbeat_seconds=payload.heartbeat_seconds or HEARTBEAT_SECONDS,
        heard=seen,
        skills=tuple(payload.skills),
        actions=tuple(payload.actions),
        host=payload.host[:MOST_HOLDER_CHARACTERS],
    )
    return changed(watched, workers=watched.workers.set(payload.worker_id, worker))


def _heartbeat(watched: Watched, payload: WorkerHeartbeat, seen: Sighting) -> Watched:
    worker = watched.workers.get(payload.worker_id)
    if worker is None:
        worker = Worker(heartbeat_seconds=HEARTBEAT_SECONDS, heard=seen)
    worker = changed(worker, heard=seen, lost=False, draining=payload.draining)
    return changed(watched, workers=watched.workers.set(payload.worker_id, worker))


def _heard(watched: Watched, worker_id: str, seen: Sighting) -> Watched:
    """It lives: what it asks for and what it reports says so as a heartbeat does. Of one who never
    offered itself nobody knows when to expect the next word."""
    worker = watched.workers.get(worker_id)
    if worker is None:
        return watched
    worker = changed(worker, heard=seen, lost=False)
    return changed(watched, workers=watched.workers.set(worker_id, worker))


def told_to_go(watched: Watched, worker_id: str, until: datetime | None) -> Watched:
    """The guardian itself told it to take nothing more, for a time; None: that is over."""
    worker = watched.workers.get(worker_id)
    if worker is None:
        return watched
    worker = changed(worker, away_until=until)
    return changed(watched, workers=watched.workers.set(worker_id, worker))


def _departed(watched: Watched, payload: WorkerDeparted, seen: Sighting) -> Watched:
    if payload.worker_id not in watched.workers:
        return watched
    return changed(watched, workers=watched.workers.delete(payload.worker_id))


def _lost(watched: Watched, payload: WorkerLost, seen: Sighting) -> Watched:
    worker = watched.workers.get(payload.worker_id)
    if worker is None:
        return watched
    workers = watched.workers.set(payload.worker_id, changed(worker, lost=True))
    for worker_id, other in watched.workers.items():
        if other.lost and (seen.at - other.heard.at).total_seconds() > 3600:
            workers = workers.delete(worker_id)
    return changed(watched, workers=workers)


def _submitted(watched: Watched, payload: TaskSubmitted, seen: Sighting) -> Watched:
    manifest = payload.manifest
    errand = Errand(
        objective_id=manifest.objective_id,
        action=manifest.action,
        skills=tuple(manifest.required_skills),
        attempt_seconds=manifest.attempt_seconds,
        attempts=max(manifest.max_attempts, manifest.max_losses),
    )
    efforts = watched.efforts
    errands = efforts.errands.set(manifest.task_id, errand)
    return changed(watched, efforts=changed(efforts, errands=errands))


def _claimed(watched: Watched, payload: TaskClaimed, seen: Sighting) -> Watched:
    claim = Claim(worker_id=payload.worker_id, claimed_at=seen.at, progressed=seen)
    watched = _heard(watched, payload.worker_id, seen)
    return changed(watched, claims=watched.claims.set(payload.task_id, claim))


def _progressed(watched: Watched, payload: TaskProgressed, seen: Sighting) -> Watched:
    before = watched.claims.get(payload.task_id)
    claimed_at = before.claimed_at if before is not None else seen.at
    claim = Claim(worker_id=payload.worker_id, claimed_at=claimed_at, progressed=seen)
    watched = _heard(watched, payload.worker_id, seen)
    return changed(watched, claims=watched.claims.set(payload.task_id, claim))


def _released(watched: Watched, payload: TaskReleased, seen: Sighting) -> Watched:
    """A lease that ran out speaks against the task if it does so again and again, and else against
    nobody."""
    watched = _let_go(watched, payload.task_id)
    if payload.given_back or payload.again:
        watched = changed(watched, efforts=watched.efforts.again(payload.task_id))
    return watched if payload.given_back else _failed_again(watched, payload.task_id, seen)


def _failed(watched: Watched, payload: TaskFailed, seen: Sighting) -> Watched:
    blameless = _took_too_long(watched, payload.task_id, seen)
    watched = _heard(_let_go(watched, payload.task_id), payload.worker_id, seen)
    watched = _failed_again(watched, payload.task_id, seen)
    if blameless:
        return watched
    efforts = watched.efforts.failed(
        payload.task_id, payload.worker_id, seen.at, event_id=seen.event_id
    )
    return changed(watched, efforts=efforts)


def _took_too_long(watched: Watched, task_id: str, seen: Sighting) -> bool:
    """Whether an attempt ended because of its time limit."""
    claim, errand = watched.claims.get(task_id), watched.efforts.errands.get(task_id)
    if claim is None or errand is None or not errand.attempt_seconds:
        return False
    return (seen.at - claim.claimed_at).total_seconds() >= errand.attempt_seconds


def _completed(watched: Watched, payload: TaskCompleted, seen: Sighting) -> Watched:
    watched = _heard(_let_go(watched, payload.task_id), payload.worker_id, seen)
    efforts = watched.efforts.completed(payload.task_id, payload.worker_id, seen.at)
    return changed(watched, efforts=efforts)


def _acknowledged(watched: Watched, payload: TaskAcknowledged, seen: Sighting) -> Watched:
    completed = payload.result == RESULT_COMPLETED
    efforts = watched.efforts.over(payload.task_id, completed=completed)
    watched = changed(watched, efforts=efforts)
    return _over(watched, payload.task_id)


def _quarantined(watched: Watched, payload: TaskQuarantined, seen: Sighting) -> Watched:
    watched = changed(watched, efforts=watched.efforts.set_aside(payload.task_id))
    return _over(watched, payload.task_id)


def _over(watched: Watched, task_id: str) -> Watched:
    """Nothing more is to be expected of it, or to be feared."""
    watched = _let_go(watched, task_id)
    if task_id not in watched.failures:
        return watched
    return changed(watched, failures=watched.failures.delete(task_id))


def _let_go(watched: Watched, task_id: str) -> Watched:
    if task_id not in watched.claims:
        return watched
    return changed(watched, claims=watched.claims.delete(task_id))


def _failed_again(watched: Watched, task_id: str, seen: Sighting) -> Watched:
    before = watched.failures.get(task_id, ())
    return changed(
        watched, failures=watched.failures.set(task_id, (*before, seen)[-MOST_REMEMBERED:])
    )


def _pulsed(watched: Watched, payload: PulseCompleted, seen: Sighting) -> Watched:
    """The lag in it is what the guardian said last: no look of its own, and nothing new."""
    pulse = Pulse(number=payload.number, interval_seconds=payload.interval_seconds, seen=seen)
    return changed(watched, pulse=pulse)


def _lagging(watched: Watched, positions: int, seen: Sighting) -> Watched:
    lag = Lag(positions=positions, seen=seen)
    return changed(watched, lags=(*watched.lags, lag)[-MOST_REMEMBERED:])


def _alarm(watched: Watched, payload: AlarmRaised, seen: Sighting) -> Watched:
    if payload.name == INGEST_LAG:
        return _lagging(watched, max(0, payload.last_sequence - payload.first_sequence), seen)
    alarm = _raised(payload, seen)
    if payload.name == PARKED_EVENTS:
        return changed(watched, parked=(*watched.parked, alarm)[-MOST_REMEMBERED:])
    if payload.name in REGRESSIONS | FULL_LOG:
        return changed(watched, dangers=(*watched.dangers, alarm)[-MOST_REMEMBERED:])
    return watched


def _raised(payload: AlarmRaised, seen: Sighting) -> Alarm:
    return Alarm(
        name=payload.name,
        message=payload.message,
        epoch=payload.epoch,
        last_sequence=payload.last_sequence,
        seen=seen,
    )


def _taken(watched: Watched, payload: LeadershipTaken, seen: Sighting) -> Watched:
    if payload.service == SERVICE:
        watched = changed(watched, since=seen.at)
    key = f"{payload.service}/{payload.scope}"
    before = watched.takeovers.get(key, ())
    return changed(
        watched,
        takeovers=watched.takeovers.set(key, (*before, seen)[-MOST_REMEMBERED:]),
        holders=watched.holders.set(key, payload.holder[:MOST_HOLDER_CHARACTERS]),
    )


def _sampled(watched: Watched, payload: CapacitySampled, seen: Sighting) -> Watched:
    governor = _GOVERNOR + payload.host
    if governor in watched.unsampled:
        watched = changed(watched, unsampled=watched.unsampled.delete(governor))
    if not payload.disk_total_bytes:
        return watched
    percent = 100.0 * payload.disk_used_bytes / payload.disk_total_bytes
    return changed(watched, disks=watched.disks.set(payload.host, Disk(percent=percent, seen=seen)))


_MEANING: Final[dict[type, Callable[[Watched, Any, Sighting], Watched]]] = {
    ProcessStarted: _started,
    ProcessExited: _exited,
    WorkerRegistered: _registered,
    WorkerHeartbeat: _heartbeat,
    WorkerDeparted: _departed,
    WorkerLost: _lost,
    TaskSubmitted: _submitted,
    TaskClaimed: _claimed,
    TaskProgressed: _progressed,
    TaskReleased: _released,
    TaskFailed: _failed,
    TaskCompleted: _completed,
    TaskAcknowledged: _acknowledged,
    TaskQuarantined: _quarantined,
    PulseCompleted: _pulsed,
    AlarmRaised: _alarm,
    LeadershipTaken: _taken,
    CapacitySampled: _sampled,
}
