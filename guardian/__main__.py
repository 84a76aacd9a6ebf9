"""`python -m guardian`: watch the mesh."""

from __future__ import annotations

import sys

from guardian.wiring import run
from nervous_system.host.process import main

if __name__ == "__main__":
    sys.exit(main(run))
