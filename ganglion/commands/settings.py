"""`ganglion settings`: what can be set, and what is in force?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from ganglion.terminal import say_cells, say_json
from nervous_system.visible import visible

if TYPE_CHECKING:
    from ganglion.setting_list import SettingRow

app = typer.Typer(add_completion=False)

LEAST_BESIDE: Final = 24
"""Characters beside the variables, however narrow the terminal is."""

WIDE_BESIDE: Final = 80
"""With so many, value, default and description stand beside each other."""


@app.command()
def settings(
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List every setting: variable, value in force, default, description; passwords are masked.

    A table on a terminal, a line each with tabs in between into a pipe.
    """
    import json
    import sys
    from dataclasses import asdict

    from ganglion.setting_list import list_settings

    rows = list_settings()
    if as_json:
        say_json(json.dumps([asdict(row) for row in rows], indent=2))
        return

    if sys.stdout.isatty():
        print_table(rows)
        return
    for row in rows:
        cells = (row.variable, _text(row.value), _text(row.default), row.description)
        say_cells([" ".join(cell.split()) for cell in cells])


def print_table(rows: list[SettingRow]) -> None:
    """For a person: no variable is broken, so that it can be found and copied."""
    from rich.console import Console  # noqa: TID251 - shows visible() texts
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    longest = max(len(row.variable) for row in rows)
    console.width = max(console.width, longest + LEAST_BESIDE)
    narrow = console.width < longest + WIDE_BESIDE
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("variable", no_wrap=True, min_width=longest)
    for heading in ("value",) if narrow else ("value", "default", "what it is"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        value = f"{visible(_text(row.value))}{' *' if row.given else ''}"
        default = visible(_text(row.default))
        if narrow:
            instead = [f"(default: {default})"] if row.given else []
            table.add_row(row.variable, "\n".join([value, *instead, row.description]))
        else:
            table.add_row(row.variable, value, default, row.description)
    console.print(table)
    console.print("* given by the environment, by .env of the current folder, or by a context")


def _text(value: object) -> str:
    return "" if value is None else str(value)
