"""Which files does maintenance never touch, wherever they lie?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

PROTECTED: Final = frozenset(
    {"policy.yaml", "registry.jsonl", "charter.md", "objectives.jsonl", "manual_shutdown.flag"}
)
"""What people write to govern the swarm; only people change or remove it."""


def is_ours(path: Path) -> bool:
    """Whether maintenance may move or remove this: a regular file, no link, not protected."""
    return path.name not in PROTECTED and not path.is_symlink() and path.is_file()


def own_folder(path: Path) -> bool:
    """Whether this is a real folder: behind a link lie files that are not ours."""
    return path.is_dir() and not path.is_symlink()
