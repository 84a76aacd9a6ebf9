"""How much does a browser load before the first page of the dashboard shows? `python -m
lint.first_load`.

The budget is that of what comes compressed. A page that is opened later loads its own part.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any, Final

from lint.tree import ROOT, said

BUILT: Final = ROOT / "mission_control" / "dashboard" / "dist"
MAX_BYTES: Final = 170_000
FIRST_PAGE: Final = "src/views/now/index.tsx"


def files_of_first_load(built: Path = BUILT) -> list[Path]:
    """The document, and what it and the page Now need. Raises FileNotFoundError."""
    manifest: dict[str, Any] = json.loads((built / ".vite" / "manifest.json").read_text())
    files = {"index.html"}
    waiting, seen = ["index.html", FIRST_PAGE], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        entry = manifest[name]
        files |= {entry["file"], *entry.get("css", ()), *entry.get("assets", ())}
        waiting += entry.get("imports", ())
    return [built / each for each in sorted(files)]


def problems(built: Path = BUILT, *, max_bytes: int = MAX_BYTES) -> list[str]:
    """What is wrong with it."""
    sizes = {
        each: len(gzip.compress(each.read_bytes(), mtime=0)) for each in files_of_first_load(built)
    }
    if sum(sizes.values()) <= max_bytes:
        return []
    lines = [f"  {size:>9,}  {each.name}" for each, size in sizes.items()]
    total = sum(sizes.values())
    return [f"first load: {total:,} bytes compressed, the budget is {max_bytes:,}", *lines]


if __name__ == "__main__":
    sys.exit(said(problems()))
