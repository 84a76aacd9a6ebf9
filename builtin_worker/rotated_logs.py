"""Which logs were set aside by the supervisor, and how do they get into the archive?

A log that a process writes is never touched: the supervisor sets it aside as `<name>.log.1`. That
one is renamed, so that the next cannot replace it, and packed once nobody has it open any more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from builtin_worker.archive import Archive
from builtin_worker.protected import is_ours, own_folder
from builtin_worker.section import size
from builtin_worker.tally import ActionTally
from builtin_worker.thread import Halt
from nervous_system.errors import Transient
from nervous_system.failpoint import failpoint

LOGS: Final = Path("logs")
MAX_BYTES: Final = 4 * 1024**3
"""Of one run; what is more waits for the next."""

_ROTATED = re.compile(r"(.+\.log)\.\d{1,3}")
_SET_ASIDE = re.compile(r".+\.log\.\d{8}T\d{12}Z")


def archive_logs(archive: Archive, *, home: Path, now: datetime, halt: Halt) -> ActionTally:
    """Pack what was set aside into `archive/logs/`. A file that fails costs only itself."""
    tally = ActionTally("Logs")
    folder = home / LOGS
    if not own_folder(folder):
        if folder.is_symlink():
            tally.leave(LOGS, "it is a link; what lies behind it is not ours")
        return tally
    _set_aside(folder, tally)
    waiting = sorted(each for each in folder.iterdir() if _SET_ASIDE.fullmatch(each.name))
    waiting = [each for each in waiting if is_ours(each)]
    held = held_open(waiting)
    left = MAX_BYTES
    for path in waiting:
        halt.check()
        before = path.stat().st_size
        if path in held:
            tally.leave(LOGS / path.name, "a process still has it open")
        elif before > left:
            tally.leave(LOGS / path.name, "this run has packed enough; the next one takes it")
        else:
            left -= before
            _archive(path, archive, tally, now=now, halt=halt)
    live = sorted(each for each in folder.glob("*.log") if is_ours(each))
    total = sum(each.stat().st_size for each in live)
    tally.lines.append(f"{len(live)} logs are being written, {size(total)} in all.")
    return tally


def _set_aside(folder: Path, tally: ActionTally) -> None:
    """Give each rotated log a name of its own."""
    for path in sorted(folder.iterdir()):
        rotated = _ROTATED.fullmatch(path.name)
        if rotated is None or not is_ours(path):
            continue
        try:
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            aside = path.with_name(f"{rotated[1]}.{written:%Y%m%dT%H%M%S%f}Z")
            if aside.exists():
                tally.leave(LOGS / path.name, f"{aside.name} waits to be packed under its name")
                continue
            path.rename(aside)
        except OSError as error:
            tally.fail(LOGS / path.name, error)
        failpoint("logs.set_aside")


def _archive(
    path: Path, archive: Archive, tally: ActionTally, *, now: datetime, halt: Halt
) -> None:
    where = f"logs/{path.name}.gz"
    try:
        kept = archive.keep(path, path=where, source=str(LOGS / path.name), now=now, halt=halt)
        unpacked = path.stat().st_size
        path.unlink()
    except (OSError, Transient) as error:
        tally.fail(LOGS / path.name, error)
        return
    tally.done(
        Path("archive") / where, f"packed from {path.name}, {size(unpacked)} to {size(kept.bytes)}"
    )


def held_open(paths: Iterable[Path]) -> set[Path]:
    """Those of `paths` that a process of this machine has open, as far as this user may see."""
    wanted: dict[tuple[int, int], Path] = {}
    for path in paths:
        status = path.stat()
        wanted[status.st_dev, status.st_ino] = path
    held: set[Path] = set()
    for descriptors in Path("/proc").glob("[0-9]*/fd") if wanted else ():
        try:
            entries = list(os.scandir(descriptors))
        except OSError:
            continue  # it ended, or belongs to somebody who cannot write our files
        for entry in entries:
            try:
                status = entry.stat()
            except OSError:
                continue
            found = wanted.get((status.st_dev, status.st_ino))
            if found is not None:
                held.add(found)
    return held
