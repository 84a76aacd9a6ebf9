"""`ganglion sessions`: which runs of agents are on record, and did all they said arrive?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ganglion.nouns import noun
from ganglion.terminal import say, say_json, warn

app = noun("Show runs of agents, and whether all their events arrived.")


@app.command("list")
def list_(
    agent: Annotated[str, typer.Option(help="Only those of this agent.")] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="How far back to look: 10m, 2h, 7d.")
    ] = "7d",
    number: Annotated[int, typer.Option("-n", min=1, help="How many, the newest first.")] = 50,
    all_: Annotated[bool, typer.Option("--all", help="Also those of services.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List runs of agents, the most recent first; `missing` counts events that never arrived."""
    import json

    from ganglion.columns import TableColumn, say_table
    from ganglion.durations import parse_duration
    from nervous_system.phrases import moment, seconds
    from operations.queries.rows import document, rows

    found = rows(
        "sessions",
        tell=warn,
        agent=agent,
        all="true" if all_ else "false",
        seconds=int(parse_duration(since).total_seconds()),
        most=number,
    )
    if as_json:
        say_json(json.dumps([document(row) for row in found], indent=2))
        return
    if not found:
        say(
            f"no session is on record in the last {since}: --since looks further back, and"
            " examples/first_agent.py is one"
        )
    say_table(
        (
            TableColumn("session", "id"),
            TableColumn("agent", "name", max_width=32),
            TableColumn("began", "key"),
            TableColumn("lasted"),
            TableColumn("events"),
            TableColumn("what it said", "text"),
        ),
        [
            (
                row["session"],
                row["agent_id"],
                moment(row["began_at"]),
                seconds((row["heard_at"] - row["began_at"]).total_seconds()),
                str(row["events"]),
                _session_text(row),
            )
            for row in found
        ],
    )


def _session_text(row: dict[str, Any]) -> str:
    from nervous_system.phrases import pluralize

    said = f"{pluralize(row['decisions'], 'decision')}, {pluralize(row['changes'], 'change')}"
    missing = row["missing"]
    known = (
        f"{pluralize(missing, 'event')} never arrived" if missing else "",
        f"model {row['model']}" if row["model"] else "",
        f"conversation {row['conversation_id']}" if row["conversation_id"] else "",
        f"run {row['run_id']}" if row["run_id"] else "",
    )
    return "; ".join(filter(None, (said, *known)))
