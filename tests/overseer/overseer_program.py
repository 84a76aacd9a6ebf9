"""The overseer as a process, with leases so short that a test need not wait long for one to end.

`overseer_program.py [CLOCK]`: with a clock that is wrong, as `shifted_clock.shifted` takes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from nervous_system.host.process import main
from nervous_system.service import lease
from overseer.wiring import run
from tests.shifted_clock import shifted

StartOverseer = Callable[..., Any]
"""Starts one, with more variables of the environment; a fixture."""

SHORT_LEASE = {"LEASE_SECONDS": 3.0, "RENEW_SECONDS": 0.2, "POLL_SECONDS": 0.1}

if __name__ == "__main__":
    vars(lease).update(SHORT_LEASE)
    sys.exit(main(partial(run, clock=shifted(*sys.argv[1:]))))
