"""How much room does the log have, and when does a person have to know?

Pure: what the server says of the log goes in, an alarm or none comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from enchanted.events.v1.alarm_pb2 import SEVERITY_CRITICAL, SEVERITY_WARNING, AlarmRaised
from nervous_system.contract.stored import StreamState
from nervous_system.contract.words import LOG_FULL, LOG_NEARLY_FULL

_ENOUGH: Final = 0
_NEARLY_FULL: Final = 1
_FULL: Final = 2

_REMEDY: Final = "raise GANGLION_STREAM_MAX_BYTES or lower GANGLION_STREAM_MAX_AGE_SECONDS"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCapacity:
    """What was said about the room on the log since there was last enough of it."""

    high_percent: float  # nearly full from here on
    low_percent: float  # enough room again below
    last_alarm: int = _ENOUGH

    def alarm(self, stream: StreamState) -> AlarmRaised | None:
        """What has to be said now and was not yet."""
        found = self._level_of(stream)
        if found <= self.last_alarm:
            return None
        full = found == _FULL
        return AlarmRaised(
            name=LOG_FULL if full else LOG_NEARLY_FULL,
            severity=SEVERITY_CRITICAL if full else SEVERITY_WARNING,
            message=(
                f"the log holds {stream.bytes:,} of at most {stream.max_bytes:,} bytes"
                f" ({stream.used_percent:.1f} %); {'it' if full else 'a full log'} refuses events"
            ),
            action=_REMEDY,
        )

    def after(self, stream: StreamState) -> LogCapacity:
        """The same once that was said."""
        if stream.used_percent < self.low_percent:
            return replace(self, last_alarm=_ENOUGH)
        return replace(self, last_alarm=max(self.last_alarm, self._level_of(stream)))

    def _level_of(self, stream: StreamState) -> int:
        if stream.full:
            return _FULL
        return _NEARLY_FULL if stream.used_percent >= self.high_percent else _ENOUGH
