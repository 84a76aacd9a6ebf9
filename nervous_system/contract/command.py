"""To whom is a command said, and how long does it hold?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from enchanted.events.v1.command_pb2 import CommandIssued
from enchanted.events.v1.pulse_pb2 import HaltLifted
from nervous_system.contract.payload import KINDS

EVERYBODY: Final = "all"
"""The target of a command to everybody."""

ORDINARY: Final = KINDS[CommandIssued].subject_word
"""The lane of a command that may wait behind others."""

MAX_SECONDS: Final = timedelta(days=1)
"""No command holds for longer, whatever it says, or if it does not say; so nobody need look back
further."""


def length(command: CommandIssued) -> timedelta:
    """How long it holds; one that does not say so, for as long as any can."""
    seconds = command.expires_in_seconds
    if 0 < seconds < MAX_SECONDS.total_seconds():
        return timedelta(seconds=seconds)
    return timedelta(0) if seconds < 0 else MAX_SECONDS


def override_end(lifted: HaltLifted, at: datetime) -> datetime | None:
    """Until when a person lets the limits of CPU and memory hold nothing back, said `at` that time
    of the log; None where the limits count. At most a day later, whatever it says."""
    seconds = lifted.override_seconds
    if not seconds > 0:  # nor where it is no number
        return None
    return at + timedelta(seconds=min(seconds, MAX_SECONDS.total_seconds()))
