"""How much of a line does the terminal show?"""

from __future__ import annotations

import shutil
import sys

from rich.cells import cell_len, set_cell_size


def on_terminal(line: str) -> str:
    """The line, cut with an ellipsis where the terminal ends; whole where stdout is none."""
    if not sys.stdout.isatty():
        return line
    width = shutil.get_terminal_size().columns
    if cell_len(line) <= width:
        return line
    return f"{set_cell_size(line, width - 1).rstrip()}…"
