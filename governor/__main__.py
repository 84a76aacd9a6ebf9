"""`python -m governor`: watch this machine."""

from __future__ import annotations

import sys

from governor.wiring import run
from nervous_system.host.process import main

if __name__ == "__main__":
    sys.exit(main(run))
