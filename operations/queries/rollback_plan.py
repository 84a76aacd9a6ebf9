"""What would it mean to go back to a checkpoint: which changes can be compensated, which not?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from builtin_worker.task_changes import Changed, changed_since
from enchanted.events.v1.objective_pb2 import ObjectiveAdded
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import TaskSubmitted
from nervous_system.bus import Bus
from nervous_system.client.restoring import SKILL
from nervous_system.errors import NotDone
from nervous_system.names import EVENTS
from nervous_system.phrases import join_list, pluralize
from operations.queries.checkpoints import Checkpoint
from operations.queries.live_swarm import Now

MAX_NAMED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlan:
    """What is to be done about what happened since."""

    checkpoint: Checkpoint
    objectives: tuple[str, ...]  # added since, and open: to be called off
    tasks: tuple[str, ...]  # likewise, of no objective
    under_way: tuple[str, ...]  # begun before, and being done: they go on
    ended: int  # tasks that were submitted since and have ended
    files: tuple[Changed, ...]  # to be put back, as far as the log tells
    left: tuple[str, ...]  # what cannot be, and why
    is_offered: bool  # whether some worker has files at hand

    def would(self) -> list[str]:
        """A sentence for each thing that would be done, or stays as it is."""
        return [*self._done(), *self._kept()] or ["nothing: nothing has changed since"]

    def _done(self) -> Iterator[str]:
        if self.objectives:
            are = _are(len(self.objectives), "objective")
            yield f"{are} called off: {join_list(self.objectives)}"
        if self.tasks:
            yield f"{_are(len(self.tasks), 'task')} called off: {join_list(self.tasks)}"
        for each in self.files[:MAX_NAMED]:
            was = "put back" if each.hash_before else "removed, as it was not there"
            place = f" of {each.target.workspace}" if each.target.workspace else ""
            yield f"{each.target.name}{place} is {was}"
        if len(self.files) > MAX_NAMED:
            yield f"and {pluralize(len(self.files) - MAX_NAMED, 'file')} more"
        if self.files and not self.is_offered:
            yield (
                "the files wait for a worker that has them at hand: no worker does now; name their"
                " folder in GANGLION_WORKER_WORKSPACE and start one"
            )

    def _kept(self) -> Iterator[str]:
        for each in self.left[:MAX_NAMED]:
            yield f"it stays as it is: {each}"
        if len(self.left) > MAX_NAMED:
            yield f"and {len(self.left) - MAX_NAMED:,} more stay as they are"
        if self.under_way:
            yield f"what is being done since before goes on: {join_list(self.under_way)}"
        if self.ended:
            yield (
                f"{_are(self.ended, 'task')} over that began since: what they did beside files on"
                " record stays done"
            )


async def plan_rollback(bus: Bus, now: Now, checkpoint: Checkpoint) -> RollbackPlan:
    """Raises NotDone, with the reason, for a checkpoint to which nothing leads back;
    Unavailable."""
    if checkpoint.problem:
        raise NotDone(f"{checkpoint.name} is not to be believed: {checkpoint.problem}")
    if checkpoint.log_created != now.log.created or checkpoint.position > now.as_of:
        raise NotDone(
            f"{checkpoint.name} is of epoch {checkpoint.epoch}, another life of the log: what was"
            " done since is not on this one"
        )
    if checkpoint.position + 1 < now.log.first_sequence:
        raise NotDone(
            f"the log begins at position {now.log.first_sequence:,}: of what was done since"
            f" {checkpoint.name} (position {checkpoint.position:,}) it has forgotten a part"
        )
    objectives, tasks = await _begun_since(bus, checkpoint.position)
    kernel, known = now.state.kernel, now.state.objectives
    lone = {each for each, objective in tasks.items() if objective not in objectives}
    every = await changed_since(bus, checkpoint.position)
    return RollbackPlan(
        checkpoint=checkpoint,
        objectives=tuple(sorted(each for each in objectives if each in known)),
        tasks=tuple(
            sorted(each for each in lone if each in kernel.tasks and tasks[each] not in known)
        ),
        under_way=tuple(sorted(each for each in kernel.claimed if each not in tasks)),
        ended=sum(each not in kernel.tasks for each in tasks),
        files=tuple(each for each in every if not each.obstacle),
        left=tuple(
            f"{each.target.type} {each.target.name}: {each.obstacle}"
            for each in every
            if each.obstacle
        ),
        is_offered=any(SKILL in each.skills for each in kernel.workers.values()),
    )


async def _begun_since(bus: Bus, position: int) -> tuple[set[str], dict[str, str]]:
    """Objectives that were added, and tasks that were submitted, with their objectives."""
    objectives: set[str] = set()
    tasks: dict[str, str] = {}
    subjects = [f"{EVENTS}.objective.added.>", f"{EVENTS}.task.submitted.>"]
    async for stored in bus.replay(subjects=subjects, start_sequence=position + 1):
        each = bus.believed(stored)
        if each is None or each.event.agent_role != ROLE_OVERSEER:
            continue
        payload = each.event.payload
        if isinstance(payload, ObjectiveAdded) and not payload.history:
            objectives.add(payload.objective_id)
        elif isinstance(payload, TaskSubmitted):
            tasks[payload.manifest.task_id] = payload.manifest.objective_id
    return objectives, tasks


def _are(count: int, noun: str) -> str:
    return f"{pluralize(count, noun)} {'is' if count == 1 else 'are'}"
