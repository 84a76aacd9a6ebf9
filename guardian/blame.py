"""Whom or what is to blame for tasks that fail: an objective, an action, a machine, a worker?

What several workers fail at, and nobody does, is to blame itself. Who alone fails at what others do
meanwhile is to blame; and where all who do so are on one machine, that machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final, NamedTuple

from guardian.efforts import EVERYBODY, Effort
from guardian.observations import Observations
from guardian.outcome_counts import OutcomeCounts, since, total

HOPELESS_SHARE: Final = 0.8
"""Of the tasks of an objective or action that fail, at least, where it is to blame."""
TIMES_AS_OFTEN: Final = 5
"""As others at the same tasks, at least, a worker or a machine fails that is to blame."""
FEWEST_TASKS: Final = 5
"""That failed, before anything is said of whom or what to blame."""
FEWEST_TRIED: Final = 3
"""Of an objective, that failed, before its tasks are set aside for their action's sake: another
objective may do better with it."""
NOTHING: Final = OutcomeCounts(minute=0)


class Matter(NamedTuple):
    """What tasks are about."""

    objective_id: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """Who or what is to blame, and for how many tasks that failed."""

    name: str
    tally: OutcomeCounts
    workers: int  # that failed at it, or that it has
    cause_event_id: str  # that said so of one of them


@dataclass(frozen=True)  # without slots: who is to blame is found once
class Blame:
    """How tasks of each kind ended in the last ten minutes, and by whom."""

    watched: Observations
    now: datetime
    tasks: Mapping[Matter, Effort]  # of all together
    workers: Mapping[Matter, Mapping[str, Effort]]
    minutes: Mapping[Matter, tuple[OutcomeCounts, ...]]  # of all workers together
    tried: Mapping[str, set[Matter]]  # by worker

    @classmethod
    def of(cls, watched: Observations, now: datetime) -> Blame:
        """As of now."""
        tasks: dict[Matter, Effort] = {}
        workers: dict[Matter, dict[str, Effort]] = defaultdict(dict)
        for effort in watched.efforts.counts.values():
            tally = total(effort.tallies, now=now)
            matter = Matter(effort.objective_id, effort.action)
            if not tally.failed and not tally.completed:
                continue
            if effort.worker_id == EVERYBODY:
                tasks[matter] = effort
            else:
                workers[matter][effort.worker_id] = effort
        minutes: dict[Matter, tuple[OutcomeCounts, ...]] = {}
        tried: dict[str, set[Matter]] = defaultdict(set)
        for matter, efforts in workers.items():
            sums: dict[int, OutcomeCounts] = {}
            for worker_id, effort in efforts.items():
                tried[worker_id].add(matter)
                for each in effort.tallies:
                    sums[each.minute] = (
                        sums.get(each.minute, OutcomeCounts(minute=each.minute)) + each
                    )
            minutes[matter] = tuple(sums.values())
        return cls(watched, now, tasks, workers, minutes, tried)

    @cached_property
    def objectives(self) -> list[Culprit]:
        """Those of which most fails, whoever tries, if not by fault of an action."""
        bad = {each.name for each in self.actions}
        objectives: dict[str, list[Matter]] = defaultdict(list)
        for matter in self.tasks:
            if matter.objective_id and matter.action not in bad:
                objectives[matter.objective_id].append(matter)
        found: list[Culprit] = []
        for objective_id, matters in sorted(objectives.items()):
            for group in (matters, *([each] for each in matters)):
                if culprit := self._hopeless(group, objective_id):
                    found.append(culprit)
                    break
        return found

    @cached_property
    def actions(self) -> list[Culprit]:
        """Those that fail in several objectives, or in none, whoever tries."""
        actions: dict[str, list[Matter]] = defaultdict(list)
        for matter in self.tasks:
            if matter.action:
                actions[matter.action].append(matter)
        found: list[Culprit] = []
        for action, matters in sorted(actions.items()):
            failing = {each for each in matters if self._all(each).failing_share >= HOPELESS_SHARE}
            suspect = len(failing) > 1 or Matter("", action) in failing
            if suspect and (culprit := self._hopeless(matters, action)):
                found.append(culprit)
        return found

    @cached_property
    def machines(self) -> list[Culprit]:
        """Those of which several workers fail, and all that try, at what others do elsewhere."""
        groups: dict[str, set[str]] = defaultdict(set)
        for worker_id in self.tried:
            worker = self.watched.workers.get(worker_id)
            if worker is not None and worker.host and not worker.lost:
                groups[worker.host].add(worker_id)
        found = []
        for host, group in sorted(groups.items()):
            if len(group) > 1 and all(self._against({each}, beside=group).failed for each in group):
                found.append(self._unfit(host, group))
        return [each for each in found if each.tally.failed]

    @cached_property
    def workers_to_blame(self) -> list[Culprit]:
        """Those that fail at what others do, if not by fault of their machine."""
        bad = {each.name for each in self.machines}
        culprits = (
            self._unfit(worker_id, {worker_id})
            for worker_id, worker in sorted(self.watched.workers.items())
            if not worker.lost and worker.host not in bad
        )
        return [each for each in culprits if each.tally.failed]

    def of_nobody(self, *, minutes: int) -> OutcomeCounts:
        """What is left of the last minutes when all that somebody is to blame for is taken away:
        tasks of many kinds that fail, whoever does them."""
        objectives = {each.name for each in self.objectives}
        actions = {each.name for each in self.actions}
        machines = {each.name for each in self.machines}
        workers = {each.name for each in self.workers_to_blame} | {
            worker_id
            for worker_id, worker in self.watched.workers.items()
            if worker.host in machines
        }
        left = NOTHING
        for matter, effort in self.tasks.items():
            if matter.objective_id in objectives or matter.action in actions:
                continue
            tally = total(effort.tallies, now=self.now, minutes=minutes)
            theirs = sum(
                total(each.tallies, now=self.now, minutes=minutes).failed
                for worker_id, each in self.workers.get(matter, {}).items()
                if worker_id in workers
            )
            left += replace(tally, failed=max(0, tally.failed - theirs))
        return left

    def waiting(self, *, objective_id: str = "", action: str = "") -> list[str]:
        """The tasks of a bad objective or action that nobody has and that were not set aside
        before, but for those of a kind that is done well; of an action, only where it was tried."""
        return sorted(
            task_id
            for task_id, errand in self.watched.efforts.errands.items()
            if (not objective_id or errand.objective_id == objective_id)
            and (not action or errand.action == action)
            and not errand.aside
            and task_id not in self.watched.claims
            and self._is_hindered(
                Matter(errand.objective_id, errand.action), fewest=FEWEST_TRIED if action else 0
            )
        )

    def _is_hindered(self, matter: Matter, *, fewest: int) -> bool:
        """Whether what there is to do of this would fail, too."""
        tally = self._all(matter) if matter in self.tasks else NOTHING
        return tally.failed >= max(fewest, tally.completed)

    def _all(self, matter: Matter) -> OutcomeCounts:
        return self._recent(self.tasks[matter])

    def _recent(self, effort: Effort) -> OutcomeCounts:
        return total(effort.tallies, now=self.now)

    def _hopeless(self, matters: Iterable[Matter], name: str) -> Culprit | None:
        """Whether these fail at several workers, of several machines where there are some, and
        nobody does them well; or at the only worker that there is."""
        matters = list(matters)
        tally = sum(map(self._all, matters), NOTHING)
        if tally.failed < FEWEST_TASKS or tally.failing_share < HOPELESS_SHARE:
            return None
        tried: dict[str, OutcomeCounts] = defaultdict(lambda: NOTHING)
        for matter in matters:
            for worker_id, effort in self.workers.get(matter, {}).items():
                tried[worker_id] += self._recent(effort)
        if any(each.completed > each.failed for each in tried.values()):
            return None
        failing = {worker_id for worker_id, each in tried.items() if each.failed}
        able = failing.union(*map(self._able, matters))
        if len(failing) < min(2, len(able)):
            return None
        if len(self._hosts(failing)) < min(2, len(self._hosts(able))):
            return None
        return Culprit(
            name=name,
            tally=tally,
            workers=len(failing),
            cause_event_id=self._cause(self.tasks[each] for each in matters),
        )

    def _unfit(self, name: str, group: set[str]) -> Culprit:
        own = (
            effort
            for efforts in self.workers.values()
            for worker_id, effort in efforts.items()
            if worker_id in group
        )
        return Culprit(
            name=name,
            tally=self._against(group),
            workers=len(group),
            cause_event_id=self._cause(own),
        )

    def _cause(self, efforts: Iterable[Effort]) -> str:
        """The last failure where most failed."""
        failed = [each for each in efforts if each.failure]
        return max(failed, key=lambda each: self._recent(each).failed).failure if failed else ""

    def _able(self, matter: Matter) -> set[str]:
        """Who could do tasks like these."""
        skills = self.tasks[matter].skills
        return {
            worker_id
            for worker_id, each in self.watched.workers.items()
            if not each.lost
            and set(skills) <= set(each.skills)
            and (not each.actions or matter.action in each.actions)
        }

    def _hosts(self, worker_ids: Iterable[str]) -> set[str]:
        found = (self.watched.workers.get(each) for each in worker_ids)
        return {each.host for each in found if each is not None}

    def _against(self, group: set[str], *, beside: set[str] | None = None) -> OutcomeCounts:
        """How many tasks a group failed at that others do, and how it fared with all of those;
        nothing failed where it is not to blame. Who is `beside` is not counted among the others."""
        own, others = NOTHING, NOTHING
        first = total((), now=self.now).minute
        aside = group | (beside or set())
        for matter in sorted(set().union(*(self.tried.get(each, ()) for each in group))):
            efforts = self.workers[matter]
            mine = [efforts[each] for each in group if each in efforts]
            failed = [each.minute for effort in mine for each in effort.tallies if each.failed]
            failed = [each for each in failed if each >= first]
            if not failed:
                own += sum(map(self._recent, mine), NOTHING)
                continue
            begun = min(failed)
            theirs = [since(efforts[each].tallies, minute=begun) for each in aside & efforts.keys()]
            both = since(self.minutes[matter], minute=begun)
            meanwhile = OutcomeCounts(
                minute=begun,
                failed=both.failed - sum(each.failed for each in theirs),
                completed=both.completed - sum(each.completed for each in theirs),
            )
            if meanwhile.completed > meanwhile.failed:
                own += sum(map(self._recent, mine), NOTHING)
                others += meanwhile
        guilty = own.mostly_failed and (own.failing_share >= TIMES_AS_OFTEN * others.failing_share)
        return own if guilty else NOTHING
