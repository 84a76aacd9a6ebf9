"""Which tasks wait, and in which order could they be handed out? An index over the open tasks.

Tasks that ask the same of a worker stand in one line, in the order of their tickets. The best task
for a worker is at the head of one of the lines, so a claim looks at a few dozen heads, however many
wait. Entries of tasks that no longer wait stay until they come to the head. Nothing here goes by
when a task came into its line: made anew from a snapshot, the index leads to the same choices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from immutables import Map

from nervous_system.service.changed import changed
from nervous_system.service.persistent import EMPTY, Heap
from overseer.kernel.task import Task


class Line(NamedTuple):
    """What the tasks of one line have in common."""

    priority: int
    action: str
    required_skills: frozenset[str]
    required_cpu_count: float
    required_memory_bytes: int


class Entry(NamedTuple):
    """A place in a line; valid while the task still has this ticket and waits."""

    task_id: str
    ticket: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Waiting:
    """The index. It is a function of the open tasks."""

    lines: Map[Line, Heap[Entry]] = EMPTY  # by ticket
    delayed: Heap[Entry] | None = None  # by when their backoff ends
    expiring: Heap[str] | None = None  # by when their time to live ends, and by id
    dependents: Map[str, frozenset[str]] = EMPTY  # of an open task: who waits for it
    aside: Map[str, None] = EMPTY  # ids of those that wait for a person

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> Waiting:
        """The index of these open tasks."""
        index = cls()
        lines: dict[Line, list[tuple[int, Entry]]] = {}  # built at once: there may be many
        for task in sorted(tasks, key=lambda each: each.ticket):
            index = index.added(task)
            if task.waiting and not task.unmet and not _begun(task):
                entry = Entry(task.task_id, task.ticket)
                lines.setdefault(line_of(task), []).append((task.ticket, entry))
            elif task.waiting:
                index = index.queued(task)
            elif task.quarantined:
                index = index.set_aside(task)
        return changed(index, lines=Map({line: Heap.of(those) for line, those in lines.items()}))

    def added(self, task: Task) -> Waiting:
        """A new open task: who depends on what, and when it expires."""
        expires_at = task.expires_at
        if not task.unmet and expires_at is None:
            return self
        dependents, expiring = self.dependents, self.expiring
        for before in task.unmet:
            dependents = dependents.set(
                before, dependents.get(before, frozenset()) | {task.task_id}
            )
        if expires_at is not None:
            expiring = Heap.push(expiring, (expires_at, task.task_id), task.task_id)
        return changed(self, dependents=dependents, expiring=expiring)

    def queued(self, task: Task) -> Waiting:
        """The task waits: in its line, or for its time first."""
        if task.unmet:
            return self
        entry = Entry(task.task_id, task.ticket)
        if _begun(task):
            return changed(self, delayed=Heap.push(self.delayed, task.waits_until, entry))
        return self._in_line(task, entry)

    def set_aside(self, task: Task) -> Waiting:
        """The task waits for a person."""
        return changed(self, aside=self.aside.set(task.task_id, None))

    def aside_no_more(self, task: Task) -> Waiting:
        """It waits for none any more, or never did."""
        if task.task_id not in self.aside:
            return self
        return changed(self, aside=self.aside.delete(task.task_id))

    def due(self, tasks: Map[str, Task], now: datetime) -> Waiting:
        """Those whose backoff has ended by now stand in line."""
        index = self
        while index.delayed is not None and index.delayed.key <= now:
            entry, rest = index.delayed.item, index.delayed.rest()
            index = changed(index, delayed=rest)
            task = tasks.get(entry.task_id)
            if task is not None and waits(task, entry):
                index = index._in_line(task, entry)
        return index

    def heads(self, tasks: Map[str, Task]) -> Iterator[Task]:
        """The first task of every line that still waits."""
        for whole in self.lines.values():
            rest = _trimmed(whole, tasks)
            if rest is not None:
                yield tasks[rest.item.task_id]

    def trimmed(self, tasks: Map[str, Task], line: Line) -> Waiting:
        """The line without what no longer waits at its head."""
        rest = _trimmed(self.lines.get(line), tasks)
        if rest is not None:
            return changed(self, lines=self.lines.set(line, rest))
        return changed(self, lines=self.lines.delete(line)) if line in self.lines else self

    def expired(self, tasks: Map[str, Task], now: datetime) -> Iterator[Task]:
        """Open tasks whose time to live has ended; the longest ended first."""
        heap = self.expiring
        while heap is not None and heap.key[0] <= now:
            task = tasks.get(heap.item)
            if task is not None and task.expired(now) and task.expires_at == heap.key[0]:
                yield task  # it was not begun anew since
            heap = heap.rest()

    def without_ended(self, tasks: Map[str, Task]) -> Waiting:
        """The heap of times to live without what has ended at its head."""
        heap = self.expiring
        while heap is not None and heap.item not in tasks:
            heap = heap.rest()
        return self if heap is self.expiring else changed(self, expiring=heap)

    def _in_line(self, task: Task, entry: Entry) -> Waiting:
        line = line_of(task)
        heap = Heap.push(self.lines.get(line), entry.ticket, entry)
        return changed(self, lines=self.lines.set(line, heap))


def _trimmed(heap: Heap[Entry] | None, tasks: Map[str, Task]) -> Heap[Entry] | None:
    """From the first on that still waits."""
    while heap is not None:
        task = tasks.get(heap.item.task_id)
        if task is not None and waits(task, heap.item):
            break
        heap = heap.rest()
    return heap


def _begun(task: Task) -> bool:
    """Whether it had its turn before, and waits for its time."""
    return bool(task.failures or task.losses)


def line_of(task: Task) -> Line:
    """The line in which it waits."""
    manifest = task.manifest
    return Line(
        manifest.priority,
        manifest.action,
        manifest.required_skills,
        manifest.required_cpu_count,
        manifest.required_memory_bytes,
    )


def waits(task: Task, entry: Entry) -> bool:
    """Whether the entry is the task's present place."""
    return task.ticket == entry.ticket and task.waiting and not task.unmet
