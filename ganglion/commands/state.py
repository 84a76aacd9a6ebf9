"""`ganglion state`: what was the state of the swarm at any moment, and what changed since?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganglion.terminal import say, say_json, warn

if TYPE_CHECKING:
    from nervous_system.contract.event import RecordedEvent
    from operations.queries.state.at import Between, StateAt
    from operations.queries.state.difference import Difference
    from operations.queries.state.moment import Moment

app = typer.Typer(add_completion=False)

MOMENT = "a position, EPOCH/POSITION, a time such as 2026-11-30T14:03:27, or now"


@app.command()
def state(
    at: Annotated[str, typer.Option(metavar="MOMENT", help=f"Which moment: {MOMENT}.")] = "now",
    diff: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT", help="Also another moment: what changed between the two, and why."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Show tasks, workers, rules and all else as they were at a moment, or what changed."""
    import json

    from operations.queries.event_json import json_line
    from operations.queries.state.at import between_of_mesh, state_of_mesh
    from operations.queries.state.resources import resources_at, resources_between

    if diff is None:
        found = asyncio.run(state_of_mesh(at))
        there = resources_at(found.moment, tell=warn)
        if as_json:
            say_json(json.dumps({**found.document(), "resources": there}, indent=2))
        else:
            _say_state(found)
            _say_resources(there)
        return
    between = asyncio.run(between_of_mesh(at, diff))
    changed = resources_between(between.earlier, between.later, tell=warn)
    if as_json:
        document = between.document(lambda recorded: json.loads(json_line(recorded)))
        say_json(json.dumps({**document, "resources": changed}, indent=2))
    else:
        _say_between(between)
        _say_changed_resources(changed)


def _say_state(found: StateAt) -> None:
    from ganglion.columns import TableColumn, say_table
    from nervous_system.phrases import pluralize

    say(f"at {_where(found.moment)}")
    ended = found.last_ended()
    for name, rows in {**found.sections(), "ended tasks": ended}.items():
        say(f"{name}: {len(rows):,}" if rows else f"{name}: none")
        columns = (TableColumn(name, "id"), TableColumn("how it stands", "text"))
        say_table(columns, [(key, _words(row)) for key, row in rows.items()])
    known = len(found.state.overseer.kernel.ended)
    if known > len(ended):
        say(f"of {pluralize(known, 'ended task')} the last {len(ended)} are shown")


def _say_between(between: Between) -> None:
    from ganglion.columns import TableColumn, say_table

    say(f"from {_where(between.earlier)} to {_where(between.later)}")
    if not between.differences:
        say("nothing came, went or changed")
    say_table(
        (
            TableColumn("id", "id"),
            TableColumn("section"),
            TableColumn("way"),
            TableColumn("what, and why", "text"),
        ),
        [
            (each.key, each.section.name, each.way, _what_and_why(each))
            for each in between.differences
        ],
    )


def _say_resources(there: list[dict[str, Any]] | None) -> None:
    """How many; `ganglion files` lists them."""
    from collections import Counter

    found = Counter(row["workspace"] for row in there or ())
    for workspace, number in sorted(found.items()):
        say(f"resources of {workspace}: {number:,}" if workspace else f"resources: {number:,}")


def _say_changed_resources(changed: list[dict[str, Any]] | None) -> None:
    from ganglion.columns import TableColumn, say_table

    say_table(
        (
            TableColumn("workspace", "name", max_width=40),
            TableColumn("way"),
            TableColumn("by", "name"),
            TableColumn("resource", "text"),
        ),
        [
            (row["workspace"] or "-", _way(row), row["agent_id"], row["resource"])
            for row in changed or ()
        ],
    )


def _way(row: dict[str, Any]) -> str:
    if not row["before"]:
        return "came"
    return "changed" if row["after"] else "went"


def _where(moment: Moment) -> str:
    from nervous_system import phrases

    return f"position {moment.position:,} ({phrases.moment(moment.recorded_at)})"


def _what_and_why(difference: Difference) -> str:
    if difference.way == "changed":
        what = "; ".join(
            f"{name}: {_value(old) or 'nothing'} → {_value(new) or 'nothing'}"
            for name, (old, new) in difference.fields().items()
        )
    else:
        what = _words(difference.after or difference.before or {})
    events = ", ".join(map(_event, difference.events))
    more = f" and {difference.events_left_out:,} before" if difference.events_left_out else ""
    return f"{what}; by {events}{more}" if events else what


def _event(recorded: RecordedEvent) -> str:
    event = recorded.event
    return f"{event.kind.subject_word} of {event.agent_id} at {recorded.sequence:,}"


def _words(row: dict[str, Any]) -> str:
    """What a row says, less what is empty."""
    return "; ".join(f"{name}: {text}" for name, value in row.items() if (text := _value(value)))


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
