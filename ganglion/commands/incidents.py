"""`ganglion incidents`: what went wrong, what was done about it, and is it over?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.nouns import noun
from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from operations.queries.incidents import PastIncident

app = noun("Show incidents: what went wrong, what was done, and whether it is over.")


@app.command("list")
def list_(
    number: Annotated[int, typer.Option("-n", min=1, help="How many, the newest last.")] = 20,
    only_open: Annotated[bool, typer.Option("--open", help="Only open ones.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON list.")] = False,
) -> None:
    """List incidents with class, root cause and timeline, and the system mode."""
    import asyncio
    import json
    from dataclasses import asdict

    from ganglion.columns import TableColumn, say_table
    from operations.queries.incidents import mode_and_incidents

    mode, found = asyncio.run(mode_and_incidents())
    shown = [each for each in found if not only_open or each.closed_at is None][-number:]
    if as_json:
        document = {"system_mode": mode, "incidents": [asdict(each) for each in shown]}
        say_json(json.dumps(document, default=str))
        return
    say(f"system mode: {mode}")
    if not shown:
        say("no incident is open" if only_open else "nothing went wrong, as far as is on the log")
    columns = (
        TableColumn("opened", "key"),
        TableColumn("class"),
        TableColumn("state"),
        TableColumn("rule"),
        TableColumn("about", "name", max_width=32),
        TableColumn("why", "text"),
    )
    say_table(columns, [_row(each) for each in shown])


def _row(incident: PastIncident) -> tuple[str, ...]:
    from ganglion.event_line import one_line
    from nervous_system.phrases import moment

    if incident.closed_at is None:
        state, words = "open", incident.summary
    else:
        state = "recovered" if incident.recovered else "ended"
        words = incident.root_cause
    opened = moment(incident.opened_at)
    about, why = incident.subject, one_line(words)
    return opened, incident.incident_class, state, incident.rule, about, why
