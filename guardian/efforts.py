"""Who failed at what, and who did it? Enough of the last minutes to say whom or what to blame.

Counted are different tasks: one that is tried again and again counts once for each who failed at
it. What a busy machine does to work, lost leases and attempts beyond their time, blames nobody and
is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guardian.outcome_counts import OutcomeCounts, count, total
from nervous_system.service.fast_replace import replace
from nervous_system.service.persistent import EMPTY, PersistentMap

MAX_EFFORTS: Final = 10_000
"""Beyond that, what is new counts as something that nobody knows."""

MAX_ENDED: Final = 5_000
"""Tasks that ended otherwise than completed, and may be tried again: so many are known still."""

EVERYBODY: Final = ""
"""In the place of a worker: all of them, a task once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """An open task, as far as blame goes."""

    objective_id: str = ""
    action: str = ""
    skills: tuple[str, ...] = ()  # that it asks for
    attempt_seconds: float = 0.0  # an attempt may take; 0: no limit
    attempts: int = 0  # so many may fail, or be lost, as its manifest has it; 0: not known
    failed_by: tuple[str, ...] = ()
    aside: bool = False  # it was ordered to be set aside, and is so once only


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How one worker, or all, fared with the tasks of one action in one objective."""

    objective_id: str
    action: str
    worker_id: str
    skills: tuple[str, ...] = ()  # that the last of them asked for
    failure: str = ""  # the event that said so of the last one
    tallies: tuple[OutcomeCounts, ...] = ()


@dataclass(frozen=True, kw_only=True)  # without slots: it is copied all the time
class Efforts:
    """All that is counted."""

    errands: PersistentMap[str, Errand] = EMPTY  # by open task
    ended: PersistentMap[str, Errand] = EMPTY  # by task that may be tried again
    ended_before: PersistentMap[str, Errand] = EMPTY  # when there were too many of them
    counts: PersistentMap[str, Effort] = EMPTY
    swept_at: datetime | None = None  # when what is long ago was last forgotten

    def add_failure(self, task_id: str, worker_id: str, at: datetime, *, event_id: str) -> Efforts:
        """After a worker failed at a task; once for each of the two."""
        errand = self.errands.get(task_id) or Errand()
        if worker_id in errand.failed_by:
            return self
        whose = (worker_id,) if errand.failed_by else (worker_id, EVERYBODY)
        known = replace(errand, failed_by=(*errand.failed_by, worker_id))
        efforts = replace(self, errands=self.errands.set(task_id, known))
        return efforts._count(errand, whose, at, failed=1, failure=event_id)

    def add_completion(self, task_id: str, worker_id: str, at: datetime) -> Efforts:
        """After a worker did a task."""
        errand = self.errands.get(task_id) or Errand()
        return self._count(errand, (worker_id, EVERYBODY), at, completed=1)

    def over(self, task_id: str, *, completed: bool) -> Efforts:
        """Without a task that has ended."""
        errand = self.errands.get(task_id)
        if errand is None:
            return self
        efforts = replace(self, errands=self.errands.delete(task_id))
        if completed:
            return efforts
        if len(self.ended) >= MAX_ENDED:
            efforts = replace(efforts, ended=EMPTY, ended_before=self.ended)
        return replace(efforts, ended=efforts.ended.set(task_id, errand))

    def begin_again(self, task_id: str) -> Efforts:
        """With a task that had ended and is tried again, as if nobody had failed at it."""
        errand = self.ended.get(task_id) or self.ended_before.get(task_id)
        if errand is None or task_id in self.errands:
            return self
        return replace(self, errands=self.errands.set(task_id, replace(errand, failed_by=())))

    def set_aside(self, task_id: str) -> Efforts:
        """After a task was ordered to be set aside."""
        errand = self.errands.get(task_id)
        if errand is None or errand.aside:
            return self
        return replace(self, errands=self.errands.set(task_id, replace(errand, aside=True)))

    def _count(
        self,
        errand: Errand,
        whose: tuple[str, ...],
        at: datetime,
        *,
        failed: int = 0,
        completed: int = 0,
        failure: str = "",
    ) -> Efforts:
        efforts = self._swept(at)
        counts = efforts.counts
        objective_id, action = errand.objective_id, errand.action
        for worker_id in whose:
            key = "\n".join((objective_id, action, worker_id))
            if key not in counts and len(counts) >= MAX_EFFORTS:
                objective_id, action, worker_id = "", "", EVERYBODY
                key = "\n\n"
            effort = counts.get(key) or Effort(
                objective_id=objective_id, action=action, worker_id=worker_id
            )
            tallies = count(effort.tallies, at, failed=failed, completed=completed)
            effort = replace(
                effort,
                tallies=tallies,
                skills=errand.skills,
                failure=failure or effort.failure,
            )
            counts = counts.set(key, effort)
        return replace(efforts, counts=counts)

    def _swept(self, at: datetime) -> Efforts:
        """Without what is long ago; looked for once a minute."""
        if self.swept_at is not None and (at - self.swept_at).total_seconds() < 60:
            return self
        counts = self.counts
        for key, effort in self.counts.items():
            recent = total(effort.tallies, now=at)
            if not recent.failed and not recent.completed:
                counts = counts.delete(key)
        return replace(self, counts=counts, swept_at=at)
