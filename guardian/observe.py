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
from guardian.observations import (
    MAX_REMEMBERED,
    Alarm,
    Disk,
    EventRef,
    Exit,
    Lag,
    Observations,
    Process,
    WatchedClaim,
    WatchedPulse,
    WatchedWorker,
)
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.words import INGEST_LAG, SAMPLING_STOPPED
from nervous_system.service.fast_replace import replace

HEARTBEAT_SECONDS: Final = 30.0
"""Of a worker that did not say how often it means to be heard of."""

MAX_HOLDER_CHARACTERS: Final = 200
"""No process has a longer name."""

_GOVERNOR: Final = "governor/"


def watch(watched: Observations, recorded: RecordedEvent) -> Observations:
    """What was seen after one more event; most events are of no concern."""
    event, payload = recorded.event, recorded.event.payload
    means = _MEANING.get(type(payload))
    if means is None:
        return watched
    seen = EventRef(at=recorded.recorded_at, event_id=event.event_id)
    if isinstance(payload, AlarmRaised) and payload.name == SAMPLING_STOPPED:
        host = event.agent_id.removeprefix(_GOVERNOR)  # it says so for its own machine
        unsampled = watched.unsampled.set(_GOVERNOR + host, _alarm_of(payload, seen))
        return replace(watched, unsampled=unsampled)
    return means(watched, payload, seen)


def forget_worker(watched: Observations, worker_id: str) -> Observations:
    """A lost worker that nobody waits for any more."""
    worker = watched.workers.get(worker_id)
    if worker is None or not worker.lost:
        return watched
    return replace(watched, workers=watched.workers.delete(worker_id))


def _on_started(watched: Observations, payload: ProcessStarted, seen: EventRef) -> Observations:
    before = watched.processes.get(payload.name)
    process = Process(
        up=True,
        pid=payload.pid,
        attempt=payload.attempt,
        exits=before.exits if before is not None else (),
    )
    watched = replace(watched, processes=watched.processes.set(payload.name, process))
    return _reset_exits(watched, payload.name) if payload.attempt <= 1 else watched


def _reset_exits(watched: Observations, service: str) -> Observations:
    """Somebody started it, with the mesh: that it takes its lead anew is no sign of trouble."""
    takeovers = watched.takeovers
    for key in takeovers:
        if key.partition("/")[0] == service:
            takeovers = takeovers.delete(key)
    return replace(watched, takeovers=takeovers)


def _on_exited(watched: Observations, payload: ProcessExited, seen: EventRef) -> Observations:
    before = watched.processes.get(payload.name)
    exits = before.exits if before is not None else ()
    if payload.exit_code != 0:  # it left in good order otherwise, as when it was told to
        one = Exit(
            at=seen.at,
            event_id=seen.event_id,
            pid=payload.pid,
            exit_code=payload.exit_code,
        )
        exits = (*exits, one)[-MAX_REMEMBERED:]
    process = Process(
        up=payload.exit_code == 0, pid=payload.pid, attempt=payload.attempt, exits=exits
    )
    return replace(watched, processes=watched.processes.set(payload.name, process))


def _on_registered(
    watched: Observations, payload: WorkerRegistered, seen: EventRef
) -> Observations:
    worker = WatchedWorker(
        heartbeat_seconds=payload.heartbeat_seconds or HEARTBEAT_SECONDS,
        heard=seen,
        skills=tuple(payload.skills),
        actions=tuple(payload.actions),
        host=payload.host[:MAX_HOLDER_CHARACTERS],
    )
    return replace(watched, workers=watched.workers.set(payload.worker_id, worker))


def _on_heartbeat(watched: Observations, payload: WorkerHeartbeat, seen: EventRef) -> Observations:
    worker = watched.workers.get(payload.worker_id)
    if worker is None:
        worker = WatchedWorker(heartbeat_seconds=HEARTBEAT_SECONDS, heard=seen)
    worker = replace(worker, heard=seen, lost=False, draining=payload.draining)
    return replace(watched, workers=watched.workers.set(payload.worker_id, worker))


def _touch_worker(watched: Observations, worker_id: str, seen: EventRef) -> Observations:
    """It lives: what it asks for and what it reports says so as a heartbeat does. Of one who never
    offered itself nobody knows when to expect the next word."""
    worker = watched.workers.get(worker_id)
    if worker is None:
        return watched
    worker = replace(worker, heard=seen, lost=False)
    return replace(watched, workers=watched.workers.set(worker_id, worker))


