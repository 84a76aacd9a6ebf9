"""What stands on the log under an id that it knows already: what was to be stored, or other bytes?

The log says of an id only that it has it, and where. Anybody may have put other bytes there: so the
position is read and compared before anybody is told that an event is on record.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Final

from nervous_system import names
from nervous_system.contract.message import Message
from nervous_system.contract.stored import Stored
from nervous_system.errors import Forbidden, IdTaken, NotAcknowledged
from nervous_system.ids import new_event_id
from nervous_system.transport.connection import Connection
from nervous_system.transport.refusals import refusal
from nervous_system.transport.stream import Stream

AT_ONCE: Final = 100
"""How many positions are asked for before one is waited for."""

MAX_NAMED: Final = 3
"""How many ids an error names; its `positions` has all of them."""

PROBE_SECONDS: Final = 5.0


class StoredMessages:
    """Looks at the positions that stand in the way of what was to be stored."""

    def __init__(self, connection: Connection, stream: Stream) -> None:
        self._connection = connection
        self._stream = stream

    async def confirm(self, message: Message, sequence: int) -> None:
        """Returns where the message is what stands there. Raises IdTaken where it is not,
        NotAcknowledged where nobody can say, Forbidden where this user may not look."""
        stored = await self._read(message, sequence)
        if not is_at(message, stored):
            raise id_taken({message.message_id: stored})

    async def earlier_try(
        self, message: Message, subject_filter: str, *, at_least: int
    ) -> int | None:
        """The position at or after `at_least` where the message stands on the filter, as a try
        whose acknowledgement was lost left it. Raises IdTaken where only something else stands
        there under its id."""
        other: Stored | None = None
        async for stored in self._under(message.message_id, subject_filter, at_least):
            if is_at(message, stored):
                return stored.sequence
            other = stored
        if other is not None:
            raise id_taken({message.message_id: other})
        return None

    async def earlier_batch(self, messages: Sequence[Message], *, at_least: int) -> int | None:
        """The position where all of the batch stands, one behind the other, as an earlier try left
        it."""
        first = messages[0]
        async for stored in self._under(first.message_id, first.subject, at_least):
            if await self._all_at(messages, stored.sequence):
                return stored.sequence
        return None

    async def stored_by_id(self, messages: Sequence[Message]) -> dict[str, Stored]:
        """What stands under those of their ids that the log remembers, by id.

        A batch is refused without a word about which id it was. Raises as `confirm`.
        """
        found: dict[str, Stored] = {}
        for start in range(0, len(messages), AT_ONCE):
            some = messages[start : start + AT_ONCE]
            places = await asyncio.gather(*map(self._place, some))
            for message, place in zip(some, places, strict=True):
                if place is not None:
                    found[message.message_id] = await self._read(message, place)
        return found

    async def _under(
        self, message_id: str, subject_filter: str, at_least: int
    ) -> AsyncIterator[Stored]:
        while (stored := await self._stream.next_on(subject_filter, at_least=at_least)) is not None:
            if stored.message_id == message_id:
                yield stored
            at_least = stored.sequence + 1

    async def _all_at(self, messages: Sequence[Message], first_sequence: int) -> bool:
        for start in range(0, len(messages), AT_ONCE):
            some = messages[start : start + AT_ONCE]
            places = range(first_sequence + start, first_sequence + start + len(some))
            found = await asyncio.gather(*map(self._stream.at, places))
            for message, stored in zip(some, found, strict=True):
                if stored is None or not is_at(message, stored):
                    return False
        return True

    async def _place(self, message: Message) -> int | None:
        """Where the log has this id; None where it does not know it.

        Asked by a message that the log cannot take, as no message bears the id that it expects to
        be the last: a known id is answered before that is looked at.
        """
        reply = await self._connection.request(
            message.subject,
            b"",
            headers={
                names.MESSAGE_ID: message.message_id,
                names.EXPECTED_LAST_MESSAGE_ID: new_event_id(),
            },
            timeout_seconds=PROBE_SECONDS,
        )
        answer = json.loads(reply.data)
        if "error" not in answer:
            return int(answer["seq"])
        if answer["error"].get("err_code") == names.ERROR_WRONG_LAST_MESSAGE_ID:
            return None
        raise refusal(answer["error"], what=f"the question where {message.message_id} stands")

    async def _read(self, message: Message, sequence: int) -> Stored:
        unseen = (
            f"the log says that it has the event {message.message_id} at position {sequence}, and"
        )
        try:
            stored = await self._stream.at(sequence)
        except Forbidden as error:
            raise Forbidden(
                f"{unseen} this user may not read it to see whether that is so: {error}"
            ) from error
        if stored is None:
            raise NotAcknowledged(
                f"{unseen} nothing can be read there: nobody can say whether it is what was sent"
            )
        return stored


def is_at(message: Message, stored: Stored) -> bool:
    """Whether this is what stands there."""
    return message.is_stored_as(stored.subject, stored.data)


def id_taken(standing: dict[str, Stored]) -> IdTaken:
    """The error about these ids, under which there is something else."""
    places = [
        f"{message_id} at position {stored.sequence} on {stored.subject[:200]!r}"
        for message_id, stored in list(standing.items())[:MAX_NAMED]
    ]
    more = len(standing) - len(places)
    return IdTaken(
        "it was not stored: the log has other bytes under the same id, "
        + "; ".join(places)
        + (f"; and {more} more" if more else "")
        + ". See who put them there, and publish under another id",
        {message_id: stored.sequence for message_id, stored in standing.items()},
    )
