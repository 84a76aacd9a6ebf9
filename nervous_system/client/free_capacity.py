"""How much of its machine can a worker still promise to a task?

- *Processors*: those it may use, less what the tasks that it holds require. Their load does not
  count: it passes, and where it does not, the governor slows workers down.
- *Memory*, in bytes: what was available at the last look, less what the tasks require that it holds
  since then; but no more than there is less what all of those that it holds require: they may have
  yet to take it.

In a container both end at the limits of its control group. Workers on one machine know nothing of
each other's promises; what the others use of its memory, they see.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import psutil
import structlog

from enchanted.events.v1.task_pb2 import TaskManifest
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.host.cgroup import Cgroup
from nervous_system.host.machine import memory, processors

_log = structlog.get_logger()

FRESH_SECONDS: Final = 10.0
"""So long one look at the machine counts: it costs most of a millisecond, and claims do not."""

MIN_PROCESSORS: Final = 0.001
MIN_BYTES: Final = 1
"""What is said where nothing is left: 0 would mean that nothing is said."""


class Capacity(NamedTuple):
    """For a task."""

    cpu_count: float
    memory_bytes: int


UNKNOWN: Final = Capacity(0.0, 0)


class FreeCapacity:
    """What is left of the machine this process runs on. One will do for many workers."""

    def __init__(self, *, root: Path = Path("/"), watch: Stopwatch = stopwatch) -> None:
        self._root = root
        self._watch = watch
        self._looked_at: float | None = None
        self._total = UNKNOWN
        self._available_bytes = 0
        self._required_bytes = 0  # by the tasks that it held at the last look

    def after_reserving(self, held: Iterable[TaskManifest]) -> Capacity:
        """What can be promised beside these tasks; `UNKNOWN` where the machine cannot be read."""
        taken_cpu, required_bytes = 0.0, 0
        for task in held:
            taken_cpu += task.required_cpu_count
            required_bytes += task.required_memory_bytes
        now = self._watch()
        if self._looked_at is None or now - self._looked_at >= FRESH_SECONDS:
            self._looked_at = now
            self._required_bytes = required_bytes
            self._look()
        if self._total is UNKNOWN:
            return UNKNOWN
        since = max(0, required_bytes - self._required_bytes)
        memory_bytes = min(self._total.memory_bytes - required_bytes, self._available_bytes - since)
        # Rounded, as four times 0.3 of 1.2 processors is all of them.
        cpu_count = round(self._total.cpu_count - taken_cpu, 6)
        return Capacity(max(MIN_PROCESSORS, cpu_count), max(MIN_BYTES, memory_bytes))

    def _look(self) -> None:
        try:
            group = Cgroup.find(root=self._root)  # anew: a process can be moved
            share, _ = memory(group)
            cpu_count, _ = processors(group)
        except (OSError, psutil.Error) as error:
            _log.warning("worker.machine_unread", reason=str(error))
            self._total = UNKNOWN
        else:
            self._total = Capacity(cpu_count, int(share.limit))
            available = psutil.virtual_memory().available  # a group may be allowed more than that
            self._available_bytes = min(int(share.limit - share.used), available)
