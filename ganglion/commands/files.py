"""`ganglion files`: what was changed, by whom and why?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganglion.nouns import noun
from ganglion.terminal import say, say_json, warn

if TYPE_CHECKING:
    pass

app = noun("Show changed files and other resources: who changed them, and why.")

FILE = "FILE_SYSTEM"
InWorkspace = Annotated[
    str | None,
    typer.Option("--workspace", help="Only there: a repository or folder; empty: in none."),
]
AsJson = Annotated[bool, typer.Option("--json", help="As a JSON list.")]


@app.command("list")
def list_(
    number: Annotated[int, typer.Option("-n", min=1, help="How many, the newest first.")] = 50,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """List changed resources, the last first, and who changed each one last."""
    import json

    from ganglion.columns import TableColumn, say_table
    from nervous_system.phrases import moment
    from operations.queries.rows import document, rows

    found = rows(
        "resources",
        tell=warn,
        end="",
        most=number,
        anywhere="true" if workspace is None else "false",
        workspace=workspace or "",
    )
    if as_json:
        say_json(json.dumps([document(row) for row in found], indent=2))
        return
    if not found:
        say("nobody changed anything, as far as is recorded")
    several = len({row["workspace"] for row in found}) > 1
    say_table(
        (
            TableColumn("changed", "key"),
            TableColumn("changes"),
            TableColumn("by", "name"),
            TableColumn("type"),
            *([TableColumn("workspace", "name", max_width=40)] if several else []),
            TableColumn("what", "text"),
        ),
        [
            (
                moment(row["changed_at"]),
                str(row["changes"]),
                row["agent_id"],
                "file" if row["type"] == FILE else row["type"],
                *([row["workspace"] or "-"] if several else []),
                row["resource"],
            )
            for row in found
        ],
    )


@app.command()
def history(
    path: Annotated[str, typer.Argument(help="The file's path as recorded, or how it ends.")],
    type_: Annotated[
        str, typer.Option("--type", help="Of another kind: ENV_VAR, DB_SCHEMA …")
    ] = FILE,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Show one file's chain: who changed it, when, and which decision led to it."""
    import json

    from ganglion.columns import TableColumn, say_table
    from nervous_system.phrases import moment
    from operations.queries.resources import links_of, meant_resource
    from operations.queries.rows import document, rows

    place, resource = meant_resource(path, type_, workspace=workspace, tell=warn)
    links = list(
        links_of(
            rows(
                "history_of_resource",
                tell=warn,
                wait=False,
                workspace=place,
                resource=resource,
                type=type_,
            )
        )
    )
    if as_json:
        say_json(json.dumps([document(link) for link in links], indent=2))
        return
    if resource != path:
        say(f"{resource} in {place}" if place else resource)
    say_table(
        (
            TableColumn("position"),
            TableColumn("time", "key"),
            TableColumn("who", "name"),
            TableColumn("state"),
            TableColumn("why", "text"),
        ),
        [
            (
                str(link["seq"]),
                moment(link["recorded_at"]),
                link["agent_id"],
                f"{_short(link['previous_state_hash'])} → {_short(link['new_state_hash'])}",
                _why(link),
            )
            for link in links
        ],
    )


def _short(state_hash: str) -> str:
    return state_hash[:8] or "nothing"


def _why(link: dict[str, Any]) -> str:
    from ganglion.event_line import one_line

    parts = [
        "" if link["follows"] else "(it does not begin where the one before ended)",
        "found changed: nobody in the swarm did it" if link["external"] else "",
        one_line(f"{link['chosen_action']}: {link['rationale']}".strip(": ")),
    ]
    if not any(parts) and link["causation_id"]:
        parts.append(f"because of {link['causation_id']}")
    return " ".join(filter(None, parts)) or "nobody said"
