"""Who failed at what, and who did it? Enough of the last minutes to say whom or what to blame.

Counted are different tasks: one that is tried again and again counts once for each who failed at
it. What a busy machine does to work, lost leases and attempts beyond their time, blames nobody and
is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from guardian.tally import Tally, counted, total
from nervous_system.service.changed import changed
from nervous_system.service.persistent import EMPTY, Table

MOST_EFFORTS: Final = 10_000
"""Beyond that, what is new counts as something that nobody knows."""

MOST_ENDED: Final = 5_000
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
    tallies: tuple[Tally, ...] = ()


@dataclass(frozen=True, kw_only=True)  # without slots: it is copied all the time
class Efforts:
    """All that is counted."""

    errands: Table[str, Errand] = EMPTY  # by open task
    ended: Table[str, Errand] = EMPTY  # by task that may be tried again
    ended_before: Table[str, Errand] = EMPTY  # when there were too many of them
    counts: Table[str, Effort] = EMPTY
    swept_at: datetime | None = None  # when what is long ago was last forgotten

    def failed(self, task_id: str, worker_id: str, at: datetime, *, event_id: str) -> Efforts:
        """After a worker failed at a task; once for each of the two."""
        errand = self.errands.get(task_id) or Errand()
        if worker_id in errand.failed_by:
            return self
        whose = (worker_id,) if errand.failed_by else (worker_id, EVERYBODY)
        known = changed(errand, failed_by=(*errand.failed_by, worker_id))
        efforts = changed(self, errands=self.errands.set(task_id, known))
        return efforts._counted(errand, whose, at, failed=1, failure=event_id)

    def completed(self, task_id: str, worker_id: str, at: datetime) -> Efforts:
        """After a worker did a task."""
        errand = self.errands.get(task_id) or Errand()
        return self._counted(errand, (worker_id, EVERYBODY), at, completed=1)

    def over(self, task_id: str, *, completed: bool) -> Efforts:
        """Without a task that has ended."""
        errand = self.errands.get(task_id)
        if errand is None:
            return self
        efforts = changed(self, errands=self.errands.delete(task_id))
        if completed:
            return efforts
        if len(self.ended) >= MOST_ENDED:
            efforts = changed(efforts, ended=EMPTY, ended_before=self.ended)
        return changed(efforts, ended=efforts.ended.set(task_id, errand))

    def again(self, task_id: str) -> Efforts:
        """With a task that had ended and is tried again, as if nobody had failed at it."""
        errand = self.ended.get(task_id) or self.ended_before.get(task_id)
        if errand is None or task_id in self.errands:
            return self
        return changed(self, errands=self.errands.set(task_id, changed(errand, failed_by=())))

    def set_aside(self, task_id: str) -> Efforts:
        """After a task was ordered to be set aside."""
        errand = self.errands.get(task_id)
        if errand is None or errand.aside:
            return self
        return changed(self, errands=self.errands.set(task_id, changed(errand, aside=True)))

    def _counted(
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
            if key not in counts and len(counts) >= MOST_EFFORTS:
                objective_id, action, worker_id = "", "", EVERYBODY
                key = "\n\n"
            effort = counts.get(key) or Effort(
                objective_id=objective_id, action=action, worker_id=worker_id
            )
            tallies = counted(effort.tallies, at, failed=failed, completed=completed)
            effort = changed(
                effort,
                tallies=tallies,
                skills=errand.skills,
                failure=failure or effort.failure,
            )
            counts = counts.set(key, effort)
        return changed(efforts, counts=counts)

    def _swept(self, at: datetime) -> Efforts:
        """Without what is long ago; looked for once a minute."""
        if self.swept_at is not None and (at - self.swept_at).total_seconds() < 60:
            return self
        counts = self.counts
        for key, effort in self.counts.items():
            recent = total(effort.tallies, now=at)
            if not recent.failed and not recent.completed:
                counts = counts.delete(key)
        return changed(self, counts=counts, swept_at=at)
