"""`ganglion migrate`: is the schema of ClickHouse up to date, and if not, make it so?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.terminal import say

app = typer.Typer(add_completion=False)


@app.command()
def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when something is pending.")
    ] = False,
) -> None:
    """Apply the pending migrations; the ingestor does the same when it starts."""
    import asyncio

    from ganglion.exit_codes import FAILURE
    from operations.actions.foundations import migrate_tables

    names = asyncio.run(migrate_tables(check=check))
    if not names:
        say("the schema is up to date")
        return
    for name in names:
        say(f"{'pending' if check else 'applied'}: {name}")
    if check:
        raise typer.Exit(FAILURE)
