"""How is the overseer run without a server? On a log that is a list, by the very fold that runs it.

Leaders come and go, requests are asked again, appends are lost: what a test does to it here is what
the world does to the runner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.policy_pb2 import CharterAdopted
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR, ROLE_OVERSEER, ROLE_WORKER, AgentRole
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, TaskManifest, TaskResult
from enchanted.events.v1.task_request_pb2 import (
    ClaimRequested,
    ProgressReported,
    ReleaseRequested,
    ResultReported,
    TaskOrder,
    TaskOrdered,
    TasksProposed,
)
from enchanted.events.v1.worker_pb2 import WorkerHeartbeat, WorkerRegistered
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import subject_for
from nervous_system.ids import child_id
from nervous_system.service.fold import MAIN, Fold
from overseer.core import OverseerCore
from overseer.kernel.state import KernelSettings
from overseer.model import CoreSettings, OverseerState
from overseer.plan import Catalogue, CataloguePlanner
from overseer.vocabulary import SERVICE

BEGINNING = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATE = TypeAdapter(OverseerState)


def core() -> OverseerCore:
    """One with short times and no pulse or maintenance of its own accord."""
    return OverseerCore(
        planner=CataloguePlanner(Catalogue.load_shipped()),
        settings=CoreSettings(pulse_seconds=1e6, max_pulse_seconds=1e6, maintenance_seconds=0),
        kernel_settings=KernelSettings(
            lease_seconds=30, worker_timeout_seconds=60, backoff_seconds=1
        ),
    )


def task(task_id: str, **fields: object) -> TaskManifest:
    """A task that needs nothing special."""
    return TaskManifest(task_id=task_id, **{"action": "work", "priority": 5, **fields})  # type: ignore[arg-type]


class Overseen:
    """A log, its clock, and the overseer that leads."""

    def __init__(self, overseer: OverseerCore | None = None, *, charter: bool = True) -> None:
        self.core = overseer or core()
        self.log: list[RecordedEvent] = []
        self.now = BEGINNING
        self.number = 0
        self.fold = self._fold()
        self.turn = 0
        self.term = 1
        if charter:
            self.publish(CharterAdopted(hash="charter"), role=ROLE_OVERSEER)

    def _fold(self, state: OverseerState | None = None, sequence: int = 0) -> Fold[OverseerState]:
        return Fold(
            self.core,
            service=SERVICE,
            scope=MAIN,
            role=ROLE_OVERSEER,
            state=state,
            sequence=sequence,
        )

    @property
    def state(self) -> OverseerState:
        return self.fold.state

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def event(
        self,
        payload: Payload,
        *,
        event_id: str = "",
        role: AgentRole.ValueType = ROLE_WORKER,
        session: str = "",
    ) -> Event:
        self.number += 1
        return Event(
            event_id=event_id or child_id("test", str(self.number)),
            timestamp=self.now,
            agent_role=role,
            agent_id=getattr(payload, "worker_id", "") or "somebody",
            payload=payload,
            producer_session=session,
        )

    def publish(self, payload: Payload, **more: object) -> list[Entry]:
        """Straight to the log, and read by the leader."""
        recorded = self._append(self.event(payload, **more))  # type: ignore[arg-type]
        entries = self.fold.apply(recorded)
        self._append_all(entries)
        return entries

    def tick(self, *, lost: bool = False) -> list[Entry]:
        self.turn += 1
        tick = self.fold.tick(
            term=self.term, term_id=f"term {self.term}", number=self.turn, now=self.now
        )
        return self._settle(self.fold.apply_tick(tick), lost)

    def ask(self, *requests: Event, lost: bool = False) -> list[Answer]:
        """Decided on in one turn, but for those that are on the log already, as the runner does.

        `lost`: the leader dies before the append.
        """
        on_log = {each.event.event_id for each in self.log}
        new = [each for each in requests if each.event_id not in on_log]
        self.turn += 1
        taken = self.fold.requests_taken(
            term=self.term, term_id=f"term {self.term}", number=self.turn, now=self.now
        )
        self._settle(self.fold.decide_requests(taken, new), lost)
        if lost:
            return [Answer(again=True) for _ in requests]
        return [self.core.answer(self.state, each, self.now) for each in requests]

    def _settle(self, entries: list[Entry], lost: bool) -> list[Entry]:
        if lost:
            self.new_leader()
            return []
        self._append_all(entries)
        return entries

    def _append_all(self, entries: list[Entry]) -> None:
        for entry in entries:
            recorded = self._append(entry.event, key=entry.key)
            assert self.fold.apply(recorded) == []

    def _append(self, event: Event, *, key: str | None = None) -> RecordedEvent:
        assert event.event_id not in {each.event.event_id for each in self.log[-200:]}
        recorded = RecordedEvent(
            event=event,
            sequence=len(self.log) + 1,
            subject=subject_for(event, key=key),
            recorded_at=self.now,
        )
        self.log.append(recorded)
        return recorded

    def new_leader(self, *, snapshot_at: int | None = None) -> None:
        """Another process leads: the state comes from the log, and nothing else is decided."""
        before = self.fold
        rebuilt = self._fold()
        if snapshot_at is not None:
            assert snapshot_at == len(self.log)
            state = STATE.validate_json(STATE.dump_json(before.state))
            rebuilt = self._fold(state, snapshot_at)
        for each in self.log[rebuilt.sequence :]:
            if each.subject.split(".")[2] in (SERVICE, "task", "objective", "request", "command"):
                rebuilt.preload_own(each)
        for each in self.log[rebuilt.sequence :]:
            assert rebuilt.apply(each) == [], "an old history led to something new"
        self.fold = rebuilt
        self.term += 1

    # What agents and people do.

    def register(self, worker_id: str, *, skills: tuple[str, ...] = (), limit: int = 1) -> None:
        self.publish(
            WorkerRegistered(worker_id=worker_id, skills=skills, max_concurrent_tasks=limit)
        )

    def heartbeat(self, worker_id: str, *task_ids: str) -> None:
        self.publish(WorkerHeartbeat(worker_id=worker_id, task_ids=task_ids))

    def propose(self, *tasks: TaskManifest, together: bool = False) -> Answer:
        return self.ask(self.event(TasksProposed(tasks=tasks, together=together)))[0]

    def claim(self, worker_id: str, *, actions: Sequence[str] = ()) -> Answer:
        return self.ask(self.event(ClaimRequested(worker_id=worker_id, actions=actions)))[0]

    def progress(self, worker_id: str, task_id: str, attempt: int = 1) -> Answer:
        report = ProgressReported(task_id=task_id, worker_id=worker_id, attempt=attempt)
        return self.ask(self.event(report))[0]

    def result(
        self, worker_id: str, task_id: str, result: TaskResult.ValueType, attempt: int = 1
    ) -> Answer:
        report = ResultReported(
            task_id=task_id, worker_id=worker_id, attempt=attempt, result=result
        )
        return self.ask(self.event(report))[0]

    def exchange(self, worker_id: str, task_id: str, **claim: object) -> Event:
        """A request that reports a task as completed and claims the next one."""
        report = ResultReported(
            task_id=task_id, worker_id=worker_id, attempt=1, result=RESULT_COMPLETED
        )
        report.next.CopyFrom(ClaimRequested(worker_id=worker_id, **claim))  # type: ignore[arg-type]
        return self.event(report)

    def release(self, worker_id: str, task_id: str, attempt: int = 1) -> Answer:
        release = ReleaseRequested(task_id=task_id, worker_id=worker_id, attempt=attempt)
        return self.ask(self.event(release))[0]

    def order(self, task_id: str, order: TaskOrder.ValueType, *, reason: str = "") -> Answer:
        ordered = TaskOrdered(task_id=task_id, order=order, reason=reason)
        return self.ask(self.event(ordered, role=ROLE_OPERATOR))[0]

    def kinds(self, task_id: str) -> list[str]:
        """The steps of one task, as the log tells them."""
        return [
            each.event.kind.subject_word
            for each in self.log
            if each.subject.startswith("swarm.events.task.")
            and each.subject.endswith(f".{task_id}")
        ]


def again(event: Event, **changes: object) -> Event:
    """The event with something else in it."""
    return replace(event, **changes)  # type: ignore[arg-type]


def rebuilt(
    overseer: OverseerCore, events: Sequence[RecordedEvent]
) -> tuple[Fold[OverseerState], list[Entry]]:
    """The state that a whole history leads to, and what it leads to beyond what is in it."""
    fold = Fold(overseer, service=SERVICE, scope=MAIN, role=ROLE_OVERSEER)
    for each in events:
        if each.subject.split(".")[2] in (SERVICE, "task", "objective", "request", "command"):
            fold.preload_own(each)
    return fold, [entry for each in events for entry in fold.apply(each)]
