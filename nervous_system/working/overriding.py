"""Until when does a person let the limits of CPU and memory hold nothing back?"""

from __future__ import annotations

from datetime import datetime, timedelta

from enchanted.events.v1.pulse_pb2 import HaltLifted
from nervous_system.working.orders import LONGEST


def override_end(lifted: HaltLifted, at: datetime) -> datetime | None:
    """When it is over, said `at` that time of the log; None where the limits count. At most a day
    later, whatever it says."""
    seconds = lifted.override_seconds
    if not seconds > 0:  # nor where it is no number
        return None
    return at + timedelta(seconds=min(seconds, LONGEST.total_seconds()))
