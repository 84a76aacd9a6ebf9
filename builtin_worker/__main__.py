"""`python -m builtin_worker`: do the tasks that the built-in worker can do."""

from __future__ import annotations

import sys

from builtin_worker.wiring import run
from nervous_system.host.process import main

if __name__ == "__main__":
    sys.exit(main(run))
