"""What is this machine, how full are its disks and its memory, and what did the governor see?"""

from __future__ import annotations

import os
import platform
import socket
from pathlib import Path
from typing import Final

import psutil

from builtin_worker.action import ActionContext
from builtin_worker.section import Section, duration, facts, size, table
from builtin_worker.thread import Halt, in_thread
from enchanted.events.v1.capacity_pb2 import CapacitySampled
from nervous_system import names
from nervous_system.contract.payload import KINDS

CPU_SECONDS: Final = 0.5
"""CPU is measured between two looks so far apart."""

FULL_PERCENT: Final = 90.0
"""From here on somebody should look."""

MAX_FILES: Final = 100_000
"""How many files of one folder are looked at for its size."""

MAX_DISKS: Final = 20


async def machine(place: ActionContext) -> Section:
    """What it is and how loaded."""

    def look(halt: Halt) -> tuple[float, ...]:
        before = psutil.cpu_times()
        halt.pause(CPU_SECONDS)
        after = psutil.cpu_times()
        passed = sum(after) - sum(before)
        idle = after.idle - before.idle + after.iowait - before.iowait
        return (100.0 * (1.0 - idle / passed) if passed > 0 else 0.0, *os.getloadavg())

    busy, *loads = await in_thread(look)
    processors = len(os.sched_getaffinity(0))
    up_seconds = place.clock().timestamp() - psutil.boot_time()
    concerns = []
    if loads[1] > 2 * processors:
        concerns.append(f"the load is {loads[1]:.1f} on {processors} processors")
    return Section(
        title="Machine",
        body=facts(
            [
                ("host", socket.gethostname()),
                ("system", f"{platform.system()} {platform.release()} on {platform.machine()}"),
                ("Python", platform.python_version()),
                ("up since", f"{duration(up_seconds)} ago"),
                ("processors", f"{processors} for us, {psutil.cpu_count()} in all"),
                ("CPU in use", f"{busy:.0f} %"),
                ("load over 1, 5, 15 minutes", ", ".join(f"{load:.2f}" for load in loads)),
            ]
        ),
        concerns=tuple(concerns),
    )


async def capacity(place: ActionContext) -> Section:
    """What a governor last recorded: it knows a container's limits, too."""
    word = KINDS[CapacitySampled].subject_word
    event = await place.bus.last_live(f"{names.EVENTS}.governor.{word}.>")
    title = "Capacity on record"
    if event is None:
        return Section(title=title, body="No governor has recorded a sample yet.")
    sample = event.event.payload
    assert isinstance(sample, CapacitySampled)
    age = place.clock() - event.recorded_at
    used, limit = sample.memory_used_bytes, sample.memory_limit_bytes
    return Section(
        title=title,
        body=facts(
            [
                ("host", sample.host + (", in a container" if sample.in_container else "")),
                ("recorded", f"{duration(age.total_seconds())} ago, sequence {event.sequence}"),
                ("CPU", f"{sample.cpu_percent:.0f} % of {sample.cpu_count:g} processors"),
                ("memory", f"{size(used)} of {size(limit)}"),
            ]
        ),
    )


async def memory(_place: ActionContext) -> Section:
    """RAM and swap of the machine."""
    ram, swap = psutil.virtual_memory(), psutil.swap_memory()
    concerns = []
    if ram.percent >= FULL_PERCENT:
        concerns.append(f"memory is {ram.percent:.0f} % full")
    if swap.total and swap.percent >= FULL_PERCENT:
        concerns.append(f"swap is {swap.percent:.0f} % full")
    rows = [
        ("memory", size(ram.total), size(ram.total - ram.available), size(ram.available)),
        ("swap", size(swap.total), size(swap.used), size(swap.free)),
    ]
    return Section(
        title="Memory",
        body=table(("", "total", "in use", "available"), rows),
        concerns=tuple(concerns),
    )


async def disk(place: ActionContext) -> Section:
    """How full the disks are, and what of it is ours."""

    def look(halt: Halt) -> Section:
        rows, concerns = _disks(halt, home=place.home)
        own = [
            (f"{folder.name}/", *_content(folder, halt))
            for folder in sorted(place.home.iterdir())
            if folder.is_dir() and not folder.is_symlink()
        ]
        return Section(
            title="Disk",
            body=table(("disk of", "size", "in use", "free", "full", "inodes"), rows)
            + "\n\nIn the home of the mesh:\n\n"
            + table(("folder", "size", "files"), own),
            concerns=tuple(concerns),
        )

    return await in_thread(look)


def _disks(halt: Halt, *, home: Path) -> tuple[list[tuple[str, ...]], list[str]]:
    mounted = {each.mountpoint: each.device for each in psutil.disk_partitions(all=False)}
    rows, concerns, seen = [], [], set()
    for path in [str(home), *mounted][:MAX_DISKS]:
        halt.check()
        try:
            usage, status = psutil.disk_usage(path), os.statvfs(path)
            device = Path(path).stat().st_dev
        except OSError as error:
            rows.append((path, *["?"] * 4, str(error.strerror)))
            continue
        if device in seen:
            continue
        seen.add(device)
        inodes = 100 * (1 - status.f_favail / status.f_files) if status.f_files else 0.0
        rows.append(
            (
                *(path, size(usage.total), size(usage.used), size(usage.free)),
                *(f"{usage.percent:.0f} %", f"{inodes:.0f} %"),
            )
        )
        for what, percent in (("disk", usage.percent), ("inode table", inodes)):
            if percent >= FULL_PERCENT:
                concerns.append(f"the {what} of {path} is {percent:.0f} % full")
    return rows, concerns


def _content(folder: Path, halt: Halt) -> tuple[str, str]:
    """Size and number of the files in it."""
    total = count = 0
    for where, _, files in os.walk(folder):
        halt.check()
        for name in files:
            try:
                total += Path(where, name).lstat().st_size
            except OSError:
                continue  # it went away just now
            count += 1
            if count >= MAX_FILES:
                return f"more than {size(total)}", f"more than {count}"
    return size(total), str(count)
