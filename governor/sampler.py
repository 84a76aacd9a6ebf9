"""What does this machine have and use? psutil tells, control groups in a container, and NVML."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil
import structlog

from enchanted.events.v1.capacity_pb2 import CapacitySampled, GpuSample
from governor.gpus import Gpus
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.host.cgroup import Cgroup, ResourceUse
from nervous_system.host.machine import memory, processors
from nervous_system.telemetry.metric_catalogue import SAMPLE_FAILURES
from nervous_system.telemetry.metrics import Metrics

_log = structlog.get_logger()

Value = TypeVar("Value")


class MachineSampler:
    """The `Sampler` of the machine this process runs on."""

    def __init__(
        self,
        *,
        host: str,
        disk_path: Path,
        metrics: Metrics,
        gpus: Gpus | None = None,
        root: Path = Path("/"),
        watch: Stopwatch = stopwatch,
    ) -> None:
        self._host = host
        self._disk_path = disk_path
        self._gpus = gpus
        self._root = root
        self._watch = watch
        self._failures = metrics.counter(SAMPLE_FAILURES)
        self._failed: set[str] = set()
        self._cpu_before = self._cpu(Cgroup.find(root=root))

    def sample(self) -> CapacitySampled:
        """As `Sampler.sample` promises."""
        group = Cgroup.find(root=self._root)  # anew: a process can be moved
        zero = ResourceUse(used=0, limit=0)
        ram, memory_bound = self._read("memory", lambda: memory(group), (zero, False))
        swap = self._read("swap", lambda: _swap(group), zero)
        disk = self._read("disk", lambda: _disk(self._disk_path), zero)
        loads = self._read("load", os.getloadavg, (0.0, 0.0, 0.0))
        cpu_count, cpu_bound = self._read("cpu", lambda: processors(group), (0.0, False))
        return CapacitySampled(
            host=self._host,
            cpu_percent=self._read("cpu", lambda: self._cpu_percent(group), 0.0),
            cpu_count=cpu_count,
            load_1m=loads[0],
            load_5m=loads[1],
            load_15m=loads[2],
            memory_used_bytes=int(ram.used),
            memory_limit_bytes=int(ram.limit),
            swap_used_bytes=int(swap.used),
            swap_total_bytes=int(swap.limit),
            disk_path=str(self._disk_path),
            disk_used_bytes=int(disk.used),
            disk_total_bytes=int(disk.limit),
            in_container=memory_bound or cpu_bound,
            gpus=self._gpu_samples(),
        )

    def _read(self, part: str, read: Callable[[], Value], otherwise: Value) -> Value:
        try:
            return read()
        except (OSError, psutil.Error) as error:
            self._failures.labels(part=part).inc()
            if part not in self._failed:
                self._failed.add(part)
                _log.warning("sample.incomplete", part=part, error=str(error))
            return otherwise

    def _gpu_samples(self) -> list[GpuSample]:
        if self._gpus is None:
            return []
        samples, failures = self._gpus.sample()
        if failures:
            self._failures.labels(part="gpu").inc(failures)
        return samples

    def _cpu_percent(self, group: Cgroup) -> float:
        before, now = self._cpu_before, self._cpu(group)
        self._cpu_before = now
        passed = now.limit - before.limit
        if passed <= 0:
            return 0.0
        return min(100.0, max(0.0, 100.0 * (now.used - before.used) / passed))

    def _cpu(self, group: Cgroup) -> ResourceUse:
        """Processor seconds used, and those there were, both since some beginning."""
        cpu = group.cpu()
        allowed = os.sched_getaffinity(0)
        if cpu is not None and cpu.limit < len(allowed):
            return ResourceUse(used=cpu.used, limit=self._watch() * cpu.limit)
        times = psutil.cpu_times(percpu=True)
        chosen = [times[number] for number in allowed if number < len(times)] or times
        # What a guest uses is in `user` and `nice` already.
        totals = [sum(one) - one.guest - one.guest_nice for one in chosen]
        idle = sum(one.idle + one.iowait for one in chosen)
        return ResourceUse(used=sum(totals) - idle, limit=sum(totals))


def _swap(group: Cgroup) -> ResourceUse:
    machine = psutil.swap_memory()
    share = group.swap()
    if share is not None and share.limit < machine.total:
        return share
    return ResourceUse(used=machine.used, limit=machine.total)


def _disk(path: Path) -> ResourceUse:
    """Of the disk that holds `path`, or will: what is not free for us counts as used."""
    present = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    disk = psutil.disk_usage(str(present))
    return ResourceUse(used=disk.total - disk.free, limit=disk.total)
