"""What does a program write onto a terminal?"""

from __future__ import annotations

import os
import pty
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

ROWS = 24


def on_a_terminal(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    columns: int,
    cwd: Path | None = None,
    errors_too: bool = False,
) -> tuple[str, int]:
    """What it writes, with line feeds only, and its exit code; its errors go there where asked."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (ROWS, columns))
    with subprocess.Popen(
        argv, env=environment, cwd=cwd, stdout=theirs, stderr=theirs if errors_too else None
    ) as process:
        os.close(theirs)
        written = bytearray()
        try:
            while piece := os.read(ours, 4096):
                written += piece
        except OSError:  # Linux says so where the other end is closed
            pass
    os.close(ours)
    return written.decode().replace("\r\n", "\n"), process.returncode