def told_to_go(watched: Observations, worker_id: str, until: datetime | None) -> Observations:
    """The guardian itself told it to take nothing more, for a time; None: that is over."""
    worker = watched.workers.get(worker_id)
    if worker is None:
        return watched
    worker = replace(worker, away_until=until)
    return replace(watched, workers=watched.workers.set(worker_id, worker))


def _on_departed(watched: Observations, payload: WorkerDeparted, seen: EventRef) -> Observations:
    if payload.worker_id not in watched.workers:
        return watched
    return replace(watched, workers=watched.workers.delete(payload.worker_id))


def _on_lost(watched: Observations, payload: WorkerLost, seen: EventRef) -> Observations:
    worker = watched.workers.get(payload.worker_id)
    if worker is None:
        return watched
    workers = watched.workers.set(payload.worker_id, replace(worker, lost=True))
    for worker_id, other in watched.workers.items():
        if other.lost and (seen.at - other.heard.at).total_seconds() > 3600:
            workers = workers.delete(worker_id)
    return replace(watched, workers=workers)


def _on_submitted(watched: Observations, payload: TaskSubmitted, seen: EventRef) -> Observations:
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
    return replace(watched, efforts=replace(efforts, errands=errands))


def _on_claimed(watched: Observations, payload: TaskClaimed, seen: EventRef) -> Observations:
    claim = WatchedClaim(worker_id=payload.worker_id, claimed_at=seen.at, progressed=seen)
    watched = _touch_worker(watched, payload.worker_id, seen)
    return replace(watched, claims=watched.claims.set(payload.task_id, claim))


def _on_progressed(watched: Observations, payload: TaskProgressed, seen: EventRef) -> Observations:
    before = watched.claims.get(payload.task_id)
    claimed_at = before.claimed_at if before is not None else seen.at
    claim = WatchedClaim(worker_id=payload.worker_id, claimed_at=claimed_at, progressed=seen)
    watched = _touch_worker(watched, payload.worker_id, seen)
    return replace(watched, claims=watched.claims.set(payload.task_id, claim))


def _on_released(watched: Observations, payload: TaskReleased, seen: EventRef) -> Observations:
    """A lease that ran out speaks against the task if it does so again and again, and else against
    nobody."""
    watched = _forget_claim(watched, payload.task_id)
    if payload.given_back or payload.again:
        watched = replace(watched, efforts=watched.efforts.begin_again(payload.task_id))
    return watched if payload.given_back else _count_failure(watched, payload.task_id, seen)


def _on_failed(watched: Observations, payload: TaskFailed, seen: EventRef) -> Observations:
    blameless = _took_too_long(watched, payload.task_id, seen)
    watched = _touch_worker(_forget_claim(watched, payload.task_id), payload.worker_id, seen)
    watched = _count_failure(watched, payload.task_id, seen)
    if blameless:
        return watched
    efforts = watched.efforts.add_failure(
        payload.task_id, payload.worker_id, seen.at, event_id=seen.event_id
    )
    return replace(watched, efforts=efforts)


def _took_too_long(watched: Observations, task_id: str, seen: EventRef) -> bool:
    """Whether an attempt ended because of its time limit."""
    claim, errand = watched.claims.get(task_id), watched.efforts.errands.get(task_id)
    if claim is None or errand is None or not errand.attempt_seconds:
        return False
    return (seen.at - claim.claimed_at).total_seconds() >= errand.attempt_seconds


def _on_completed(watched: Observations, payload: TaskCompleted, seen: EventRef) -> Observations:
    watched = _touch_worker(_forget_claim(watched, payload.task_id), payload.worker_id, seen)
    efforts = watched.efforts.add_completion(payload.task_id, payload.worker_id, seen.at)
    return replace(watched, efforts=efforts)


def _on_acknowledged(
    watched: Observations, payload: TaskAcknowledged, seen: EventRef
) -> Observations:
    completed = payload.result == RESULT_COMPLETED
    efforts = watched.efforts.over(payload.task_id, completed=completed)
    watched = replace(watched, efforts=efforts)
    return _forget_task(watched, payload.task_id)


