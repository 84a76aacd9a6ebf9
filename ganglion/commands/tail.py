"""`ganglion tail`: what is on the log, and what comes onto it now?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from datetime import timedelta

    from ganglion.event_line import EventLines
    from nervous_system.transport.stream import Stored

app = typer.Typer(add_completion=False)

LOOK_SECONDS = 3600.0
"""How long one wait for the next event lasts; then the next one begins."""


@app.command()
def tail(
    start: Annotated[
        int | None, typer.Option("--from", min=1, help="Begin at this position.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Begin so long ago: 30s, 10m, 2h, 7d.")
    ] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", help="Only this subject; * and > are wildcards; repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    number: Annotated[
        int | None, typer.Option("-n", min=1, help="Stop after so many events.")
    ] = None,
) -> None:
    """Print events in order, live; begins with the next one unless told otherwise.

    In columns on a terminal; into a pipe one per line, with tabs in between, and nothing is cut.
    """
    from ganglion.durations import parse_duration

    if start is not None and since is not None:
        raise typer.BadParameter("give --from or --since, not both")
    ago = parse_duration(since) if since is not None else None
    asyncio.run(_follow(start=start, ago=ago, subjects=subject or [], as_json=as_json, most=number))


async def _follow(
    *,
    start: int | None,
    ago: timedelta | None,
    subjects: list[str],
    as_json: bool,
    most: int | None,
) -> None:
    from ganglion.addresses import client_settings
    from ganglion.event_line import EventLines
    from ganglion.log_session import bus_session
    from nervous_system.clock import system_clock
    from nervous_system.transport.reader import Interrupted

    async with bus_session(client_settings()) as bus:
        since = system_clock() - ago if ago is not None else None
        if start is None and since is None:
            # A fixed position, so that an interruption before the first event loses none.
            start = (await bus.stream.state()).last_sequence + 1
        printed = 0
        lines = None if as_json else EventLines()
        while True:
            try:
                async with bus.reader(
                    start_sequence=start, start_time=since, subjects=subjects
                ) as reader:
                    while True:
                        wanted = 1000 if most is None else min(1000, most - printed)
                        for stored in await reader.batch(most=wanted, within_seconds=LOOK_SECONDS):
                            _say(stored, lines)
                            start, since = stored.sequence + 1, None
                            printed += 1
                        if most is not None and printed >= most:
                            return
            except Interrupted as error:
                say(f"ganglion: {error}; going on at the same place", err=True)
                while not await bus.connection.wait_connected(timeout_seconds=LOOK_SECONDS):
                    continue


def _say(stored: Stored, lines: EventLines | None) -> None:
    """Without `lines`: as JSON."""
    from ganglion.event_line import json_line, unreadable_json
    from nervous_system.bus import recorded
    from nervous_system.errors import Unreadable

    try:
        event = recorded(stored)
    except Unreadable as error:
        if lines is None:
            say_json(unreadable_json(stored, reason=str(error)))
        else:
            lines.unreadable(stored, reason=str(error))
        return
    if lines is None:
        say_json(json_line(event))
    else:
        lines.event(event)
