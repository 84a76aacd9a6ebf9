"""`ganglion tail`: what is on the log, and what comes onto it now?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from datetime import timedelta

    from ganglion.event_filter import EventFilter
    from ganglion.event_line import EventLines
    from nervous_system.contract.stored import Stored

app = typer.Typer(add_completion=False)

LOOK_SECONDS = 3600.0
"""How long one wait for the next event lasts; then the next one begins."""
END_SECONDS = 5.0
"""The same where the end is known: what is to come before it may be gone by now."""


@app.command()
def tail(
    start: Annotated[
        int | None,
        typer.Option(
            "--from", min=1, help="Begin at this position: an event's number on the log, from 1."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Begin so long ago: 30s, 10m, 2h, 7d.")
    ] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", help="Only this subject; * and > are wildcards; repeatable."),
    ] = None,
    agent: Annotated[
        list[str] | None, typer.Option("--agent", help="Only what this one says; repeatable.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="Only this kind: decision, task_failed …; repeatable."),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what says that something went wrong.")
    ] = False,
    until_end: Annotated[
        bool,
        typer.Option(
            "--until-end",
            help="Stop at what is the end now; from the first position on, unless told otherwise.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    number: Annotated[
        int | None, typer.Option("-n", min=1, help="Stop after so many events.")
    ] = None,
) -> None:
    """Print events in order, live; begins with the next one unless told otherwise.

    In columns on a terminal; into a pipe one per line, with tabs in between, and nothing is cut.
    """
    from ganglion.durations import parse_duration
    from ganglion.event_filter import EventFilter
    from ganglion.event_line import EventLines

    if start is not None and since is not None:
        raise typer.BadParameter("give --from or --since, not both")
    ago = parse_duration(since) if since is not None else None
    printed = asyncio.run(
        _follow(
            start=1 if until_end and start is None and ago is None else start,
            ago=ago,
            subjects=subject or [],
            wanted=EventFilter(agents=agent or (), kinds=kind or (), failed=failed),
            lines=None if as_json else EventLines(),
            most=number,
            until_end=until_end,
        )
    )
    if until_end and not printed:
        say("ganglion: nothing on the log is like that", err=True)


async def _follow(
    *,
    start: int | None,
    ago: timedelta | None,
    subjects: list[str],
    wanted: EventFilter,
    lines: EventLines | None,
    most: int | None,
    until_end: bool,
) -> int:
    """How many were printed. Without `lines`: as JSON."""
    from ganglion.addresses import client_settings
    from ganglion.log_session import bus_session
    from nervous_system.clock import system_clock
    from nervous_system.transport.reader import Interrupted

    async with bus_session(client_settings()) as bus:
        since = system_clock() - ago if ago is not None else None
        end = (await bus.stream.state()).last_sequence
        if start is None and since is None:
            # A fixed position, so that an interruption before the first event loses none.
            start = end + 1
        printed = 0
        look_seconds = END_SECONDS if until_end else LOOK_SECONDS
        while True:
            try:
                async with bus.reader(
                    start_sequence=start, start_time=since, subjects=subjects
                ) as reader:
                    while not (until_end and reader.at_end):
                        room = 1000 if most is None else min(1000, most - printed)
                        for stored in await reader.batch(most=room, within_seconds=look_seconds):
                            if until_end and stored.sequence > end:
                                return printed
                            printed += _say(stored, wanted, lines)
                            start, since = stored.sequence + 1, None
                        if most is not None and printed >= most:
                            return printed
                    return printed
            except Interrupted as error:
                say(f"ganglion: {error}; going on at the same place", err=True)
                while not await bus.connection.wait_connected(timeout_seconds=LOOK_SECONDS):
                    continue


def _say(stored: Stored, wanted: EventFilter, lines: EventLines | None) -> bool:
    """Whether it is one that is wanted, and was said."""
    from ganglion.event_line import json_line, unreadable_json
    from nervous_system.bus import recorded
    from nervous_system.errors import Unreadable

    try:
        event = recorded(stored)
    except Unreadable as error:
        if not wanted.all:
            return False
        if lines is None:
            say_json(unreadable_json(stored, reason=str(error)))
        else:
            lines.unreadable(stored, reason=str(error))
        return True
    if not wanted.takes(event.event):
        return False
    if lines is None:
        say_json(json_line(event))
    else:
        lines.event(event)
    return True
