"""What does the task kernel know? Open tasks, ended ones, workers, and how well who did what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Annotated, Any, Final

from immutables import Map
from pydantic import Field

from nervous_system.service.fast_replace import replace
from nervous_system.service.persistent import PersistentMap
from overseer.kernel.dismissed import Dismissal
from overseer.kernel.ready_queue import ReadyQueue
from overseer.kernel.registered_worker import RegisteredWorker
from overseer.kernel.sleeping import Sleep
from overseer.kernel.task import FinishedTask, Task

MAX_ENDED: Final = 100_000
"""Ended tasks that are remembered; the log itself refuses an older id that is used again."""

MAX_REFUSALS: Final = 1_000

MAX_RECORDS: Final = 10_000
"""Pairs of agent and action whose successes are remembered; twice as many until the oldest go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSettings:
    """What the kernel goes by; part of its core, not of its state."""

    lease_seconds: float = 120.0
    worker_timeout_seconds: float = 120.0
    backoff_seconds: float = 2.0  # before the second attempt; doubles from there on
    max_backoff_seconds: float = 300.0
    aging_seconds: float = 60.0  # waiting so long is worth one step of priority
    overtime_seconds: float = 30.0  # so long a worker has to end what takes longer than it may


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessRecord:
    """How often one agent succeeded at one action."""

    successes: int = 0
    finished: int = 0
    last: int = 0  # how many tasks had ended before it last finished one

    @property
    def weight(self) -> float:
        """0 to 1; 0.5 before anything is known."""
        return (self.successes + 1) / (self.finished + 2)


@dataclass(frozen=True, kw_only=True)  # without slots: it is copied all the time
class Kernel:
    """The state. What waits in which order is derived, and not written into snapshots."""

    tasks: PersistentMap[str, Task] = field(default_factory=Map)
    claimed: PersistentMap[str, str] = field(
        default_factory=Map
    )  # those that a worker has, and which
    to_cancel: PersistentMap[str, str] = field(
        default_factory=Map
    )  # those that are to be cancelled, and why
    ended: PersistentMap[str, FinishedTask] = field(default_factory=Map)
    ended_order: PersistentMap[str, str] = field(
        default_factory=Map
    )  # by number: the ids, to forget the oldest
    ended_count: int = 0
    failed: PersistentMap[str, Task] = field(
        default_factory=Map
    )  # of those that ended: to be tried again
    failed_order: tuple[tuple[str, int], ...] = ()  # the oldest first; how long its payload is
    workers: PersistentMap[str, RegisteredWorker] = field(default_factory=Map)
    records: PersistentMap[str, SuccessRecord] = field(default_factory=Map)  # by agent and action
    refusals: PersistentMap[str, tuple[str, ...]] = field(
        default_factory=Map
    )  # by request: why it was not accepted
    refusal_order: tuple[str, ...] = ()
    dismissed: PersistentMap[str, Dismissal] = field(
        default_factory=Map
    )  # by worker that was told to go
    sleeps: PersistentMap[str, Sleep] = field(
        default_factory=Map
    )  # by command, what was not taken back
    next_queue_seq: int = 1
    waiting: Annotated[Any, Field(exclude=True)] = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.waiting is None:
            object.__setattr__(self, "waiting", ReadyQueue.of(self.tasks.values()))

    @property
    def ready_queue(self) -> ReadyQueue:
        """The index of those that wait."""
        assert isinstance(self.waiting, ReadyQueue)
        return self.waiting

    def granted_task(self, request_id: str, worker_id: str) -> Task | None:
        """The task that this very request was given, while the worker has it."""
        worker = self.workers.get(worker_id)
        for task_id in worker.task_ids if worker is not None else ():
            task = self.tasks.get(task_id)
            if task is not None and task.claim is not None and task.claim.request_id == request_id:
                return task
        return None

    def claimed_task(self, task_id: str, worker_id: str, attempt: int) -> Task | None:
        """The task, if this worker has it in this attempt."""
        task = self.tasks.get(task_id)
        if task is None or task.claim is None:
            return None
        return task if (task.claim.worker_id, task.attempt) == (worker_id, attempt) else None

    def is_applied(self, task_id: str, request_id: str) -> bool:
        """Whether this very report, or release, was taken before."""
        task = self.tasks.get(task_id)
        if task is not None:
            return task.last_result_id == request_id
        ended = self.ended.get(task_id)
        return ended is not None and ended.last_result_id == request_id

    def mark_for_cancellation(self, task_ids: Iterable[str], reason: str) -> Kernel:
        """These can never be ready, or are not to be done any more: time cancels them."""
        doomed = self.to_cancel
        for each in task_ids:
            if each in self.tasks:
                doomed = doomed.set(each, reason)
        return replace(self, to_cancel=doomed)

    def record(self, agent_id: str, action: str) -> SuccessRecord:
        """How one agent did at one action so far."""
        return self.records.get(record_key(agent_id, action), _NOTHING_KNOWN)

    def latest_records(self, max_records: int) -> list[tuple[str, SuccessRecord]]:
        """Those that finished something last, by key."""
        latest = nlargest(
            max_records, self.records.items(), key=lambda each: (each[1].last, each[0])
        )
        return sorted(latest)


_NOTHING_KNOWN: Final = SuccessRecord()


def record_key(agent_id: str, action: str) -> str:
    """The key of `Kernel.records`."""
    return f"{agent_id}\n{action}"
