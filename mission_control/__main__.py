"""`python -m mission_control`: answer HTTP."""

from __future__ import annotations

import sys

from mission_control.wiring import run
from nervous_system.host.process import main

if __name__ == "__main__":
    sys.exit(main(run))
