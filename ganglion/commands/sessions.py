"""`ganglion sessions`: which runs of agents are on record, and did all they said arrive?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ganglion.nouns import noun
from ganglion.terminal import say, say_json, warn

app = noun("Runs of agents, and whether all they said arrived.")


@app.command("list")
def list_(
    agent: Annotated[str, typer.Option(help="Only those of this agent.")] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="How far back to look: 10m, 2h, 7d.")
    ] = "7d",
    number: Annotated[int, typer.Option("-n", min=1, help="How many, the last first.")] = 50,
    all_: Annotated[bool, typer.Option("--all", help="Also those of services.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List runs of agents, the most recent first; `missing` counts events that never arrived."""
    import json

    from ganglion.columns import Column, say_table
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
            Column("session", "id"),
            Column("agent", "name", most=32),
            Column("began", "key"),
            Column("lasted"),
            Column("events"),
            Column("what it said", "text"),
        ),
        [
            (
                row["session"],
                row["agent_id"],
                moment(row["began_at"]),
                seconds((row["heard_at"] - row["began_at"]).total_seconds()),
                str(row["events"]),
                _said(row),
            )
            for row in found
        ],
    )


def _said(row: dict[str, Any]) -> str:
    from nervous_system.phrases import counted

    said = f"{counted(row['decisions'], 'decision')}, {counted(row['changes'], 'change')}"
    missing = row["missing"]
    known = (
        f"{counted(missing, 'event')} never arrived" if missing else "",
        f"model {row['model']}" if row["model"] else "",
        f"conversation {row['conversation_id']}" if row["conversation_id"] else "",
        f"run {row['run_id']}" if row["run_id"] else "",
    )
    return "; ".join(filter(None, (said, *known)))
