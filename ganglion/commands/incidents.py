"""`ganglion incidents`: what went wrong, what was done about it, and is it over?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from guardian.history import PastIncident

app = typer.Typer(add_completion=False)


@app.command()
def incidents(
    number: Annotated[int, typer.Option("-n", min=1, help="How many, the newest last.")] = 20,
    only_open: Annotated[
        bool, typer.Option("--open", help="Only those that are not over.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON list.")] = False,
) -> None:
    """Incidents with class, root cause and timeline, and the mode of the system: from the log."""
    import asyncio
    import json
    from dataclasses import asdict

    mode, found = asyncio.run(_read())
    shown = [each for each in found if not only_open or each.closed_at is None][-number:]
    if as_json:
        document = {"system_mode": mode, "incidents": [asdict(each) for each in shown]}
        say_json(json.dumps(document, default=str))
        return
    say(f"system mode: {mode}")
    for each in shown:
        _print(each)


def _print(incident: PastIncident) -> None:
    from ganglion.event_line import one_line

    if incident.closed_at is None:
        state, words = "open", incident.summary
    else:
        state = "recovered" if incident.recovered else "ended"
        words = incident.root_cause
    say(
        f"{incident.opened_at.astimezone():%Y-%m-%d %H:%M:%S}  {incident.incident_class:<8}"
        f"  {state:<9}  {incident.rule:<16} {incident.subject}"
    )
    say(f"    {one_line(words)}")


async def _read() -> tuple[str, list[PastIncident]]:
    from ganglion.addresses import client_settings
    from ganglion.log_session import bus_session, readable
    from ganglion.system_mode import last_mode
    from guardian.history import incidents_of
    from nervous_system.names import EVENTS

    async with bus_session(client_settings()) as bus:
        history = await readable(bus, f"{EVENTS}.incident.>")
        mode = await last_mode(bus) or "unknown"
    return mode, incidents_of(history)
