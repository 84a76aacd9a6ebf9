"""`ganglion contexts`: which meshes have a name here, and which one is meant?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ganglion.nouns import noun
from ganglion.terminal import say, say_json

app = noun("Name meshes, and choose the one that commands use.")

Name = Annotated[str, typer.Argument(help="Letters, digits, '.', '_' and '-'.")]


@app.command()
def add(
    name: Name,
    home: Annotated[
        Path | None, typer.Option(help="Home of a mesh on this machine; of no other.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Address of the NATS server of a mesh elsewhere.")
    ] = None,
    credentials: Annotated[
        Path | None,
        typer.Option(help="File that `ganglion keys new` wrote, or NATS credentials."),
    ] = None,
    clickhouse: Annotated[
        str | None, typer.Option(help="Address of its ClickHouse, with user and password.")
    ] = None,
) -> None:
    """Give a mesh a name: a home, or an address with credentials and ClickHouse."""
    from nervous_system.contexts import Context
    from operations.actions.context_files import add_context

    def absolute(path: Path | None) -> str:
        return str(path.expanduser().absolute()) if path is not None else ""

    file = add_context(
        name,
        Context(
            home=absolute(home),
            nats_url=url or "",
            credentials=absolute(credentials),
            clickhouse_url=clickhouse or "",
        ),
    )
    say(f"{name} is in {file}; `ganglion contexts use {name}` chooses it")


@app.command()
def use(
    name: Annotated[str, typer.Argument(help="Its name; `default` for none of them.")],
) -> None:
    """Choose the mesh that commands use if nothing else names one."""
    from nervous_system.contexts import NONE
    from nervous_system.place import rule_in_force
    from operations.actions.context_files import use_context

    use_context(name)
    say("no context is chosen" if name == NONE else f"{name} is chosen")
    rule = rule_in_force()
    if not rule.standing and name != NONE:
        say(f"ganglion: here and now another rule decides: {rule.by}", err=True)


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List all contexts, a * before the one in use; without passwords."""
    import json

    from nervous_system.contexts import chosen_context
    from nervous_system.errors import BadSetting
    from nervous_system.place import rule_in_force
    from operations.actions.context_files import context_names

    chosen = chosen_context()
    try:
        rule = rule_in_force()
        meant, by = rule.name, rule.by
    except BadSetting as error:  # there is no such context: this list shows which there are
        meant, by = "", str(error)
    rows = [
        {"name": each, "chosen": each == chosen, "meant": each == meant, **_context_row(each)}
        for each in context_names()
    ]
    if as_json:
        say_json(json.dumps(rows, indent=2))
        return
    if not rows:
        say("there are no contexts; `ganglion contexts add` makes one")
    for row in rows:
        say(f"{'*' if row['meant'] else ' '} {row['name']}: {row['trouble'] or _where(row)}")
    if rows and not meant:
        say(f"none of them is meant here and now: {by}")


@app.command()
def remove(name: Name) -> None:
    """Remove a context; the mesh itself does not change."""
    from operations.actions.context_files import remove_context

    was_chosen = remove_context(name)
    say(f"{name} is removed{', and no context is chosen now' if was_chosen else ''}")


def _context_row(name: str) -> dict[str, Any]:
    from nervous_system.contexts import Context, read_context
    from nervous_system.errors import BadSetting
    from nervous_system.shown_address import display_address

    try:
        found, trouble = read_context(name), ""
    except BadSetting as error:
        found, trouble = Context(), str(error)
    return {
        "home": found.home,
        "url": display_address(found.nats_url),
        "credentials": found.credentials,
        "clickhouse": display_address(found.clickhouse_url),
        "trouble": trouble,
    }


def _where(row: dict[str, Any]) -> str:
    parts = [
        row["home"] or row["url"],
        f"credentials {row['credentials']}" if row["credentials"] else "",
        f"ClickHouse {row['clickhouse']}" if row["clickhouse"] else "",
    ]
    return ", ".join(each for each in parts if each)
