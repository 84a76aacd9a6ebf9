"""`ganglion checkout`: the files of any moment, as the agents left them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganglion.commands.state import MOMENT
from ganglion.terminal import say, say_json, warn

app = typer.Typer(add_completion=False)


@app.command()
def checkout(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")],
    at: Annotated[str, typer.Option(metavar="MOMENT", help=f"Which moment: {MOMENT}.")] = "now",
    workspace: Annotated[
        str | None, typer.Option(help="Of this repository or folder; empty: of files in none.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Rebuild the files of a moment from what was recorded of each change.

    Only what bears the hash on record is written, and nothing outside of DIR. What cannot be
    rebuilt is named, with the reason, and the exit code is 1 then.
    """
    import json

    from ganglion.columns import TableColumn, say_table
    from ganglion.exit_codes import FAILURE
    from nervous_system.phrases import moment, pluralize
    from operations.actions.checkout import check_out

    found = check_out(at, folder, workspace=workspace, overwrite=overwrite, tell=warn)
    if as_json:
        say_json(json.dumps(found.document(), indent=2))
    else:
        where = f"{found.moment.position:,} ({moment(found.moment.recorded_at)})"
        of = f" of {found.workspace}" if found.workspace else ""
        say(f"{pluralize(len(found.written), 'file')}{of} as of position {where} in {folder}")
        say_table(
            (TableColumn("left out", "name", max_width=60), TableColumn("why", "text")),
            sorted(found.left_out.items()),
        )
    if found.left_out:
        raise typer.Exit(FAILURE)
