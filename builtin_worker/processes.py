"""Which processes use most?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psutil

from builtin_worker.action import ActionContext
from builtin_worker.section import Section, duration, size, table
from builtin_worker.thread import Halt, in_thread

BETWEEN_SECONDS: Final = 0.5
"""CPU is measured between two looks so far apart."""

SHOWN: Final = 10
"""Of each order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningProcess:
    """One process as it was seen."""

    pid: int
    name: str
    user: str
    cpu_percent: float  # of one processor
    resident_bytes: int
    threads: int
    age_seconds: float


async def processes(place: ActionContext) -> Section:
    """The top of them by CPU and by memory."""
    now = place.clock().timestamp()
    found, unread = await in_thread(lambda halt: _look(halt, now=now))
    by_cpu = sorted(found, key=lambda each: (-each.cpu_percent, each.pid))
    by_memory = sorted(found, key=lambda each: (-each.resident_bytes, each.pid))
    counted = f"{len(found)} processes" + (f", {unread} more could not be read" if unread else "")
    return Section(
        title="Processes",
        body=f"{counted}.\n\nBy CPU:\n\n{_table(by_cpu)}\n\nBy memory:\n\n{_table(by_memory)}",
    )


def _look(halt: Halt, *, now: float) -> tuple[list[RunningProcess], int]:
    present = list(psutil.process_iter())
    for process in present:
        halt.check()
        _cpu_percent(process)  # the beginning of its measurement
    halt.pause(BETWEEN_SECONDS)
    found, unread = [], 0
    for process in present:
        halt.check()
        try:
            with process.oneshot():
                found.append(
                    RunningProcess(
                        pid=process.pid,
                        name=_name(process),
                        user=process.username(),
                        cpu_percent=process.cpu_percent(),
                        resident_bytes=process.memory_info().rss,
                        threads=process.num_threads(),
                        age_seconds=now - process.create_time(),
                    )
                )
        except psutil.NoSuchProcess:
            continue
        except (psutil.Error, OSError):
            unread += 1
    return found, unread


def _cpu_percent(process: psutil.Process) -> float:
    try:
        return process.cpu_percent()
    except (psutil.Error, OSError):
        return 0.0


def _name(process: psutil.Process) -> str:
    """Its name, and the module that a Python runs. Never its arguments: they may hold secrets."""
    name, words = process.name(), process.cmdline()
    if "-m" in words[1:-1] and name.startswith("python"):
        return f"{name} -m {words[words.index('-m', 1) + 1]}"
    return name


def _table(running: list[RunningProcess]) -> str:
    return table(
        ("pid", "name", "user", "CPU", "memory", "threads", "age"),
        [
            (
                *(each.pid, each.name, each.user, f"{each.cpu_percent:.0f} %"),
                *(size(each.resident_bytes), each.threads, duration(each.age_seconds)),
            )
            for each in running[:SHOWN]
        ],
    )
