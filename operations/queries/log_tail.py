"""What is on the log, and what comes onto it now?"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from local_mesh.addresses import client_settings
from nervous_system.bus import decode_stored
from nervous_system.clock import system_clock
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.stored import Stored
from nervous_system.errors import MalformedEvent
from nervous_system.transport.reader import Interrupted
from operations.log_session import bus_session
from operations.queries.event_filter import EventFilter

LOOK_SECONDS: Final = 3600.0
"""How long one wait for the next event lasts; then the next one begins."""
END_SECONDS: Final = 5.0
"""The same where the end is known: what is to come before it may be gone by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadablePosition:
    """A position that holds no event we can read."""

    stored: Stored
    reason: str


async def log_tail(
    *,
    start: int | None,
    ago: timedelta | None,
    subjects: Sequence[str],
    wanted: EventFilter,
    max_events: int | None,
    until_end: bool,
    interrupted: Callable[[str], None],
) -> AsyncGenerator[RecordedEvent | UnreadablePosition, None]:
    """
    What is wanted of the log, in its order, live: from this position, or from so long ago; without
    either from the next event on. It goes on at the same place after an interruption, which
    `interrupted` hears of.
    """
    async with bus_session(client_settings()) as bus:
        since = system_clock() - ago if ago is not None else None
        end = (await bus.stream.state()).last_sequence
        if start is None and since is None:
            # A fixed position, so that an interruption before the first event loses none.
            start = end + 1
        given = 0
        look_seconds = END_SECONDS if until_end else LOOK_SECONDS
        while True:
            try:
                async with bus.reader(
                    start_sequence=start, start_time=since, subjects=subjects
                ) as reader:
                    while not (until_end and reader.at_end):
                        room = 1000 if max_events is None else min(1000, max_events - given)
                        for stored in await reader.batch(
                            max_messages=room, within_seconds=look_seconds
                        ):
                            if until_end and stored.sequence > end:
                                return
                            found = _read(stored, wanted)
                            if found is not None:
                                yield found
                                given += 1
                            start, since = stored.sequence + 1, None
                        if max_events is not None and given >= max_events:
                            return
                    return
            except Interrupted as error:
                interrupted(f"{error}; going on at the same place")
                while not await bus.connection.wait_connected(timeout_seconds=LOOK_SECONDS):
                    continue


def _read(stored: Stored, wanted: EventFilter) -> RecordedEvent | UnreadablePosition | None:
    try:
        event = decode_stored(stored)
    except MalformedEvent as error:
        return UnreadablePosition(stored=stored, reason=str(error)) if wanted.all else None
    return event if wanted.takes(event.event) else None
