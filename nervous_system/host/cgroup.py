"""How much of the machine may this process use, and how much does its container use?

Linux control groups, versions 1 and 2 and both at once. A limit may stand at any level from the
process's own group up to the top of what is mounted here; the lowest counts, with the usage of the
level where it stands. Only files are read, below `root`, so a test can show it any container.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nervous_system.whole_number import whole_number

_CGROUP: Final = "proc/self/cgroup"
_MOUNTS: Final = "proc/self/mountinfo"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUse:
    """What is used of what there is."""

    used: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cgroup:
    """The groups this process is in: folders, its own first, then each parent."""

    memory_levels: tuple[Path, ...]
    memory_version: int
    cpu_levels: tuple[Path, ...]
    cpu_version: int
    cpu_usage_levels: tuple[Path, ...]  # version 1 may count in another hierarchy than it limits

    @classmethod
    def find(cls, *, root: Path = Path("/")) -> Cgroup:
        """The groups named by /proc/self; without any levels where there are no control groups."""
        paths = _paths(root)
        mounts = _mounts(root)

        def levels(controller: str) -> tuple[int, tuple[Path, ...]]:
            version = 1 if controller in paths and controller in mounts else 2
            name = controller if version == 1 else ""
            return version, _levels(root, paths.get(name), mounts.get(name, ()))

        memory_version, memory_levels = levels("memory")
        cpu_version, cpu_levels = levels("cpu")
        _, usage_levels = levels("cpuacct") if cpu_version == 1 else (2, cpu_levels)
        return cls(
            memory_levels=memory_levels,
            memory_version=memory_version,
            cpu_levels=cpu_levels,
            cpu_version=cpu_version,
            cpu_usage_levels=usage_levels,
        )

    def memory(self) -> ResourceUse | None:
        """Bytes in use, less the file cache that can go, and the lowest limit; None without."""
        if self.memory_version == 1:
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            names = ("memory.max", "memory.current", "inactive_file")
        limit, used, inactive = names
        found = _lowest(self.memory_levels, limit)
        if found is None:
            return None
        level, bytes_limit = found
        bytes_used = _number(level / used) or 0
        cache = _fields(level / "memory.stat").get(inactive, 0)
        return ResourceUse(used=max(0, bytes_used - cache), limit=bytes_limit)

    def swap(self) -> ResourceUse | None:
        """Bytes of swap in use and the lowest limit; None without one (version 2 only)."""
        found = _lowest(self.memory_levels, "memory.swap.max")
        if found is None:
            return None
        level, limit = found
        return ResourceUse(used=_number(level / "memory.swap.current") or 0, limit=limit)

    def cpu(self) -> ResourceUse | None:
        """CPU seconds since the group began and processors it may use; None without a quota."""
        best: tuple[float, int] | None = None
        for number, level in enumerate(self.cpu_levels):
            quota = self._quota(level)
            if quota is not None and (best is None or quota < best[0]):
                best = (quota, number)
        if best is None:
            return None
        quota, number = best
        if number >= len(self.cpu_usage_levels):
            return None
        level = self.cpu_usage_levels[number]
        if self.cpu_version == 1:
            nanoseconds = _number(level / "cpuacct.usage")
            return None if nanoseconds is None else ResourceUse(used=nanoseconds / 1e9, limit=quota)
        microseconds = _fields(level / "cpu.stat").get("usage_usec")
        return None if microseconds is None else ResourceUse(used=microseconds / 1e6, limit=quota)

    def _quota(self, level: Path) -> float | None:
        if self.cpu_version == 1:
            quota, period = (
                _number(level / "cpu.cfs_quota_us"),
                _number(level / "cpu.cfs_period_us"),
            )
        else:
            words = _text(level / "cpu.max").split()
            if len(words) != 2 or words[0] == "max":
                return None
            quota, period = int(words[0]), int(words[1])
        return quota / period if quota is not None and period and quota > 0 else None


def _paths(root: Path) -> dict[str, str]:
    """The process's path by version 1 controller, and under "" by version 2."""
    found: dict[str, str] = {}
    for line in _text(root / _CGROUP).splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            found[controller] = path
    return found


def _mounts(root: Path) -> dict[str, list[tuple[str, str]]]:
    """(root in the hierarchy, mount point) by version 1 controller; under "" for version 2."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in _text(root / _MOUNTS).splitlines():
        left, _, right = line.partition(" - ")
        fields, (kind, _, *options) = left.split(), right.split()
        place = (fields[3], fields[4])
        if kind == "cgroup2":
            found.setdefault("", []).append(place)
        elif kind == "cgroup":
            for option in options[-1].split(","):
                found.setdefault(option, []).append(place)
    return found


def _levels(
    root: Path, path: str | None, mounts: list[tuple[str, str]] | tuple[()]
) -> tuple[Path, ...]:
    if path is None or not mounts:
        return ()
    # A path outside of what is mounted is another namespace's view: the mount's top is ours.
    mount_point, below = mounts[0][1], ""
    for within, place in mounts:
        prefix = within.rstrip("/")
        if path == within or path.startswith(prefix + "/"):
            mount_point, below = place, path[len(prefix) :]
            break
    folders = [root / mount_point.strip("/")]
    for part in filter(None, below.split("/")):
        folders.append(folders[-1] / part)
    return tuple(reversed(folders))


def _lowest(levels: tuple[Path, ...], name: str) -> tuple[Path, int] | None:
    limits = [(level, limit) for level in levels if (limit := _number(level / name)) is not None]
    return min(limits, key=lambda found: found[1], default=None)


def _text(path: Path) -> str:
    """A file of the kernel; empty where there is none here or it may not be read: both normal."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    return whole_number(_text(path).strip())


def _fields(path: Path) -> dict[str, int]:
    pairs = (line.split() for line in _text(path).splitlines())
    read = ((pair[0], whole_number(pair[1])) for pair in pairs if len(pair) == 2)
    return {name: number for name, number in read if number is not None}
