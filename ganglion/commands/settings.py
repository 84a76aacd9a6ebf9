"""`ganglion settings`: what can be set, and what is in force?"""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def settings(
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List every setting: variable, value in force, default, description; passwords are masked."""
    import json
    from dataclasses import asdict

    from ganglion.setting_list import list_settings

    rows = list_settings()
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return

    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("variable", "value", "default", "what it is"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        shown = "" if row.value is None else str(row.value)
        default = "" if row.default is None else str(row.default)
        mark = " *" if row.given else ""
        table.add_row(row.variable, f"{shown}{mark}", default, row.description)
    console = Console(highlight=False, markup=False, width=None)
    console.print(table)
    console.print("* given by the environment or .env, which is read from the current folder")
