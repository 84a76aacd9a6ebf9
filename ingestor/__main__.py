"""`python -m ingestor`: record the log into ClickHouse."""

from __future__ import annotations

import sys

from ingestor.wiring import run
from nervous_system.host.process import main

if __name__ == "__main__":
    sys.exit(main(run))
