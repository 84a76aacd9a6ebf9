"""`python -m overseer`: plan, dispatch and judge the swarm's tasks."""

from __future__ import annotations

import sys

from nervous_system.host.process import main
from overseer.wiring import run

if __name__ == "__main__":
    sys.exit(main(run))
