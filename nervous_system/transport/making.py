"""Who makes what several processes need, if they begin at the same moment?

Whoever comes first. The server may refuse the others, as it counts the room for each of them
(10047), or has the name with other settings by then (10058); on a busy machine an answer may be
lost. They look again, and find it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import nats.js.errors

from nervous_system.errors import Forbidden, NotAcknowledged, Permanent, Unavailable
from nervous_system.transport.connection import translate_errors
from nervous_system.transport.refusals import refusal_of

LOOK_AGAIN_SECONDS: Final = 0.2
UNDER_WAY_SECONDS: Final = 10.0
"""As long as the making by another process may take. A server that has no room says so only after
that: until then nobody knows whether it is another's making that takes the room."""

LOOKS_BEHIND_A_FAULT: Final = 5
"""How often one looks again before a refusal is believed that another's making explains only if it
is done in a moment: of a name, of settings."""

Made = TypeVar("Made")


@contextmanager
def made(what: str) -> Iterator[None]:
    """Inside, what nats-py raises where something is made comes out as ours."""
    with translate_errors(f"making {what}"):
        try:
            yield
        except nats.js.errors.APIError as error:
            raise refusal_of(error, what=f"making {what}") from error


async def found_or_made(
    find: Callable[[], Awaitable[Made | None]], make: Callable[[], Awaitable[Made]], *, what: str
) -> Made:
    """What `find` finds, or what `make` makes if that finds None; `make` comes again if it was
    refused and another process may be making the same. `what` it is begins a sentence.

    Raises what they do, of Permanent, Unavailable and NotAcknowledged the last one, when nothing
    was found for as long as another's making may take; Unavailable at once if this user may not
    make it.
    """
    time = asyncio.get_running_loop().time
    believed = time() + UNDER_WAY_SECONDS
    faults = 0
    while (found := await find()) is None:
        try:
            return await make()
        except Forbidden as error:
            raise Unavailable(
                f"{what} does not exist yet, and this user may not make it; `ganglion up` does, or"
                " `ganglion init`"
            ) from error
        except Permanent:
            faults += 1
            if faults == LOOKS_BEHIND_A_FAULT:
                raise
        except (Unavailable, NotAcknowledged):
            if time() > believed:
                raise
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return found
