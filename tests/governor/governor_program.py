"""The governor as a process, with leases so short that a test need not wait long for one to end."""

from __future__ import annotations

import sys

from governor.wiring import run
from nervous_system.host.process import main
from nervous_system.service import lease

SHORT_LEASE = {"LEASE_SECONDS": 3.0, "RENEW_SECONDS": 0.2, "POLL_SECONDS": 0.1}

if __name__ == "__main__":
    vars(lease).update(SHORT_LEASE)
    sys.exit(main(run))
