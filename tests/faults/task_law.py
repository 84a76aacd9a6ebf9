"""Was a task lost, done twice, held by two, or begun too early? The law of everything that is done.

Every accepted task ends, once; its claims follow one another and never overlap; only who holds it
reports on it; what it depends on was completed before; a lease ends when it ran out by the stream's
time, or when its worker is gone; what a worker was told was taken is on the log; nothing was
written by a leader whose term was over; pulses are numbered through, whoever led, so that none was
done twice or left out. `examine` is pure, so it can be shown to fail.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from enchanted.events.v1.leadership_pb2 import LeadershipTaken, RequestsTaken, TickObserved
from enchanted.events.v1.pulse_pb2 import PulseCompleted
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    RESULT_QUARANTINED,
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
from nervous_system.contract.event import RecordedEvent
from overseer.vocabulary import SERVICE
from tests.conservation import Report

LISTED = 5
"""Offenders that a sentence names."""

FAST = timedelta(seconds=1)
"""What a decision may be ahead of the stream's time: two machines measure a second differently."""

SLOW = timedelta(minutes=5)
"""What it may be behind: it was tried again for so long."""

_STEPS = (TaskProgressed, TaskReleased, TaskCompleted, TaskFailed, TaskQuarantined)


@dataclass(slots=True)
class Known:
    """What those who asked know for certain."""

    proposed: set[str] = field(default_factory=set)  # sent, whatever came of it
    accepted: set[str] = field(default_factory=set)  # the overseer said so
    begun: set[tuple[str, int, str]] = field(default_factory=set)  # task, attempt, idempotency key
    finished: set[tuple[str, int]] = field(default_factory=set)  # the overseer took the result


def examine(log: Sequence[RecordedEvent], known: Known, *, all_ended: bool = True) -> Report:
    """Hold a log against the law. Unless `all_ended`, tasks may still be open."""
    lives = _Lives()
    for each in log:
        lives.see(each)
    if all_ended:
        lives.found["accepted tasks never ended"] = [
            task_id for task_id, life in lives.tasks.items() if not life.ended and not life.aside
        ]
    _hold_against(lives, known)
    return Report(
        breaches=[
            f"{len(offenders)} {what}: {_some(offenders)}"
            for what, offenders in lives.found.items()
            if offenders
        ],
        counts={"tasks": len(lives.tasks), **lives.counts},
    )


@dataclass(slots=True)
class _Life:
    """One task, as far as it was read."""

    needs: Collection[str]
    key: str
    holder: tuple[str, int] | None = None
    attempts: int = 0
    claimed_at_sequence: int = 0
    lease_seconds: float = 0.0
    renewed: list[tuple[int, datetime]] = field(default_factory=list)  # 0: by the leader itself
    completed: bool = False
    ended: bool = False
    aside: bool = False


