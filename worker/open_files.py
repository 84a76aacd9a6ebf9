"""Which files does some process still have open?"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


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
