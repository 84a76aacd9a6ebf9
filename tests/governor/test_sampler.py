"""Is a sample true, in and out of a container, and when parts of the machine fail?"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from governor import sampler as sampling
from governor.gpus import Gpus
from governor.sampler import MachineSampler
from nervous_system.host.cgroup import ResourceUse
from nervous_system.telemetry.metrics import Metrics

GIB = 1 << 30


class NvmlError(Exception):
    """What NVML raises."""


class Nvml:
    """Two GPUs, of which the second fails when told to."""

    NVMLError = NvmlError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self) -> None:
        self.broken = False

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        if self.broken and index == 1:
            raise NvmlError("GPU is lost")
        return index

    def nvmlDeviceGetName(self, handle: int) -> str:
        return f"H{handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(used=GIB, total=4 * GIB)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(gpu=40)

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        raise NvmlError("Not Supported")


def container(root: Path) -> Callable[[str, str], None]:
    """A version 2 container of half a processor and one GiB; returns how to change a file of it."""

    def write(name: str, text: str) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    write("proc/self/cgroup", "0::/\n")
    write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
    write("sys/fs/cgroup/memory.max", str(GIB))
    write("sys/fs/cgroup/memory.current", str(GIB // 2))
    write("sys/fs/cgroup/cpu.max", "50000 100000\n")
    write("sys/fs/cgroup/cpu.stat", "usage_usec 1000000\n")
    return write


def test_the_machine_itself(tmp_path: Path) -> None:
    sampler = MachineSampler(host="h", disk_path=tmp_path, metrics=Metrics(), root=tmp_path)
    sample = sampler.sample()
    assert sample.host == "h"
    assert not sample.in_container
    assert sample.cpu_count == len(os.sched_getaffinity(0))
    assert 0 <= sample.cpu_percent <= 100
    assert sample.memory_limit_bytes == psutil.virtual_memory().total
    assert 0 < sample.memory_used_bytes < sample.memory_limit_bytes
    assert 0 < sample.disk_used_bytes <= sample.disk_total_bytes
    assert not sample.gpus


def test_in_a_container_the_limits_are_its_own(tmp_path: Path) -> None:
    write = container(tmp_path)
    seconds = iter([100.0, 110.0, 120.0, 130.0])
    sampler = MachineSampler(
        host="h",
        disk_path=tmp_path,
        metrics=Metrics(),
        root=tmp_path,
        watch=lambda: next(seconds),
    )
    write("sys/fs/cgroup/cpu.stat", "usage_usec 2000000\n")  # 1 s of the 5 s that 10 s offered
    sample = sampler.sample()
    assert sample.in_container
    assert sample.cpu_count == 0.5
    assert sample.cpu_percent == pytest.approx(20)
    assert (sample.memory_used_bytes, sample.memory_limit_bytes) == (GIB // 2, GIB)
    write("sys/fs/cgroup/cpu.stat", "usage_usec 90000000\n")
    assert sampler.sample().cpu_percent == 100
    write("sys/fs/cgroup/cpu.stat", "usage_usec 1\n")  # a group made anew counts from 0
    assert sampler.sample().cpu_percent == 0


def test_a_limit_above_the_machine_is_none(tmp_path: Path) -> None:
    write = container(tmp_path)
    write("sys/fs/cgroup/memory.max", str(psutil.virtual_memory().total * 2))
    write("sys/fs/cgroup/cpu.max", "100000000 100000\n")
    sample = MachineSampler(host="h", disk_path=tmp_path, metrics=Metrics(), root=tmp_path).sample()
    assert not sample.in_container
    assert sample.memory_limit_bytes == psutil.virtual_memory().total


def test_a_home_that_is_yet_to_be_made_has_its_parents_disk(tmp_path: Path) -> None:
    sample = MachineSampler(
        host="h", disk_path=tmp_path / "not" / "yet", metrics=Metrics(), root=tmp_path
    ).sample()
    assert sample.disk_total_bytes == psutil.disk_usage(str(tmp_path)).total


def test_a_gpu_that_fails_costs_itself_only(tmp_path: Path) -> None:
    nvml, metrics = Nvml(), Metrics()
    sampler = MachineSampler(
        host="h", disk_path=tmp_path, metrics=metrics, gpus=Gpus(nvml), root=tmp_path
    )
    first, second = sampler.sample().gpus
    assert (first.name, first.utilization_percent, first.memory_used_bytes) == ("H0", 40, GIB)
    assert not first.HasField("temperature_celsius")
    assert second.index == 1
    nvml.broken = True
    sample = sampler.sample()
    assert [gpu.name for gpu in sample.gpus] == ["H0"]
    assert sample.memory_limit_bytes
    assert metrics.value("ganglion_sample_failures_total", part="gpu") == 2 + 2


def test_a_part_that_cannot_be_read_costs_itself_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> ResourceUse:
        raise OSError("input/output error")

    metrics = Metrics()
    sampler = MachineSampler(host="h", disk_path=tmp_path, metrics=metrics, root=tmp_path)
    monkeypatch.setattr(sampling, "_disk", broken)
    sampler.sample()
    sample = sampler.sample()
    assert sample.disk_total_bytes == 0
    assert sample.memory_limit_bytes
    assert metrics.value("ganglion_sample_failures_total", part="disk") == 2
