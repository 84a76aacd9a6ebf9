"""What may this process use of its machine, and how much of that is in use?

Where a control group allows less than there is, as in a container, it is that which counts.
"""

from __future__ import annotations

import os

import psutil

from nervous_system.host.cgroup import Cgroup, ResourceUse


def processors(group: Cgroup) -> tuple[float, bool]:
    """How many it may use, half ones included, and whether it is its group that says so."""
    allowed = len(os.sched_getaffinity(0))
    cpu = group.cpu()
    if cpu is not None and cpu.limit < allowed:
        return cpu.limit, True
    return float(allowed), False


def memory(group: Cgroup) -> tuple[ResourceUse, bool]:
    """Bytes in use, by whomever, and those there are, and whether it is its group that says so."""
    machine = psutil.virtual_memory()
    share = group.memory()
    if share is not None and share.limit < machine.total:
        return share, True
    return ResourceUse(used=machine.total - machine.available, limit=machine.total), False
