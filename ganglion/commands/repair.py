"""`ganglion repair`: what of the rows is damaged, and can it be mended from the log?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.acting import Yes, make_sure

app = typer.Typer(add_completion=False)


@app.command()
def repair(
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only report what is damaged and what can be restored."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    yes: Yes = False,
) -> None:
    """Check every stored row, and restore damaged ones from the log, while the mesh runs.

    Exit 0: nothing is damaged any more; 1: something is that only a backup can bring.
    """
    make_sure("repair the rows of", yes=yes or dry_run)
    import asyncio
    import json

    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    from ganglion.exit_codes import FAILURE
    from ganglion.progress_bar import progress_bar
    from ganglion.terminal import say, say_json
    from operations.actions.repair import document_of, lines_of, repair_rows

    with progress_bar(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), quiet=as_json
    ) as bar:
        task = bar.add_task("looking", total=None)

        def told(doing: str, done: int, total: int) -> None:
            bar.update(task, description=doing, completed=done, total=total)

        found, repaired = asyncio.run(repair_rows(dry_run, told))
    if as_json:
        say_json(json.dumps(document_of(found, repaired), indent=2))
    else:
        for line in lines_of(found, repaired):
            say(line)
    sound = found.sound if repaired is None else repaired.sound
    if not sound:
        raise typer.Exit(FAILURE)
