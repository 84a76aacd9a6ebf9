"""`ganglion agents`: who has decided what lately?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.nouns import noun
from ganglion.terminal import say, say_json, warn

app = noun("Show agents and people, and what they decided last.")


@app.command("list")
def list_(
    since: Annotated[
        str, typer.Option(metavar="TIME", help="How far back to look: 10m, 2h, 7d.")
    ] = "7d",
    number: Annotated[int, typer.Option("-n", min=1, help="How many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List agents and people with their last decision and the number of decisions."""
    import json

    from ganglion.columns import TableColumn, say_table
    from ganglion.durations import parse_duration
    from ganglion.event_line import one_line
    from nervous_system.clock import system_clock
    from nervous_system.phrases import moment
    from operations.queries.record import LATEST
    from operations.queries.rows import document, rows

    begin = system_clock() - parse_duration(since)
    found = rows("agents", tell=warn, since=begin, until=LATEST, most=number)
    if as_json:
        say_json(json.dumps([document(row) for row in found], indent=2))
        return
    if not found:
        say(
            f"nobody decided or changed anything in the last {since}: --since looks further back,"
            " and examples/first_agent.py shows how an agent does"
        )
    say_table(
        (
            TableColumn("agent", "name", max_width=32),
            TableColumn("role"),
            TableColumn("heard", "key"),
            TableColumn("decisions"),
            TableColumn("changes"),
            TableColumn("failed"),
            TableColumn("decided last", "text"),
        ),
        [
            (
                row["agent_id"],
                ", ".join(filter(None, (row["agent_role"], row["role_name"], row["model"]))),
                moment(row["heard_at"]),
                str(row["decisions"]),
                str(row["changes"]),
                f"{row['failures']} of {row['outcomes']}" if row["outcomes"] else "-",
                one_line(row["decided"]),
            )
            for row in found
        ],
    )
