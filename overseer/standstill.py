"""Why does nothing move? One sentence, the same wherever it is said: of the swarm, or of a task.

Told from the state alone: what holds dispatch, what a task waits for, and which workers it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from heapq import nsmallest
from shlex import quote
from typing import Final

from overseer import dispatch_control as gates
from overseer.kernel.dismissed import of_late
from overseer.kernel.ready_queue import QueueKey, queue_key_of
from overseer.kernel.registered_worker import RegisteredWorker
from overseer.kernel.scheduling import DispatchRules, slow_down, too_many
from overseer.kernel.sleeping import Asleep
from overseer.kernel.task import Manifest, Task
from overseer.model import CoreSettings, Objective, OverseerState

MAX_LOOKED_AT: Final = 50
"""Kinds of waiting task that are looked at for a sentence about the swarm."""

SOON_SECONDS: Final = 5.0
"""A worker that lives and has nothing to do asks for a task sooner than that."""

MAX_NAMED: Final = 3
GIB: Final = 1 << 30


def unapproved(state: OverseerState) -> list[Objective]:
    """The objectives that wait for a person to say yes, the most urgent first."""
    waiting = (each for each in state.objectives.values() if each.waits_for_approval)
    return sorted(waiting, key=lambda each: (-each.priority, each.objective_id))


class Standstill:
    """What keeps tasks from being done at one moment."""

    def __init__(self, state: OverseerState, settings: CoreSettings, now: datetime) -> None:
        self._state = state
        self._now = now
        self._rules: DispatchRules = gates.rules(state, settings, now)
        self._asleep = Asleep(state.kernel.sleeps, now)
        self._doomed = state.kernel.to_cancel
        self._roots: dict[str, str] = {}
        self._of_line: dict[QueueKey, str] = {}  # tasks that ask for the same wait for the same

    def of_swarm(self) -> str:
        """Why nothing is handed out, or what waits for something that nobody has; empty where what
        waits has its turn to come."""
        if self._rules.held:
            return self._rules.held
        kernel = self._state.kernel
        heads = kernel.ready_queue.heads(kernel.tasks)
        for task in nsmallest(MAX_LOOKED_AT, heads, key=lambda each: each.queue_seq):
            if lacking := self._lacking(task.manifest) or self._unheard(task):
                return f"{task.task_id} waits: {lacking}"
        return ""

    def of_aside(self) -> str:
        """What was set aside, the first of it with the reason and what helps: it stays so, and what
        depends on it waits, until a person decides. Empty where nothing was."""
        kernel = self._state.kernel
        aside = kernel.ready_queue.aside
        if not aside:
            return ""
        first = min(aside)
        more = f"; {len(aside) - 1} more: `ganglion tasks`" if len(aside) > 1 else ""
        return f"{first} waits: {_set_aside(kernel.tasks[first])}{more}"

    def of_approval(self) -> str:
        """Which objectives wait for a person to say yes, the most urgent first, and how it is said;
        empty where none does."""
        ids = [each.objective_id for each in unapproved(self._state)]
        if not ids:
            return ""
        wait, typed = ("waits", quote(ids[0])) if len(ids) == 1 else ("wait", "ID")
        return (
            f"{_join_words(ids)} {wait} for a person; say yes with `ganglion objectives approve"
            f" {typed}`, or no with `ganglion objectives cancel {typed}`"
        )

    def of_machines(self) -> str:
        """Which machines are given less than usual, and why; empty where none is."""
        kernel, rules = self._state.kernel, self._rules
        slow = (slow_down(kernel, rules, host) for host in sorted(rules.slowed))
        return "; ".join(filter(None, slow))

    def of_dismissed(self) -> str:
        """Which workers were told to go of late and are not back, and why; empty where none is."""
        lately = of_late(self._state.kernel.dismissed, self._now)
        told = [
            f"{worker_id} was told to go at {each.at:%H:%M:%S} UTC: {each.reason}"
            for worker_id, each in lately.items()
        ]
        more = [f"and {len(told) - MAX_NAMED} more"] if len(told) > MAX_NAMED else []
        return "; ".join([*told[:MAX_NAMED], *more])

    def of_task(self, task_id: str) -> str:
        """Why an open task is not being done; empty where it is, or will be at once."""
        task = self._state.kernel.tasks.get(task_id)
        held_by, why = self.holding(task_id)
        if task is None or not self._depends(task):
            return why
        found = f"it depends on {_join_words(sorted(task.unmet_dependencies))}"
        return f"{found}; {held_by}: {why}" if why else found

    def holding(self, task_id: str) -> tuple[str, str]:
        """Which task has to be done first, maybe itself, and why it is not being done; both are
        empty where it is, or will be at once."""
        tasks = self._state.kernel.tasks
        task = tasks.get(task_id)
        if task is None:
            return "", ""
        after = sorted(task.unmet_dependencies)[:MAX_LOOKED_AT] if self._depends(task) else []
        for root in map(self._root, after) if after else [task_id]:
            first = tasks.get(root)
            why = self._of_itself(first) if first is not None else "it is not there to be done"
            if why:
                return root, why
        return "", ""

    def of_objective(self, objective_id: str) -> tuple[str, str]:
        """A task of an open objective that a person has to decide on, else its first where none is
        being done; and why. Both are empty where it goes on, or waits for approval."""
        objective = self._state.objectives.get(objective_id)
        if objective is None or objective.waits_for_approval:
            return "", ""
        kernel = self._state.kernel
        ids = sorted(objective.open_tasks)
        is_open = [kernel.tasks[each] for each in ids if each in kernel.tasks]
        first = [each for each in is_open if not self._depends(each)] or is_open
        said = {each.task_id: self.of_task(each.task_id) for each in first}
        aside = next((each for each in said if kernel.tasks[each].quarantined), None)
        if not said or (aside is None and not all(said.values())):
            return "", ""
        found = aside or next(iter(said))
        return found, said[found]

    def _root(self, task_id: str) -> str:
        """The task that has to be done first, one of them, for another to be done."""
        passed: dict[str, None] = {}
        while task_id not in self._roots and task_id not in passed:
            task = self._state.kernel.tasks.get(task_id)
            if task is None or not self._depends(task):
                break
            passed[task_id] = None
            task_id = min(task.unmet_dependencies)
        root = self._roots.get(task_id, task_id)
        self._roots.update(dict.fromkeys(passed, root))
        return root

    def _depends(self, task: Task) -> bool:
        """Whether all that keeps it from being done is what it depends on."""
        return (
            bool(task.unmet_dependencies)
            and not task.quarantined
            and task.task_id not in self._doomed
        )

    def _of_itself(self, task: Task) -> str:
        """Why a task is not being done that waits for no other."""
        if task.quarantined:
            return _set_aside(task)
        if task.task_id in self._doomed:
            return f"it is about to be cancelled: {self._doomed[task.task_id]}"
        if task.claim is not None:
            worker_id = task.claim.worker_id
            sleeps = self._asleep.reason(worker_id)
            return f"its worker {worker_id} was told to sleep: {sleeps}" if sleeps else ""
        if task.waits_until > self._now:
            return f"it is tried again at {task.waits_until:%H:%M:%S} UTC"
        if self._rules.held:
            return self._rules.held
        line = queue_key_of(task)
        if line not in self._of_line:
            self._of_line[line] = self._lacking(task.manifest) or self._full(task.manifest)
        return self._of_line[line] or self._unheard(task)

    def _unheard(self, task: Task) -> str:
        """Which workers could do it and have said nothing since it waits; a killed one is known as
        lost only later. Empty where it has not waited for long."""
        began = task.waits_until
        if (self._now - began).total_seconds() < SOON_SECONDS:
            return ""
        free = self._free(task.manifest)
        if not free or any(each.heard_at > began for each in free):
            return ""
        silent = (self._now - max(each.heard_at for each in free)).total_seconds()
        return f"nothing was heard of {_names(free)}, who could do it, for {silent:.0f} s"

    def _lacking(self, manifest: Manifest) -> str:
        """What it takes to do this that no worker has, or may; empty where one has all."""
        against = self._rules.policy.against(action=manifest.action, risk_tier=manifest.risk_tier)
        workers = list(self._state.kernel.workers.values())
        if against:
            return against
        if not workers:
            return "no worker is there"
        for fits, otherwise in self._demands(manifest):
            left = [each for each in workers if fits(each)]
            if not left:
                return otherwise(sorted(workers, key=lambda each: each.worker_id))
            workers = left
        return ""

    def _full(self, manifest: Manifest) -> str:
        """Why it has to wait for one who could do it."""
        able, free = self._able(manifest), self._free(manifest)
        if not free:
            return f"{_names(able)}, who could do it, {_have(able)} as many tasks as allowed"
        slow = {
            each.host: too_many(self._state.kernel, self._rules, each.host, self._now)
            for each in free
        }
        if all(slow.values()):
            return next(iter(slow.values()))
        needs = _size(manifest)
        return f"it asks for {needs}, and is begun once a worker has as much left" if needs else ""

    def _able(self, manifest: Manifest) -> list[RegisteredWorker]:
        """All who could do it."""
        able = sorted(self._state.kernel.workers.values(), key=lambda each: each.worker_id)
        for fits, _ in self._demands(manifest):
            able = [each for each in able if fits(each)]
        return able

    def _free(self, manifest: Manifest) -> list[RegisteredWorker]:
        """Those of them who could take one more task."""
        return [
            each for each in self._able(manifest) if len(each.task_ids) < each.max_concurrent_tasks
        ]

    def _demands(self, manifest: Manifest) -> Sequence[_Demand]:
        """What a worker has to be, one after the other, and what is said where none is."""
        registered = self._rules.registered
        everybody = self._rules.policy.allow_unregistered_agents
        skills, action, size = manifest.required_skills, manifest.action, _size(manifest)
        named = f"the {'skill' if len(skills) == 1 else 'skills'} {_join_words(sorted(skills))}"
        skilled = f" with {named}" if skills else ""
        return (
            (
                lambda each: everybody or each.worker_id in registered,
                lambda of: (
                    f"{_names(of)} may do nothing: not in the registry, and the policy"
                    " allows no others"
                ),
            ),
            (
                lambda each: skills <= each.skills,
                lambda of: f"none of {_count_workers(of)} has {named}",
            ),
            (
                lambda each: not each.actions or action in each.actions,
                lambda of: f"none of {_count_workers(of)}{skilled} does {action}",
            ),
            (
                lambda each: self._is_large_enough(each, manifest),
                lambda of: f"it asks for {size}, and no machine of {_names(of)} has as much",
            ),
            (
                lambda each: not each.draining,
                lambda of: f"{_names(of)} {_have(of)} been told to drain and to take nothing new",
            ),
            (
                lambda each: not self._asleep.reason(each.worker_id),
                lambda of: (
                    f"{_names(of)} {_have(of)} been told to sleep:"
                    f" {self._asleep.reason(of[0].worker_id)}"
                ),
            ),
        )

    def _is_large_enough(self, worker: RegisteredWorker, manifest: Manifest) -> bool:
        """By the last look at its machine; one that nobody looked at may be."""
        load = self._state.loads.get(worker.host)
        if load is None:
            return True
        enough_memory = not load.memory_bytes or (
            manifest.required_memory_bytes <= load.memory_bytes
        )
        return enough_memory and (
            not load.cpu_count or manifest.required_cpu_count <= load.cpu_count
        )


_Demand = tuple[Callable[[RegisteredWorker], bool], Callable[[Sequence[RegisteredWorker]], str]]


def _size(manifest: Manifest) -> str:
    """What it asks of a machine, in words."""
    found = []
    if manifest.required_cpu_count:
        found.append(f"{manifest.required_cpu_count:g} processors")
    if manifest.required_memory_bytes:
        found.append(f"{manifest.required_memory_bytes / GIB:.3g} GiB of memory")
    return " and ".join(found)


def _set_aside(task: Task) -> str:
    """Why, and what a person can do about it."""
    typed = quote(task.task_id)
    return (
        f"it is set aside{f': {task.aside}' if task.aside else ''}; `ganglion tasks retry {typed}`"
        f" lets it be tried again, `ganglion tasks cancel {typed}` calls it off"
    )


def _count_workers(workers: Sequence[RegisteredWorker]) -> str:
    return f"{len(workers)} worker{'' if len(workers) == 1 else 's'}"


def _have(workers: Sequence[RegisteredWorker]) -> str:
    return "has" if len(workers) == 1 else "have"


def _names(workers: Sequence[RegisteredWorker]) -> str:
    return _join_words([each.worker_id for each in workers])


def _join_words(words: Sequence[str]) -> str:
    if len(words) > MAX_NAMED:
        return f"{', '.join(words[:MAX_NAMED])} and {len(words) - MAX_NAMED} more"
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1] if words else "")))
