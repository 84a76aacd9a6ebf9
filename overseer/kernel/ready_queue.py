"""Which tasks wait, and in which order could they be handed out? An index over the open tasks.

Tasks that ask the same of a worker stand in one line, in the order of their `queue_seq`. The best
task for a worker is at the head of one of the lines, so a claim looks at a few dozen heads, however
many wait. Entries of tasks that no longer wait stay until they come to the head. Nothing here goes
by when a task came into its line: made anew from a snapshot, the index leads to the same choices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from immutables import Map

from nervous_system.service.fast_replace import replace
from nervous_system.service.persistent import EMPTY, Heap
from overseer.kernel.task import Task


class QueueKey(NamedTuple):
    """What the tasks of one line have in common."""

    priority: int
    action: str
    required_skills: frozenset[str]
    required_cpu_count: float
    required_memory_bytes: int


class QueueEntry(NamedTuple):
    """A place in a line; valid while the task still has this `queue_seq` and waits."""

    task_id: str
    queue_seq: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReadyQueue:
    """The index. It is a function of the open tasks."""

    lines: Map[QueueKey, Heap[QueueEntry]] = EMPTY  # by `queue_seq`
    delayed: Heap[QueueEntry] | None = None  # by when their backoff ends
    expiring: Heap[str] | None = None  # by when their time to live ends, and by id
    dependents: Map[str, frozenset[str]] = EMPTY  # of an open task: who waits for it
    aside: Map[str, None] = EMPTY  # ids of those that wait for a person

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> ReadyQueue:
        """The index of these open tasks."""
        index = cls()
        lines: dict[QueueKey, list[tuple[int, QueueEntry]]] = {}  # built at once: there may be many
        for task in sorted(tasks, key=lambda each: each.queue_seq):
            index = index.add(task)
            if task.waiting and not task.unmet_dependencies and not _is_begun(task):
                entry = QueueEntry(task.task_id, task.queue_seq)
                lines.setdefault(queue_key_of(task), []).append((task.queue_seq, entry))
            elif task.waiting:
                index = index.enqueue(task)
            elif task.quarantined:
                index = index.set_aside(task)
        return replace(index, lines=Map({line: Heap.of(those) for line, those in lines.items()}))

    def add(self, task: Task) -> ReadyQueue:
        """A new open task: who depends on what, and when it expires."""
        expires_at = task.expires_at
        if not task.unmet_dependencies and expires_at is None:
            return self
        dependents, expiring = self.dependents, self.expiring
        for before in task.unmet_dependencies:
            dependents = dependents.set(
                before, dependents.get(before, frozenset()) | {task.task_id}
            )
        if expires_at is not None:
            expiring = Heap.push(expiring, (expires_at, task.task_id), task.task_id)
        return replace(self, dependents=dependents, expiring=expiring)

    def enqueue(self, task: Task) -> ReadyQueue:
        """The task waits: in its line, or for its time first."""
        if task.unmet_dependencies:
            return self
        entry = QueueEntry(task.task_id, task.queue_seq)
        if _is_begun(task):
            return replace(self, delayed=Heap.push(self.delayed, task.waits_until, entry))
        return self._in_line(task, entry)

    def set_aside(self, task: Task) -> ReadyQueue:
        """The task waits for a person."""
        return replace(self, aside=self.aside.set(task.task_id, None))

    def aside_no_more(self, task: Task) -> ReadyQueue:
        """It waits for none any more, or never did."""
        if task.task_id not in self.aside:
            return self
        return replace(self, aside=self.aside.delete(task.task_id))

    def due(self, tasks: Map[str, Task], now: datetime) -> ReadyQueue:
        """Those whose backoff has ended by now stand in line."""
        index = self
        while index.delayed is not None and index.delayed.key <= now:
            entry, rest = index.delayed.item, index.delayed.rest()
            index = replace(index, delayed=rest)
            task = tasks.get(entry.task_id)
            if task is not None and waits(task, entry):
                index = index._in_line(task, entry)
        return index

    def heads(self, tasks: Map[str, Task]) -> Iterator[Task]:
        """The first task of every line that still waits."""
        for whole in self.lines.values():
            rest = _trim(whole, tasks)
            if rest is not None:
                yield tasks[rest.item.task_id]

    def trim(self, tasks: Map[str, Task], line: QueueKey) -> ReadyQueue:
        """The line without what no longer waits at its head."""
        rest = _trim(self.lines.get(line), tasks)
        if rest is not None:
            return replace(self, lines=self.lines.set(line, rest))
        return replace(self, lines=self.lines.delete(line)) if line in self.lines else self

    def expired(self, tasks: Map[str, Task], now: datetime) -> Iterator[Task]:
        """Open tasks whose time to live has ended; the longest ended first."""
        heap = self.expiring
        while heap is not None and heap.key[0] <= now:
            task = tasks.get(heap.item)
            if task is not None and task.expired(now) and task.expires_at == heap.key[0]:
                yield task  # it was not begun anew since
            heap = heap.rest()

    def without_ended(self, tasks: Map[str, Task]) -> ReadyQueue:
        """The heap of times to live without what has ended at its head."""
        heap = self.expiring
        while heap is not None and heap.item not in tasks:
            heap = heap.rest()
        return self if heap is self.expiring else replace(self, expiring=heap)

    def _in_line(self, task: Task, entry: QueueEntry) -> ReadyQueue:
        line = queue_key_of(task)
        heap = Heap.push(self.lines.get(line), entry.queue_seq, entry)
        return replace(self, lines=self.lines.set(line, heap))


def _trim(heap: Heap[QueueEntry] | None, tasks: Map[str, Task]) -> Heap[QueueEntry] | None:
    """From the first on that still waits."""
    while heap is not None:
        task = tasks.get(heap.item.task_id)
        if task is not None and waits(task, heap.item):
            break
        heap = heap.rest()
    return heap


def _is_begun(task: Task) -> bool:
    """Whether it had its turn before, and waits for its time."""
    return bool(task.failures or task.lost_attempts)


def queue_key_of(task: Task) -> QueueKey:
    """The line in which it waits."""
    manifest = task.manifest
    return QueueKey(
        manifest.priority,
        manifest.action,
        manifest.required_skills,
        manifest.required_cpu_count,
        manifest.required_memory_bytes,
    )


def waits(task: Task, entry: QueueEntry) -> bool:
    """Whether the entry is the task's present place."""
    return task.queue_seq == entry.queue_seq and task.waiting and not task.unmet_dependencies