class _Lives:
    """Reads a log from its beginning, and notes what may not be."""

    def __init__(self) -> None:
        self.tasks: dict[str, _Life] = {}
        self.claims: set[tuple[str, int]] = set()
        self.completions: set[tuple[str, int]] = set()
        self.found: defaultdict[str, list[object]] = defaultdict(list)
        self.counts: Counter[str] = Counter()
        self._ids: set[str] = set()
        self._requests: set[str] = set()
        self._workers: dict[str, int] = {}  # those that are there, and since which position
        self._term = 0
        self._pulse = 0
        self._seen = 0  # the last position that the present turn had seen

    def see(self, recorded: RecordedEvent) -> None:
        """One event further."""
        payload = recorded.event.payload
        match payload:
            case WorkerRegistered():
                self._workers[payload.worker_id] = recorded.sequence
            case WorkerDeparted():
                self._workers.pop(payload.worker_id, None)
            case WorkerHeartbeat():
                for task_id in payload.task_ids:
                    life = self.tasks.get(task_id)
                    if life is not None and life.holder and life.holder[0] == payload.worker_id:
                        life.renewed.append((recorded.sequence, recorded.recorded_at))
            case _ if recorded.event.agent_role == ROLE_OVERSEER:
                self._of_the_overseer(recorded)

    def _of_the_overseer(self, recorded: RecordedEvent) -> None:
        event, payload = recorded.event, recorded.event.payload
        if event.event_id in self._ids:
            self.found["events are on the log twice"].append(event.event_id)
        self._ids.add(event.event_id)
        late = recorded.recorded_at - event.timestamp
        if event.causation_id and not -FAST <= late <= SLOW:
            self.found["decisions were made by another time than the stream's"].append(
                f"{event.kind.field} at {recorded.sequence}"
            )
        match payload:
            case LeadershipTaken(service=service) if service == SERVICE:
                if payload.term != self._term + 1:
                    self.found["terms do not follow one another"].append(payload.term)
                self._term = payload.term
                self.counts["terms"] += 1
            case TickObserved() | RequestsTaken():
                self._seen = payload.as_of_sequence
                if payload.term != self._term:
                    self.found["turns were written by a deposed leader"].append(recorded.sequence)
            case PulseCompleted():
                if payload.number != self._pulse + 1:
                    self.found["pulses do not follow one another"].append(
                        f"{payload.number} at {recorded.sequence}"
                    )
                self._pulse = payload.number
                self.counts["pulses"] += 1
            case WorkerLost():
                self._workers.pop(payload.worker_id, None)
            case TaskSubmitted():
                manifest = payload.manifest
                if manifest.task_id in self.tasks:
                    self.found["tasks were submitted twice"].append(manifest.task_id)
                key = manifest.idempotency_key or manifest.task_id
                self.tasks[manifest.task_id] = _Life(needs=manifest.depends_on, key=key)
            case TaskClaimed():
                self._claimed(payload, recorded)
            case TaskAcknowledged():
                self._acknowledged(payload)
            case TaskReleased() if payload.again:
                self._tried_again(payload)
            case _ if isinstance(payload, _STEPS):
                self._step(payload, recorded)

    def _open(self, task_id: str) -> _Life | None:
        life = self.tasks.get(task_id)
        if life is None or life.ended:
            self.found["steps of tasks that were not open"].append(task_id)
            return None
        return life

    def _claimed(self, claimed: TaskClaimed, recorded: RecordedEvent) -> None:
        life = self._open(claimed.task_id)
        if life is None:
            return
        this = (claimed.task_id, claimed.attempt)
        if life.holder is not None or life.aside:
            self.found["claims overlap"].append(this)
        if claimed.attempt != life.attempts + 1:
            self.found["attempts do not follow one another"].append(this)
        if claimed.request_id in self._requests:
            self.found["requests got two tasks"].append(claimed.request_id)
        unmet = [each for each in life.needs if not self.tasks[each].completed]
        if unmet:
            self.found["claims came before what the task depends on"].append((*this, unmet))
        life.holder = (claimed.worker_id, claimed.attempt)
        life.attempts = claimed.attempt
        life.claimed_at_sequence = recorded.sequence
        life.lease_seconds = claimed.lease_seconds
        life.renewed = [(0, recorded.event.timestamp)]
        self._requests.add(claimed.request_id)
        self.claims.add(this)
        self.counts["claims"] += 1

    def _tried_again(self, released: TaskReleased) -> None:
        """Only what has ended otherwise than completed can be."""
        life = self.tasks.get(released.task_id)
        if life is None or not life.ended or life.completed:
            self.found["tasks were tried again that had not failed"].append(released.task_id)
        else:
            life.ended = False

    def _step(
        self,
        step: TaskProgressed | TaskReleased | TaskCompleted | TaskFailed | TaskQuarantined,
        recorded: RecordedEvent,
    ) -> None:
        life = self._open(step.task_id)
        if life is None:
            return
        name = f"{recorded.event.kind.field} of {step.task_id} at {recorded.sequence}"
        if isinstance(step, TaskQuarantined):
            life.holder, life.aside = None, True
            return
        if isinstance(step, TaskReleased) and life.aside:
            life.aside = False
            return
        if life.holder != (step.worker_id, step.attempt):
            self.found["steps by somebody who did not hold the task"].append(name)
            return
        match step:
            case TaskProgressed():
                life.renewed.append((0, recorded.event.timestamp))
            case TaskCompleted():
                if life.completed:
                    self.found["tasks were completed twice"].append(step.task_id)
                life.completed = True
                self.completions.add((step.task_id, step.attempt))
            case TaskReleased():
                if not step.given_back and self._too_early(life, recorded):
                    self.found["leases ended early"].append(name)
                life.holder = None
                self.counts["releases"] += 1
            case TaskFailed() if step.HasField("retry_in_seconds"):
                life.holder = None

    def _too_early(self, life: _Life, recorded: RecordedEvent) -> bool:
        """Whether its worker was there all the time and its lease had not run out, as far as the
        turn that ended it had seen."""
        assert life.holder is not None
        since = self._workers.get(life.holder[0])
        if since is None or since > life.claimed_at_sequence:
            return False  # it is gone, or began a new life
        at = max(moment for sequence, moment in life.renewed if sequence <= self._seen)
        return recorded.event.timestamp - at < timedelta(seconds=life.lease_seconds)

    def _acknowledged(self, acknowledged: TaskAcknowledged) -> None:
        life = self._open(acknowledged.task_id)
        if life is None or acknowledged.result == RESULT_QUARANTINED:
            return
        if life.completed != (acknowledged.result == RESULT_COMPLETED):
            self.found["acknowledgements say otherwise"].append(acknowledged.task_id)
        life.ended, life.holder = True, None
        self.counts["completed" if life.completed else "otherwise ended"] += 1


def _hold_against(lives: _Lives, known: Known) -> None:
    found, on_log = lives.found, set(lives.tasks)
    found["accepted tasks are not on the log"] = [*sorted(known.accepted - on_log)]
    found["tasks were never proposed"] = [*sorted(on_log - known.proposed)]
    found["attempts were begun without a claim"] = [
        each for each in sorted(known.begun) if each[:2] not in lives.claims
    ]
    found["attempts had another idempotency key"] = [
        each
        for each in sorted(known.begun)
        if each[0] in lives.tasks and each[2] != lives.tasks[each[0]].key
    ]
    found["results that were taken are not on the log"] = [
        *sorted(known.finished - lives.completions)
    ]


def _some(offenders: Sequence[object]) -> str:
    shown = [str(offender) for offender in offenders[:LISTED]]
    return ", ".join(shown) + (" …" if len(offenders) > LISTED else "")
