"""How is a folder made that only its owner enters?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_OWNERS: Final = 0o700


def make_private(folder: Path) -> None:
    """
    Make a folder, and those above it that are missing, for their owner only.

    `mkdir` of Python gives its mode to the last one: those above it, a home among them, would be as
    open as the process usually makes them, and who writes into a home writes its rules and its
    trusted keys. What is there already stays as it is. Raises OSError.
    """
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=_OWNERS, exist_ok=True)
