"""What can go wrong, and what should the caller's loop do about it?

The family is for the loop, the sentence is for the reader: `Transient` may be tried again as it
is, `Permanent` will never succeed with this input, `Fatal` means this process cannot go on and
should exit with its sentence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any


class GanglionError(Exception):
    """Every error the project raises on purpose: what happened, where, and what to do."""


class Transient(GanglionError):
    """The same call may succeed later.

    Where it was to put something on record, `await error.again()` says the very same once more,
    under the same id: however often it is said, it is taken once.
    """

    def __init__(self, *said: object) -> None:
        super().__init__(*said)
        self._once_more: Callable[[], Awaitable[Any]] | None = None

    def said_again_by(self, once_more: Callable[[], Awaitable[Any]]) -> None:
        """What `again` does; what says it last knows best."""
        self._once_more = once_more

    async def again(self) -> Any:
        """What the call would have returned. Raises as the call does; Permanent where it was not to
        put anything on record."""
        if self._once_more is None:
            raise Permanent("nothing was to be put on record: make the call itself again")
        return await self._once_more()


class Permanent(GanglionError):
    """The same call will be refused every time."""


class Fatal(GanglionError):
    """This process cannot do its work; it should say why and exit."""


class InvalidEvent(Permanent):
    """The strict library refused an event before it was sent; `problems` says why, one sentence
    each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the event was not sent: " + "; ".join(problems))
        self.problems = problems


class UnprocessableEvent(Permanent):
    """A service cannot take an event into account; as far as its state goes, it never came."""


class MalformedEvent(Permanent):
    """Bytes from the log that are not an event we can read."""


class Untrusted(MalformedEvent):
    """An event whose signature is missing, wrong or stale: it counts for nothing."""


class Unauthentic(Permanent):
    """What comes back is not what the mesh put there: its seal is missing or wrong."""


class Rejected(Permanent):
    """Whoever decides was asked, and said no; `reasons` says why, one sentence each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons) or "it was not accepted")
        self.reasons = tuple(reasons)


class NotAcknowledged(Transient):
    """The log did not confirm within the deadline.

    The event may or may not be stored; `again` sends the same under the same id.
    """


class Unavailable(Transient):
    """The log or the database could not be reached, or has no leader at the moment."""


class Crowded(Unavailable):
    """Others take every place at the moment, and give it back at once: whoever asks often gets one
    soon."""


class LogFull(Permanent):
    """The stream reached `max_bytes`; it refuses rather than forget."""


class TooLarge(Permanent):
    """The event is larger than the server's payload limit."""


class Conflict(Transient):
    """Somebody else appended to the same aggregate first: read again, decide again."""


class IdTaken(Conflict):
    """Other bytes stand on the log under the id of an event, which is not stored; `positions` says
    where, by id. It will be refused for as long as the log remembers the id: use another."""

    def __init__(self, sentence: str, positions: Mapping[str, int]) -> None:
        super().__init__(sentence)
        self.positions = dict(positions)


class Duplicate(Permanent):
    """The batch holds an event id that the log already has; nothing of the batch was stored."""


class BadSetting(Fatal):
    """A variable of the environment or `.env`, or an argument, has a value that cannot be used."""


class Fenced(Fatal):
    """A newer leader took over; this one's writes are refused by the log."""


class Forbidden(Permanent):
    """The server's permissions do not allow this user this subject, or the credentials are not
    valid."""


class GapFound(Fatal):
    """Positions of the log that should exist could not be read."""


class NotRunning(Transient):
    """No mesh runs in this home, or a server it needs does not answer."""


class InUse(Fatal):
    """A home or a port that this mesh needs belongs to somebody else."""


class NoRoom(Fatal):
    """The disk has too little space left to begin."""


class StartFailed(Fatal):
    """A process of the mesh ended before it was ready, or did not get ready in time."""


class NotDone(GanglionError):
    """An order of a person's that no longer fits: what it is about has ended, or never can."""


class NoSuch(Permanent):
    """What was asked about is not there."""


class QueryRefused(Permanent):
    """ClickHouse did not run a query; `code` is its own error code, 0 when it gave none."""

    def __init__(self, sentence: str, *, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code
