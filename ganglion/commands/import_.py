"""`ganglion import`: how does a run that others recorded get onto the log?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ganglion.exit_codes import REFUSED
from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from importers.append import ImportReport
    from importers.unit import ImportSource

_MAX_LINES: Final = 50
_MAX_NAMES: Final = 20
"""Of what is named one by one; a person reads no more."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Import a real run. A second import adds nothing.",
)

AsJson = Annotated[bool, typer.Option("--json", help="The result as one JSON object.")]


@app.command("swe-agent")
def swe_agent(
    files: Annotated[list[Path], typer.Argument(help="Trajectories (*.traj, *.traj.json).")],
    as_json: AsJson = False,
) -> None:
    """Import runs of SWE-agent and mini-swe-agent: decisions, outcomes, submitted changes."""
    from importers.swe_agent.history import open_trajectories

    _import(lambda: open_trajectories(files), as_json=as_json)


@app.command()
def git(
    repository: Annotated[
        Path, typer.Argument(resolve_path=True, help="A folder inside a git repository.")
    ],
    since: Annotated[
        str | None, typer.Option("--since", help="Only what came after this revision.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import a git history: a decision per commit, a state change per file."""
    from importers.git.history import open_history
    from nervous_system.host.wall import gaps

    for gap in gaps():
        say(f"git reads it without the whole wall: {gap}", err=True)
    _import(lambda: open_history(repository, since=since), as_json=as_json)


@app.command()
def station(
    folder: Annotated[Path, typer.Argument(help="The folder with the station's files.")],
    activate: Annotated[
        bool,
        typer.Option(
            "--activate",
            help="Also activate it: its rules take effect, its open objectives are proposed.",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --activate: overwrite other rules in the home.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a legacy station: every row as history; nothing is dispatched without --activate."""
    import json
    from functools import partial

    from station.importing.run import import_station

    if force and not activate:
        raise typer.BadParameter("--force is about --activate: an import overwrites nothing")
    report, activated = asyncio.run(
        import_station(
            folder, activate=activate, force=force, show=partial(_progress, quiet=as_json)
        )
    )
    if as_json:
        result = {"source": str(folder), **asdict(report)}
        say_json(json.dumps(result | ({"activated": asdict(activated)} if activated else {})))
    else:
        _say(str(folder), report, noun="row")
        if activated is not None:
            say(activated.sentence())
    if report.refused:
        raise typer.Exit(REFUSED)


def _import(open_source: Callable[[], Awaitable[ImportSource]], *, as_json: bool) -> None:
    import json

    source, report = asyncio.run(_append(open_source, quiet=as_json))
    if as_json:
        say_json(json.dumps({"source": source.name, **asdict(report)}))
    else:
        _say(source.name, report, noun=source.noun)
    if report.refused:
        raise typer.Exit(REFUSED)


def _say(name: str, report: ImportReport, *, noun: str) -> None:
    from nervous_system.phrases import pluralize, taken_out

    skipped = report.units_skipped
    were = "was" if skipped == 1 else "were"
    there = f", {skipped:,} {were} there already" if skipped else ""
    secrets = f"; {taken_out(report.redactions)}" if report.redactions else ""
    events, units = pluralize(report.events, "event"), pluralize(report.units, noun)
    say(f"{name}: {events} added from {units}{there}{secrets}")
    if report.redacted:
        more = len(report.redacted) - _MAX_NAMES
        others = f" and {more:,} more; --json names all of them" if more > 0 else ""
        which = ", ".join(report.redacted[:_MAX_NAMES])
        say(f"secrets were in {pluralize(len(report.redacted), noun)}: {which}{others}")
    _say_each(report.incomplete, err=True)
    _say_each(report.refused, err=True)
    if report.refused:
        say(f"{pluralize(len(report.refused), 'part')} not imported, as said above", err=True)


def _say_each(lines: tuple[str, ...], *, err: bool = False) -> None:
    for line in lines[:_MAX_LINES]:
        say(f"  {line}", err=err)
    if len(lines) > _MAX_LINES:
        say(f"  … and {len(lines) - _MAX_LINES:,} more; --json names all of them", err=err)


async def _append(
    open_source: Callable[[], Awaitable[ImportSource]], *, quiet: bool
) -> tuple[ImportSource, ImportReport]:
    from operations.actions.recording import append_to_log

    source = await open_source()
    if source.remark:
        say(source.remark, err=True)
    with _progress(source, quiet=quiet) as show:
        return source, await append_to_log(source, progress=show)


@contextmanager
def _progress(source: ImportSource, *, quiet: bool) -> Iterator[Callable[[ImportReport], None]]:
    """A bar that shows how far an import is, for as long as the block runs."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    from ganglion.progress_bar import progress_bar
    from nervous_system.phrases import pluralize

    bar = progress_bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[events]}"),
        quiet=quiet,
    )
    with bar:
        task = bar.add_task(source.name, total=source.total, events="")
        yield lambda now: bar.update(
            task, completed=now.units, events=pluralize(now.events, "event")
        )
