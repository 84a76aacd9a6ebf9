"""`ganglion settings`: what can be set, and what is in force?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.terminal import say, say_cells, say_json

if TYPE_CHECKING:
    from operations.queries.setting_list import SettingRow

app = typer.Typer(add_completion=False)


@app.command()
def settings(
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List every setting: variable, value in force, default, description; passwords are masked.

    A table on a terminal, a line each with tabs in between into a pipe.
    """
    import json
    from dataclasses import asdict

    from ganglion.columns import TableColumn, say_table
    from ganglion.widths import screen_width
    from operations.queries.setting_list import list_settings

    rows = list_settings()
    if as_json:
        say_json(json.dumps([asdict(row) for row in rows], indent=2))
        return

    if screen_width() is None:
        for row in rows:
            cells = (row.variable, _text(row.value), _text(row.default), _about(row))
            say_cells([" ".join(cell.split()) for cell in cells])
        return
    say_table(
        (TableColumn("variable", "key"), TableColumn("value"), TableColumn("what it is", "text")),
        [
            (
                row.variable,
                f"{_text(row.value)}{' *' if row.given else ''}",
                f"{row.description} (default: {_text(row.default) or 'none'})"
                if row.given
                else _about(row),
            )
            for row in rows
        ],
    )
    say("* given by the environment, by .env of the current folder, or by a context")


def _about(row: SettingRow) -> str:
    return f"{row.description} (from {row.comes_from})" if row.comes_from else row.description


def _text(value: object) -> str:
    return "" if value is None else str(value)
