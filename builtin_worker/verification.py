"""Is what was archived still what it was?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from builtin_worker.archive import Archive
from builtin_worker.manifest import NAME
from builtin_worker.tally import ActionTally
from builtin_worker.thread import Halt

_log = structlog.get_logger()

MAX_BYTES: Final = 2 * 1024**3
"""Of one run; those that were not checked for longest come first."""


def verify(archive: Archive, *, now: datetime, halt: Halt) -> ActionTally:
    """Compare the files of the archive with its manifest. Raises OSError, Halted."""
    tally = ActionTally("Checksums")
    for problem in archive.manifest.unreadable:
        tally.concerns.append(f"archive/{NAME}, {problem}; the whole file is set aside beside it")
    for path in archive.unlisted():
        tally.leave(Path("archive") / path, "it is not in the manifest; nothing says what it was")
    every = sorted(
        archive.manifest.entries.values(), key=lambda each: (each.verified_at, each.path)
    )
    when = now.isoformat(timespec="seconds")
    entries = dict(archive.manifest.entries)
    read = right = wrong = 0
    for kept in every:
        if read and read + kept.bytes > MAX_BYTES:
            break
        read += kept.bytes
        try:
            fault = archive.fault(kept, halt=halt)
        except OSError as error:
            fault = f"it cannot be read ({error})"
        if fault is None:
            right += 1
            entries[kept.path] = replace(kept, verified_at=when)
            continue
        wrong += 1
        tally.concerns.append(f"archive/{kept.path}: {fault}")
        _log.error(
            "archive.damaged",
            path=str(archive.folder / kept.path),
            reason=fault,
            remedy=f"bring the file back from a backup, or take its line out of {NAME}",
        )
    if every or archive.manifest.unreadable:
        archive.record(replace(archive.manifest, entries=entries))
    tally.lines.append(
        f"{right} of {len(every)} files are as they were archived, {wrong} are not,"
        f" {len(every) - right - wrong} wait for the next run."
    )
    return tally
