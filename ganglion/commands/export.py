"""`ganglion export`: how does what is on the log get into the files that others read?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from station.exporting.export import ExportReport

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Make files from the log.",
)


@app.callback()
def export() -> None:
    """Make files from the log."""


@app.command()
def station(
    folder: Annotated[Path, typer.Argument(help="Target folder; made if it does not exist.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a station's files in a folder that has some.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The result as one JSON object.")] = False,
) -> None:
    """Write a legacy station's files: queue, statuses, dispatches, objectives, rules, pulses."""
    import asyncio
    import json
    from dataclasses import asdict

    from nervous_system.phrases import pluralize

    report = asyncio.run(_export(folder, force=force, quiet=as_json))
    if as_json:
        say_json(json.dumps(asdict(report)))
        return
    files, events = pluralize(len(report.files), "file"), pluralize(report.events, "event")
    say(f"{report.folder}: {files} made of {events}")
    for name, rows in report.files.items():
        say(f"  {rows:>9,}  {name}")
    for remark in report.remarks:
        say(f"ganglion: {remark}", err=True)


async def _export(folder: Path, *, force: bool, quiet: bool) -> ExportReport:
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn

    from ganglion.progress_bar import progress_bar
    from station.exporting.export import export_mesh

    bar = progress_bar(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), quiet=quiet
    )
    with bar:
        task = bar.add_task(str(folder), total=None)
        return await export_mesh(
            folder,
            force=force,
            progress=lambda at, end: bar.update(task, completed=at, total=end),
        )
