"""Does a worker promise what its machine has left, and no more?"""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from enchanted.events.v1.task_pb2 import TaskManifest
from nervous_system.client import free_capacity
from nervous_system.client.free_capacity import (
    MIN_BYTES,
    MIN_PROCESSORS,
    UNKNOWN,
    Capacity,
    FreeCapacity,
)

GIB = 1 << 30


@pytest.fixture
def container(tmp_path: Path) -> Path:
    """One of half a processor and one GiB, half of which is in use."""
    for name, text in {
        "proc/self/cgroup": "0::/\n",
        "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "sys/fs/cgroup/memory.max": str(GIB),
        "sys/fs/cgroup/memory.current": str(GIB // 2),
        "sys/fs/cgroup/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/cpu.stat": "usage_usec 1000000\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def task(*, cpu_count: float = 0, memory_bytes: int = 0) -> TaskManifest:
    return TaskManifest(required_cpu_count=cpu_count, required_memory_bytes=memory_bytes)


def test_without_a_container_it_is_the_machine(tmp_path: Path) -> None:
    free = FreeCapacity(root=tmp_path).after_reserving([])
    assert free.cpu_count == len(os.sched_getaffinity(0))
    assert 0 < free.memory_bytes <= psutil.virtual_memory().total


def test_in_a_container_it_is_what_that_may_use(container: Path) -> None:
    assert FreeCapacity(root=container).after_reserving([]) == Capacity(0.5, GIB // 2)


def test_what_is_promised_already_cannot_be_promised_again(container: Path) -> None:
    room = FreeCapacity(root=container)
    assert room.after_reserving([task(cpu_count=0.25, memory_bytes=GIB // 4)]) == Capacity(
        0.25, GIB // 2
    )
    assert room.after_reserving([task(memory_bytes=GIB // 8)] * 4) == Capacity(0.5, GIB // 4), (
        "half since then"
    )
    thirds = [task(cpu_count=0.1)] * 3
    assert room.after_reserving(thirds).cpu_count == 0.2, "no remainder"
    too_much = [task(cpu_count=1, memory_bytes=GIB)] * 2
    assert room.after_reserving(too_much) == Capacity(MIN_PROCESSORS, MIN_BYTES), (
        "0 would say nothing"
    )


def test_the_machine_is_looked_at_now_and_then_only(container: Path) -> None:
    passed = 0.0
    room = FreeCapacity(root=container, watch=lambda: passed)
    assert room.after_reserving([]).memory_bytes == GIB // 2
    (container / "sys/fs/cgroup/memory.current").write_text(str(GIB))
    passed = free_capacity.FRESH_SECONDS - 0.1
    assert room.after_reserving([]).memory_bytes == GIB // 2
    passed = free_capacity.FRESH_SECONDS
    assert room.after_reserving([]).memory_bytes == MIN_BYTES


def test_what_cannot_be_read_is_not_said(container: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("input/output error")

    passed = 0.0
    room = FreeCapacity(root=container, watch=lambda: passed)
    with monkeypatch.context() as patched:
        patched.setattr(psutil, "virtual_memory", broken)
        assert room.after_reserving([task(cpu_count=1)]) == UNKNOWN
    passed = free_capacity.FRESH_SECONDS
    assert room.after_reserving([]) == Capacity(0.5, GIB // 2)
