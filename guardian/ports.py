"""What does the guardian need from the outside, apart from the log?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nervous_system.contract.payload import Payload


class ObservationSink(Protocol):
    """Where what the shell sees becomes part of the log. The runner is one."""

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        """Returns after it is on disk; waits while another guardian leads.

        Raises Transient or Fenced where this one is lost and the next may succeed, LogFull where a
        person must act first.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Events that nobody can read."""

    count: int
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickHouseLook:
    """How far ClickHouse is at one moment."""

    epoch: int
    watermark: int  # 0: nothing is recorded yet
    parked: Parked  # behind the position that was asked for


class ClickHouseProbe(Protocol):
    """Looks at ClickHouse."""

    async def look(self, *, parked_epoch: int, parked_sequence: int) -> ClickHouseLook | None:
        """How it stands, counting what was parked behind that position; None before it is set up.

        Raises Unavailable where it does not answer, or not in a way that can be read.
        """
