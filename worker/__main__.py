"""`python -m worker`: do the tasks that the built-in worker can do."""

from __future__ import annotations

import sys

from nervous_system.process import main
from worker.wiring import run

if __name__ == "__main__":
    sys.exit(main(run))
