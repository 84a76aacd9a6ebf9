"""`ganglion files`: what was changed, by whom and why?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganglion.nouns import noun
from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator

app = noun("What was changed, by whom and why: files, and the like.")

FILE = "FILE_SYSTEM"
AsJson = Annotated[bool, typer.Option("--json", help="As a JSON list.")]


@app.command("list")
def list_(
    number: Annotated[int, typer.Option("-n", min=1, help="How many, the last first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """What was changed, the last first, and by whom last."""
    import json

    from ganglion.columns import Column, say_table
    from ganglion.in_words.phrases import moment
    from ganglion.recorded.rows import document, rows

    found = rows("resources", end="", most=number)
    if as_json:
        say_json(json.dumps([document(row) for row in found], indent=2))
        return
    if not found:
        say("nobody changed anything, as far as is recorded")
    say_table(
        (
            Column("changed", "key"),
            Column("changes"),
            Column("by", "name"),
            Column("type"),
            Column("what", "text"),
        ),
        [
            (
                moment(row["changed_at"]),
                str(row["changes"]),
                row["agent_id"],
                "file" if row["type"] == FILE else row["type"],
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
    as_json: AsJson = False,
) -> None:
    """The chain of one file's states: who changed it, when, and which decision led to that."""
    import json

    from ganglion.columns import Column, say_table
    from ganglion.in_words.phrases import moment
    from ganglion.recorded.rows import document, rows

    resource = _meant(path, type_)
    links = list(_links(rows("history_of_resource", wait=False, resource=resource, type=type_)))
    if as_json:
        say_json(json.dumps([document(link) for link in links], indent=2))
        return
    if resource != path:
        say(resource)
    say_table(
        (
            Column("position"),
            Column("time", "key"),
            Column("who", "name"),
            Column("state"),
            Column("why", "text"),
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


def _links(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each with whether it begins where the one before ended."""
    before: str | None = None
    for row in found:
        fits = before is None or row["previous_state_hash"] == before
        yield {**row, "follows": fits}
        before = row["new_state_hash"]


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


def _meant(path: str, type_: str) -> str:
    """The resource of that name, or the only one that ends so. Raises BadSetting where there
    is none, or several, which it names."""
    from ganglion.in_words.phrases import listed
    from ganglion.recorded.rows import rows
    from nervous_system.errors import BadSetting

    found = [
        row["resource"] for row in rows("resources", end=path, most=1000) if row["type"] == type_
    ]
    if path in found:
        return path
    if not found:
        raise BadSetting(
            f"nobody has changed {path}, as far as is recorded; `ganglion files` lists what was"
        )
    if len(found) > 1:
        raise BadSetting(f"{path} is the end of {listed(sorted(found))}; write more of it")
    return str(found[0])
