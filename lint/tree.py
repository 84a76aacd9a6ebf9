"""Which files are looked at, and how is said what was found in them? The texts of the repository
that people wrote."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = (
    "nervous_system",
    "governor",
    "guardian",
    "ingestor",
    "overseer",
    "builtin_worker",
    "embedded_clickhouse",
    "local_mesh",
    "importers",
    "simulation",
    "operations",
    "station",
    "mission_control",
    "ganglion",
)

_TEXTS: Final = frozenset({".py", ".md", ".proto", ".sql", ".yaml", ".yml", ".toml", ".txt"})
_BREAKS_THEM: Final = ROOT / "tests" / "lint" / "test_rails.py"
"""It holds what is refused, as it has to."""

_NOT_OURS: Final = frozenset({"node_modules", "golden", "dist"})


def texts() -> Iterator[Path]:
    """All of them, without what is generated, installed or begins with a dot."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f[0] not in "._" and f not in _NOT_OURS)
        for name in sorted(names):
            path = Path(folder) / name
            if path.suffix in _TEXTS and "_pb2" not in name and path != _BREAKS_THEM:
                yield path


def is_python(path: Path) -> bool:
    """Whether it is code."""
    return path.suffix == ".py"


def said(problems: Iterable[str]) -> int:
    """The exit code, once each problem is on a line of its own."""
    found = list(problems)
    for each in found:
        print(each)
    return 1 if found else 0
