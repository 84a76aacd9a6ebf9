"""`ganglion import`: how does a run that others recorded get onto the log?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ganglion.importing.append import ImportReport
    from ganglion.importing.unit import ImportSource

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Put a real run on the log. Doing it twice adds nothing.",
)

AsJson = Annotated[bool, typer.Option("--json", help="The result as one JSON object.")]


@app.command("swe-agent")
def swe_agent(
    files: Annotated[list[Path], typer.Argument(help="Trajectories (*.traj).")],
    as_json: AsJson = False,
) -> None:
    """Runs of SWE-agent: a decision and an outcome per step, the submission as state changes."""
    from ganglion.importing.swe_agent import open_trajectories

    _import(lambda: open_trajectories(files), as_json=as_json)


@app.command()
def git(
    repository: Annotated[Path, typer.Argument(help="A folder inside a git repository.")],
    since: Annotated[
        str | None, typer.Option("--since", help="Only what came after this revision.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A repository's history: a decision per commit, a state change per file."""
    from ganglion.importing.git_history import open_history

    _import(lambda: open_history(repository, since=since), as_json=as_json)


def _import(open_source: Callable[[], Awaitable[ImportSource]], *, as_json: bool) -> None:
    import asyncio
    import json
    from dataclasses import asdict

    name, report = asyncio.run(_append(open_source, quiet=as_json))
    if as_json:
        typer.echo(json.dumps({"source": name, **asdict(report)}))
        return
    there = f", {report.units_skipped:,} were there already" if report.units_skipped else ""
    units = "unit" if report.units == 1 else "units"
    secrets = f"; {report.redactions:,} secrets were taken out" if report.redactions else ""
    typer.echo(
        f"{name}: {report.events:,} events added from {report.units:,} {units}{there}{secrets}"
    )


async def _append(
    open_source: Callable[[], Awaitable[ImportSource]], *, quiet: bool
) -> tuple[str, ImportReport]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from ganglion.addresses import client_settings
    from ganglion.importing.adapters import BusLog
    from ganglion.importing.append import append_units
    from ganglion.log_session import bus_session

    source = await open_source()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[events]:,} events"),
        console=Console(stderr=True),
        disable=quiet,
        transient=True,
    )
    async with bus_session(client_settings()) as bus:
        with bar:
            task = bar.add_task(source.name, total=source.total, events=0)
            report = await append_units(
                BusLog(bus),
                source,
                progress=lambda now: bar.update(task, completed=now.units, events=now.events),
            )
    return source.name, report