def _on_quarantined(
    watched: Observations, payload: TaskQuarantined, seen: EventRef
) -> Observations:
    watched = replace(watched, efforts=watched.efforts.set_aside(payload.task_id))
    return _forget_task(watched, payload.task_id)


def _forget_task(watched: Observations, task_id: str) -> Observations:
    """Nothing more is to be expected of it, or to be feared."""
    watched = _forget_claim(watched, task_id)
    if task_id not in watched.failures:
        return watched
    return replace(watched, failures=watched.failures.delete(task_id))


def _forget_claim(watched: Observations, task_id: str) -> Observations:
    if task_id not in watched.claims:
        return watched
    return replace(watched, claims=watched.claims.delete(task_id))


def _count_failure(watched: Observations, task_id: str, seen: EventRef) -> Observations:
    before = watched.failures.get(task_id, ())
    return replace(
        watched, failures=watched.failures.set(task_id, (*before, seen)[-MAX_REMEMBERED:])
    )


def _on_pulsed(watched: Observations, payload: PulseCompleted, seen: EventRef) -> Observations:
    """The lag in it is what the guardian said last: no look of its own, and nothing new."""
    pulse = WatchedPulse(
        number=payload.number, interval_seconds=payload.interval_seconds, seen=seen
    )
    return replace(watched, pulse=pulse)


def _set_lag(watched: Observations, positions: int, seen: EventRef) -> Observations:
    lag = Lag(positions=positions, seen=seen)
    return replace(watched, lags=(*watched.lags, lag)[-MAX_REMEMBERED:])


def _on_alarm(watched: Observations, payload: AlarmRaised, seen: EventRef) -> Observations:
    if payload.name == INGEST_LAG:
        return _set_lag(watched, max(0, payload.last_sequence - payload.first_sequence), seen)
    alarm = _alarm_of(payload, seen)
    if payload.name == PARKED_EVENTS:
        return replace(watched, parked=(*watched.parked, alarm)[-MAX_REMEMBERED:])
    if payload.name in REGRESSIONS | FULL_LOG:
        return replace(watched, dangers=(*watched.dangers, alarm)[-MAX_REMEMBERED:])
    return watched


def _alarm_of(payload: AlarmRaised, seen: EventRef) -> Alarm:
    return Alarm(
        name=payload.name,
        message=payload.message,
        epoch=payload.epoch,
        last_sequence=payload.last_sequence,
        seen=seen,
    )


def _on_taken(watched: Observations, payload: LeadershipTaken, seen: EventRef) -> Observations:
    if payload.service == SERVICE:
        watched = replace(watched, since=seen.at)
    key = f"{payload.service}/{payload.scope}"
    before = watched.takeovers.get(key, ())
    return replace(
        watched,
        takeovers=watched.takeovers.set(key, (*before, seen)[-MAX_REMEMBERED:]),
        holders=watched.holders.set(key, payload.holder[:MAX_HOLDER_CHARACTERS]),
    )


def _on_sampled(watched: Observations, payload: CapacitySampled, seen: EventRef) -> Observations:
    governor = _GOVERNOR + payload.host
    if governor in watched.unsampled:
        watched = replace(watched, unsampled=watched.unsampled.delete(governor))
    if not payload.disk_total_bytes:
        return watched
    percent = 100.0 * payload.disk_used_bytes / payload.disk_total_bytes
    return replace(watched, disks=watched.disks.set(payload.host, Disk(percent=percent, seen=seen)))


_MEANING: Final[dict[type, Callable[[Observations, Any, EventRef], Observations]]] = {
    ProcessStarted: _on_started,
    ProcessExited: _on_exited,
    WorkerRegistered: _on_registered,
    WorkerHeartbeat: _on_heartbeat,
    WorkerDeparted: _on_departed,
    WorkerLost: _on_lost,
    TaskSubmitted: _on_submitted,
    TaskClaimed: _on_claimed,
    TaskProgressed: _on_progressed,
    TaskReleased: _on_released,
    TaskFailed: _on_failed,
    TaskCompleted: _on_completed,
    TaskAcknowledged: _on_acknowledged,
    TaskQuarantined: _on_quarantined,
    PulseCompleted: _on_pulsed,
    AlarmRaised: _on_alarm,
    LeadershipTaken: _on_taken,
    CapacitySampled: _on_sampled,
}
