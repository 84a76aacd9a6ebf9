"""A guardian: `guardian_program.py`, set up by its environment, until SIGTERM.

Its leases are short, so that a test need not wait for one to run out.
"""

from __future__ import annotations

import sys

from guardian.wiring import run
from nervous_system.host.process import main
from nervous_system.service import lease

SHORT_LEASE = {"LEASE_SECONDS": 3.0, "RENEW_SECONDS": 0.2, "POLL_SECONDS": 0.1}

if __name__ == "__main__":
    vars(lease).update(SHORT_LEASE)
    sys.exit(main(run))
