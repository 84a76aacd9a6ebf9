"""`ganglion tail`: what is on the log, and what comes onto it now?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.terminal import say, say_json, warn

if TYPE_CHECKING:
    from datetime import timedelta

    from ganglion.event_line import EventLines
    from nervous_system.contract.event import RecordedEvent
    from operations.queries.event_filter import EventFilter
    from operations.queries.log_tail import UnreadablePosition

app = typer.Typer(add_completion=False)


@app.command()
def tail(
    start: Annotated[
        int | None,
        typer.Option(
            "--from", min=1, help="Begin at this position: an event's number on the log, from 1."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Begin this long ago: 30s, 10m, 2h, 7d.")
    ] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", help="Only this subject; * and > are wildcards; repeatable."),
    ] = None,
    agent: Annotated[
        list[str] | None, typer.Option("--agent", help="Only events of this agent; repeatable.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="Only this kind: decision, task_failed …; repeatable."),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only events that report a failure.")
    ] = False,
    until_end: Annotated[
        bool,
        typer.Option(
            "--until-end",
            help="Stop at the current end; by default begin at the first position.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    number: Annotated[
        int | None, typer.Option("-n", min=1, help="Stop after this many events.")
    ] = None,
) -> None:
    """Print events in order, live; by default from the next one on.

    In columns on a terminal; into a pipe one per line, with tabs in between, and nothing is cut.
    """
    from ganglion.durations import parse_duration
    from ganglion.event_line import EventLines
    from operations.queries.event_filter import EventFilter

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
            limit=number,
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
    limit: int | None,
    until_end: bool,
) -> int:
    """How many were printed. Without `lines`: as JSON."""
    from contextlib import aclosing

    from operations.queries.log_tail import log_tail

    tail = log_tail(
        start=start,
        ago=ago,
        subjects=subjects,
        wanted=wanted,
        max_events=limit,
        until_end=until_end,
        interrupted=warn,
    )
    printed = 0
    async with aclosing(tail):
        async for each in tail:
            _say(each, lines)
            printed += 1
    return printed


def _say(each: RecordedEvent | UnreadablePosition, lines: EventLines | None) -> None:
    from operations.queries.event_json import json_line, unreadable_json
    from operations.queries.log_tail import UnreadablePosition

    if isinstance(each, UnreadablePosition):
        if lines is None:
            say_json(unreadable_json(each.stored, reason=each.reason))
        else:
            lines.unreadable(each.stored, reason=each.reason)
    elif lines is None:
        say_json(json_line(each))
    else:
        lines.event(each)
