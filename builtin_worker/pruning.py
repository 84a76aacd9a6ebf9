"""Which reports and archived files are old enough to go?"""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from builtin_worker.archive import Archive
from builtin_worker.atomic_write import PARTIAL
from builtin_worker.protected import is_ours, own_folder
from builtin_worker.tally import ActionTally
from builtin_worker.thread import Halt

REPORTS: Final = Path("reports")
ABANDONED_DAYS: Final = 1
"""A file that was being made so long ago never will be."""


def prune_reports(*, home: Path, keep_days: int, now: datetime, halt: Halt) -> ActionTally:
    """Remove reports that were last written more than `keep_days` ago, and folders left empty."""
    tally = ActionTally("Reports")
    folder = home / REPORTS
    if not own_folder(folder):
        if folder.is_symlink():
            tally.leave(REPORTS, "it is a link; what lies behind it is not ours")
        return tally
    oldest = (now - timedelta(days=keep_days)).timestamp()
    for where, _, names in os.walk(folder, topdown=False):
        for name in names:
            halt.check()
            path = Path(where, name)
            if is_ours(path):
                _prune(path, oldest=oldest, home=home, tally=tally)
        emptied = Path(where)
        # The folders of the kinds of report stay; one of a single report goes with it.
        if len(emptied.relative_to(folder).parts) > 1 and not any(emptied.iterdir()):
            emptied.rmdir()
    return tally


def _prune(path: Path, *, oldest: float, home: Path, tally: ActionTally) -> None:
    try:
        if path.stat().st_mtime < oldest:
            path.unlink()
            tally.done(path.relative_to(home), "removed: it was old")
    except FileNotFoundError:
        return  # somebody else removed it just now
    except OSError as error:
        tally.fail(path.relative_to(home), error)


def prune_archive(
    archive: Archive, *, keep_days: int, keep_snapshots: int, now: datetime
) -> ActionTally:
    """Remove logs archived more than `keep_days` ago, all but the last `keep_snapshots` of each
    snapshot, and what a crash left half-made. Raises OSError."""
    tally = ActionTally("Archive")
    oldest = (now - timedelta(days=keep_days)).isoformat(timespec="seconds")
    gone = []
    snapshots: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for path, kept in archive.manifest.entries.items():
        if path.startswith("logs/") and kept.archived_at < oldest:
            gone.append((path, f"removed: archived at {kept.archived_at}"))
        elif path.startswith("snapshots/"):
            snapshots[kept.source].append((kept.archived_at, path))
    for each in snapshots.values():
        older = sorted(each)[:-keep_snapshots]
        gone += [(path, f"removed: {keep_snapshots} newer ones are kept") for _, path in older]
    archive.discard(path for path, _ in gone)
    for path, why in gone:
        tally.done(Path("archive") / path, why)
    abandoned = (now - timedelta(days=ABANDONED_DAYS)).timestamp()
    for partial in archive.folder.rglob(f"*{PARTIAL}"):
        if is_ours(partial) and partial.stat().st_mtime < abandoned:
            partial.unlink(missing_ok=True)
    return tally
