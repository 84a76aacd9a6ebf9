"""
What of a station is taken up again, when a person says so?

Its open objectives and the tasks that are not finished, as requests to the overseer: it decides on
them at their place in the log, so a task comes behind those it depends on, wherever it stands in
the queue. The ids derive from the rows, so that saying it twice asks once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import Final

from enchanted.events.v1.task_pb2 import TaskManifest
from enchanted.events.v1.task_request_pb2 import TasksProposed
from importers.append import ImportReport
from importers.unit import ImportSource, ImportUnit
from nervous_system.contract.message import Entry
from nervous_system.names import EVENTS
from nervous_system.phrases import pluralize
from station.importing.folder import Row, StationFolder
from station.importing.history import OBJECTIVE_FILTER, row_event
from station.importing.row import (
    manifest_of,
    objective_id_of,
    proposed_objective,
    task_id_of,
    text_of,
)
from station.names import DISPATCH_LOG, OBJECTIVES, OBJECTIVES_HISTORY, TASK_QUEUE, TASK_STATUS

_KEY: Final = "station"
_PROPOSED_FILTER: Final = f"{EVENTS}.request.tasks_proposed.{_KEY}"

COMPLETED: Final = frozenset(
    {"acknowledged", "complete", "completed", "done", "finished", "ok", "success", "succeeded"}
)
FINISHED: Final = COMPLETED | {
    *("abandoned", "aborted", "achieved", "archived", "canceled", "cancelled", "checks_failed"),
    *("applied_checks_failed", "closed", "error", "errored", "expired", "failed", "quarantined"),
    *("rejected", "skipped", "timeout"),
}
"""Statuses after which nothing is to be done any more; every other one is open."""


@dataclass(frozen=True, slots=True)
class Activation:
    """What is to be asked of the overseer."""

    objectives: tuple[Row, ...]
    tasks: tuple[Row, ...]
    completed: frozenset[str]  # ids of tasks that the station had done: nobody waits for them

    def proposals(self, *, now: datetime, person: str) -> ImportSource:
        """A request each, in order; `now` is when the person said it."""
        units = [
            *(_objective(row, now, person) for row in self.objectives),
            *(self._task(row, manifest, now, person) for row, manifest in self._in_order()),
        ]

        async def one_by_one() -> AsyncGenerator[ImportUnit, None]:
            for unit in units:
                yield unit

        return ImportSource("activation", len(units), one_by_one(), noun="proposal")

    def _in_order(self) -> Iterator[tuple[Row, TaskManifest]]:
        tasks = {}
        planned_anew = {objective_id_of(row) for row in self.objectives}
        for row in self.tasks:
            manifest = manifest_of(row)
            if manifest.objective_id in planned_anew:  # it is no task of that plan
                manifest.objective_id = ""
            waits_for = [each for each in manifest.depends_on if each not in self.completed]
            manifest.depends_on[:] = waits_for
            tasks[manifest.task_id] = row, manifest
        order = in_order({name: manifest.depends_on for name, (_, manifest) in tasks.items()})
        return (tasks[name] for name in order)

    def _task(self, row: Row, manifest: TaskManifest, now: datetime, person: str) -> ImportUnit:
        event = row_event(
            row,
            TasksProposed(tasks=[manifest]),
            subject=manifest.task_id,
            label="activation",
            timestamp=now,
            agent_id=person,
        )
        entry = Entry(event=event, key=_KEY)
        return ImportUnit(f"{row.file}:{row.line}", (entry,), filter_of_all=_PROPOSED_FILTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationReport:
    """What was asked, and what was put into the home."""

    objectives: int  # open ones
    tasks: int  # not finished ones
    proposed_before: int  # of both
    rules: tuple[str, ...]  # files that were written
    home: str

    @classmethod
    def of(
        cls, activation: Activation, report: ImportReport, *, home: str, rules: tuple[str, ...]
    ) -> ActivationReport:
        """From what was to be asked and what came of it."""
        return cls(
            objectives=len(activation.objectives),
            tasks=len(activation.tasks),
            proposed_before=report.units_skipped,
            rules=rules,
            home=home,
        )

    def sentence(self) -> str:
        """The same for a person."""
        before = f", {self.proposed_before} of them before" if self.proposed_before else ""
        rules = f"; {' and '.join(self.rules)} written to {self.home}" if self.rules else ""
        return (
            f"activated: {pluralize(self.objectives, 'objective')} and"
            f" {pluralize(self.tasks, 'task')} proposed to the overseer{before}{rules}"
        )


def activation_of(station: StationFolder) -> Activation:
    """What is open in a station. Pure."""
    taken = {objective_id_of(row) for row in station.rows_of(OBJECTIVES_HISTORY)}
    objectives = {
        objective_id_of(row): row
        for row in station.rows_of(OBJECTIVES)
        if _status(row) not in FINISHED
    }
    statuses = {
        task_id_of(row): _status(row)
        for name in (DISPATCH_LOG, TASK_STATUS)  # in this order: a status says more
        for row in station.rows_of(name)
    }
    queue = {task_id_of(row): row for row in station.rows_of(TASK_QUEUE)}
    told = {task_id: {_status(row), statuses.get(task_id, "")} for task_id, row in queue.items()}
    return Activation(
        objectives=tuple(row for name, row in objectives.items() if name not in taken),
        tasks=tuple(row for task_id, row in queue.items() if not told[task_id] & FINISHED),
        completed=frozenset(task_id for task_id in told if told[task_id] & COMPLETED),
    )


def in_order(waits_for: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Each behind those it waits for, as far as they are among them, and otherwise as given. What
    leads back to itself comes last: the overseer says what is wrong with it."""
    names = list(waits_for)
    place = {name: number for number, name in enumerate(names)}
    sorter = TopologicalSorter(
        {name: [each for each in before if each in place] for name, before in waits_for.items()}
    )
    with suppress(CycleError):  # the others come out all the same
        sorter.prepare()
    free: list[int] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(free, place[name])
        name = names[heappop(free)]
        sorter.done(name)
        del place[name]
        yield name
    yield from place


def _objective(row: Row, now: datetime, person: str) -> ImportUnit:
    event = row_event(
        row,
        proposed_objective(row),
        subject=objective_id_of(row),
        label="activation",
        timestamp=now,
        agent_id=person,
    )
    return ImportUnit(
        f"{row.file}:{row.line}", (Entry(event=event),), filter_of_all=OBJECTIVE_FILTER
    )


def _status(row: Row) -> str:
    return text_of(row.fields.get("status")).strip().lower()
