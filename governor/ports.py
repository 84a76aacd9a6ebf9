"""What does the governor need from the outside, apart from the log?"""

from __future__ import annotations

from typing import Protocol

from enchanted.events.v1.capacity_pb2 import CapacitySampled
from nervous_system.contract.payload import Payload


class Sampler(Protocol):
    """Looks at one machine."""

    def sample(self) -> CapacitySampled:
        """What the machine has and uses now, and its CPU since the call before.

        Blocks for milliseconds, longer on a sick disk: call it in a thread, one call at a time.
        What can't be read is zero or left out, logged at its first failure and counted at each;
        nothing is raised for it.
        """


class ObservationSink(Protocol):
    """Where a measurement becomes part of the log. The runner is one."""

    @property
    def leads(self) -> bool:
        """Whether this governor leads its machine; False also where none can at this moment."""

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        """Returns after it is on disk; waits while another governor leads this machine.

        Raises Transient or Fenced where this sample is lost and the next may succeed, LogFull where
        a person must act first.
        """
