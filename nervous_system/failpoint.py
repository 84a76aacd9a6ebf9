"""Where can a test kill this process? At named points, when the environment asks for it; otherwise
nothing happens.

`GANGLION_FAILPOINT=publish.after_ack:3` ends the process with SIGKILL at the third time it passes
that point.
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


_armed: _Armed | None = None


def arm(specification: str) -> None:
    """Set the point and the pass at which to die, as `name` or `name:pass`.

    Called by wiring only.
    """
    global _armed
    name, _, number = specification.partition(":")
    _armed = _Armed(name, int(number or 1))


def failpoint(name: str) -> None:
    """Die here by SIGKILL if this point was armed for this pass."""
    if _armed is None or _armed.name != name:
        return
    _armed.left -= 1
    if _armed.left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
