"""Where can a test kill this process? At named points, when the environment asks for it; otherwise
nothing happens.

`GANGLION_FAILPOINT=publish.after_ack:3` ends the process with SIGKILL at the third time it passes
that point; `publish.after_ack:3:STOP` stops it there until it gets SIGCONT.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

VARIABLE = "GANGLION_FAILPOINT"


@dataclass(slots=True)
class _Armed:
    name: str
    left: int
    signal: signal.Signals


_armed: _Armed | None = None


def arm(specification: str) -> None:
    """Set the point and the pass at which to die, as `name`, `name:pass` or `name:pass:signal`.

    Called by wiring only.
    """
    global _armed
    name, number, word, *_ = (*specification.split(":"), "", "")
    _armed = _Armed(name, int(number or 1), signal.Signals[f"SIG{word or 'KILL'}"])


def failpoint(name: str) -> None:
    """Get the signal here if this point was armed for this pass."""
    if _armed is None or _armed.name != name:
        return
    _armed.left -= 1
    if _armed.left == 0:
        os.kill(os.getpid(), _armed.signal)
