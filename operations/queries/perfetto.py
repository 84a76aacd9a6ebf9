"""What happened on a stretch of the log, as a trace that Perfetto and Chrome show?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from operations.queries.record import Record
from operations.queries.window import rows_between

MAX_POSITIONS: Final = 100_000

_BEGINS: Final = "task_claimed"
_ENDS: Final = frozenset(
    {"task_completed", "task_failed", "task_released", "task_cancelled", "task_expired"}
    | {"task_quarantined", "task_acknowledged"}
)
"""A task's slice is from its claim to the first of these."""


def perfetto(record: Record, *, begin: str, end: str) -> Iterator[str]:
    """JSON in the format of Chrome's traces, in pieces: each role a process, each agent a thread of
    it, each event an instant, each attempt at a task a slice. At most so many positions. Raises as
    `window`, before the first piece."""
    found = rows_between(record, begin=begin, end=end, limit=MAX_POSITIONS)
    columns = {name: values[:MAX_POSITIONS] for name, values in found.columns.items()}
    return _pieces(columns)


def _pieces(columns: dict[str, list[Any]]) -> Iterator[str]:
    head = {"ph": "M", "pid": 0, "name": "process_name", "args": {"name": "ganglion"}}
    yield f'{{"displayTimeUnit":"ms","traceEvents":[\n{json.dumps(head)}'
    threads = _Threads()
    open_tasks: dict[str, tuple[float, str]] = {}
    cost = 0.0
    names = ("time", "position", "kind", "agent", "role", "resource", "title", "cost", "event_id")
    for time, position, kind, agent, role, resource, title, usd, event_id in zip(
        *(columns[name] for name in names), strict=True
    ):
        at = time * 1000
        place = {**threads.of(role, agent), "ts": at}
        details = {"position": position, "event_id": event_id, "resource": resource}
        lines = [
            {**place, "ph": "i", "s": "t", "cat": kind, "name": title or kind, "args": details}
        ]
        if kind == _BEGINS:
            open_tasks[resource] = (at, title.removeprefix("by "))
        elif kind in _ENDS and resource in open_tasks:
            since, worker_id = open_tasks.pop(resource)
            slice_ = {**threads.of("worker", worker_id), "ts": since, "dur": at - since}
            args = {"task_id": resource, "ended": kind}
            lines.append({**slice_, "ph": "X", "cat": "task", "name": resource, "args": args})
        if usd is not None:
            cost += usd
            lines.append({**place, "ph": "C", "name": "cost", "args": {"usd": cost}})
        yield _text([*threads.new(), *lines])
    yield "]}\n"


class _Threads:
    """Each role is a process, and each agent a thread of it."""

    def __init__(self) -> None:
        self._processes: dict[str, int] = {}
        self._threads: dict[tuple[str, str], int] = {}
        self._new: list[dict[str, Any]] = []

    def of(self, role: str, agent: str) -> dict[str, int]:
        """Where an agent's events are drawn."""
        process = self._processes.setdefault(role, len(self._processes) + 1)
        if (role, agent) not in self._threads:
            self._threads[role, agent] = len(self._threads) + 1
            self._new += _names(role, agent, process, self._threads[role, agent])
        return {"pid": process, "tid": self._threads[role, agent]}

    def new(self) -> list[dict[str, Any]]:
        """The names of those that came since."""
        found, self._new = self._new, []
        return found


def _names(role: str, agent: str, process: int, thread: int) -> Iterator[dict[str, Any]]:
    yield {"ph": "M", "pid": process, "name": "process_name", "args": {"name": role}}
    about = {"ph": "M", "pid": process, "tid": thread, "name": "thread_name"}
    yield {**about, "args": {"name": agent}}


def _text(lines: list[dict[str, Any]]) -> str:
    return "".join(f",\n{json.dumps(each, ensure_ascii=False)}" for each in lines)
