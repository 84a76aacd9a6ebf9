"""What of the machine does the engine's process reach? Its data, its libraries, nothing else."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import tempfile
from pathlib import Path

import embedded_clickhouse
import nervous_system
from embedded_clickhouse.configuration import TEMPORARY_FOLDER
from nervous_system.host.wall import Wall

_SHARED = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/timezone"),
    *("/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm", "/proc/sys/kernel"),
    "/proc/self/maps",  # glibc looks there for the stack
    "/proc/self/auxv",  # chDB crashes without it, once in eight starts
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)
"""What belongs to nobody. Not /proc as a whole: there are the environment and the open files."""


_KEPT = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TZ"})


def shut_in(path: Path, *, is_open: bool) -> list[tuple[str, dict[str, object]]]:
    """Shut this process in with the engine's data at `path`, unless it `is_open`. Returns what is
    to be said about it: an action of the log, and its fields. Raises `WallError`."""
    _forget_environment()
    temporary = path / TEMPORARY_FOLDER
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    os.chdir(temporary)  # chDB keeps schemas of formats where it stands
    if is_open:
        setting = "GANGLION_CLICKHOUSE_OPEN"
        sentence = f"`default` reaches files, network and programs of this user: {setting} is set"
        return [("clickhouse_is_open", {"sentence": sentence})]
    gaps = _enclosure(path).raise_()
    return [("clickhouse_wall_has_a_gap", {"sentence": gap}) for gap in gaps]


def _forget_environment() -> None:
    """Drop what the engine need not know: passwords of others come in the environment, too."""
    for name in tuple(os.environ):
        own = name.startswith("GANGLION_CLICKHOUSE_") and not name.endswith("_PASSWORD")
        if name not in _KEPT and not own:
            del os.environ[name]


def _enclosure(path: Path) -> Wall:
    """The wall around an engine with its data in `path`. No port: it listens already."""
    libraries = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    libraries |= {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    if site.ENABLE_USER_SITE:
        libraries.add(Path(site.getusersitepackages()))
    libraries.add(Path(sys.base_prefix) / "lib")
    for package in (embedded_clickhouse, nervous_system):
        libraries |= {Path(folder) for folder in package.__path__}
    return Wall(
        read=[*map(Path, _SHARED), *sorted(libraries)],
        write=[path, Path("/dev/null")],
        makes_sqlite_files=False,  # the engine would, before it asks whether its user may
    )
