"""What does the log hold, at one position and as a whole?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from nervous_system import names
from nervous_system.contract.header_block import parse_headers, unreliable, written_by_us
from nervous_system.contract.signature import MISSING, NOT_ITSELF, TrustedKeys
from nervous_system.contract.subjects import token

_MESSAGE_ID_LINE: Final = f"\r\n{names.MESSAGE_ID}:".encode()
_OF_OURS: Final = b"\r\nGanglion-"
_REPUBLISHED_LINE: Final = f"\r\n{names.REPUBLISHED_FROM}:".encode()
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

LARGE_EVENT_BYTES: Final = 1024**2
"""The server's payload limit unless somebody sets another."""


class Stored(NamedTuple):
    """One message as the log holds it: exact bytes and their place."""

    sequence: int
    subject: str
    recorded_at_ns: int  # the stream's clock, nanoseconds since 1970
    data: bytes
    raw_headers: bytes = b""  # as they travelled: few readers of many messages look into them

    @property
    def recorded_at(self) -> datetime:
        """The stream's time in UTC, microseconds."""
        return EPOCH + timedelta(microseconds=self.recorded_at_ns // 1000)

    @property
    def headers(self) -> dict[str, str]:
        """The headers it was published with."""
        return parse_headers(self.raw_headers)

    @property
    def message_id(self) -> str | None:
        """The Nats-Msg-Id it was published under, if any; of two the first, as the server does."""
        raw = self.raw_headers
        start = raw.find(_MESSAGE_ID_LINE)
        if start < 0:
            return None
        return _line_at(raw, start + len(_MESSAGE_ID_LINE))

    def is_history(self, trusted: TrustedKeys) -> bool:
        """Whether it was brought back from the past, by somebody who may say so."""
        return (
            _REPUBLISHED_LINE in self.raw_headers
            and not unreliable(self.raw_headers)
            and trusted.is_history(
                self.headers, subject=self.subject, data=self.data, stored_at=self.recorded_at
            )
        )

    def problem(
        self, trusted: TrustedKeys, *, event_id: str, agent_id: str, of_worker: str = ""
    ) -> str:
        """Why it is not to be believed as this agent's, a noun with what is said of it; empty where
        it is. Its headers must be whole, and where it says that a worker comes, is there or goes,
        that must be on the worker's own subject, and by itself: also where nothing is signed."""
        raw = self.raw_headers
        ours = written_by_us(raw)
        if ours is None and (unsure := unreliable(raw)):
            return unsure
        if of_worker and not self.is_history(trusted):
            own = self.subject.rpartition(".")[2] == token(of_worker)
            if not own or of_worker != agent_id:
                return NOT_ITSELF
        if not trusted.checks:
            return ""
        if _OF_OURS not in raw:  # most have none of ours: nothing is taken apart
            must = trusted.may_have_to_vouch(self.subject, agent_id) and trusted.must_vouch(
                self.subject, agent_id, at=self.recorded_at
            )
            return MISSING if must else ""
        message_id, seal, republished = ours.groups() if ours is not None else (None, None, None)
        if seal and message_id and not republished and trusted.seal is not None:
            return trusted.seal.message_problem(
                seal.decode(errors="replace"),
                subject=self.subject,
                message_id=message_id.decode(errors="replace"),
                data=self.data,
                stored_at_ns=self.recorded_at_ns,
                max_seconds=trusted.max_seconds,
            )
        return trusted.problem(
            self.headers,
            subject=self.subject,
            data=self.data,
            agent_id=agent_id,
            stored_at=self.recorded_at,
            event_id=event_id,
        )


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the server says of the log as a whole."""

    created: str  # RFC 3339; another one is another stream
    first_sequence: int
    last_sequence: int
    messages: int
    bytes: int
    max_bytes: int  # below 1: no limit

    @property
    def used_percent(self) -> float:
        """How much of its room is used; 0 where there is no limit."""
        return 100 * self.bytes / self.max_bytes if self.max_bytes > 0 else 0.0

    @property
    def full(self) -> bool:
        """Whether an event can be refused for want of room: nearly none is left."""
        reserve = min(LARGE_EVENT_BYTES, self.max_bytes // 100)
        return self.max_bytes > 0 and self.max_bytes - self.bytes < reserve


def _line_at(raw: bytes, start: int) -> str:
    return raw[start : raw.find(b"\r\n", start)].decode(errors="replace").lstrip(" ")
