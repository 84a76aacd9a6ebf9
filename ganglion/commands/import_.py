"""`ganglion import`: how does a run that others recorded get onto the log?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ganglion.errors import REFUSED
from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from ganglion.importing.append import ImportReport
    from ganglion.importing.station_activation import ActivationReport
    from ganglion.importing.unit import ImportSource

_MOST_LINES: Final = 50
_MOST_NAMES: Final = 20
"""Of what is named one by one; a person reads no more."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Put a real run on the log. Doing it twice adds nothing.",
)

AsJson = Annotated[bool, typer.Option("--json", help="The result as one JSON object.")]


@app.command("swe-agent")
def swe_agent(
    files: Annotated[list[Path], typer.Argument(help="Trajectories (*.traj, *.traj.json).")],
    as_json: AsJson = False,
) -> None:
    """Runs of SWE-agent and mini-swe-agent: decisions and outcomes, the submission as changes."""
    from ganglion.importing.swe_agent import open_trajectories

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
    """A repository's history: a decision per commit, a state change per file."""
    from ganglion.importing.git_history import open_history
    from ganglion.wall import gaps

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
            help="Also take it up: its rules come into force, what is open is proposed.",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --activate: overwrite other rules in the home.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """A file-based overseer: every row as history; nothing is dispatched without --activate."""
    import json

    if force and not activate:
        raise typer.BadParameter("--force is about --activate: an import overwrites nothing")
    report, activated = asyncio.run(
        _import_station(folder, activate=activate, force=force, quiet=as_json)
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


async def _import_station(
    folder: Path, *, activate: bool, force: bool, quiet: bool
) -> tuple[ImportReport, ActivationReport | None]:
    from ganglion.addresses import client_settings
    from ganglion.asking import operator
    from ganglion.home import Home
    from ganglion.importing.adapters import BusLog
    from ganglion.importing.append import append_units
    from ganglion.importing.station_activation import ActivationReport, activation_of
    from ganglion.importing.station_folder import read_station
    from ganglion.importing.station_history import history_of, recorded_files
    from ganglion.importing.station_rules import rules_to_write, write_rules
    from ganglion.log_session import bus_session
    from nervous_system.clock import system_clock

    found = await asyncio.to_thread(read_station, folder)
    if activate:
        found.require_whole()
    settings = client_settings()
    home = Home.at(settings.home).path
    rules = rules_to_write(found, home, force=force) if activate else ()
    async with bus_session(settings) as bus:
        source = history_of(found, await recorded_files(bus))
        with _progress(source, quiet=quiet) as show:
            report = await append_units(BusLog(bus), source, progress=show)
        if not activate:
            return report, None
        write_rules(found, home, rules)
        activation = activation_of(found)
        proposals = activation.proposals(now=system_clock(), person=operator())
        with _progress(proposals, quiet=quiet) as show:
            proposed = await append_units(BusLog(bus), proposals, progress=show)
    return report, ActivationReport.of(activation, proposed, home=str(home), rules=rules)


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
    from ganglion.in_words.phrases import counted, taken_out

    skipped = report.units_skipped
    were = "was" if skipped == 1 else "were"
    there = f", {skipped:,} {were} there already" if skipped else ""
    secrets = f"; {taken_out(report.redactions)}" if report.redactions else ""
    events, units = counted(report.events, "event"), counted(report.units, noun)
    say(f"{name}: {events} added from {units}{there}{secrets}")
    if report.redacted:
        more = len(report.redacted) - _MOST_NAMES
        others = f" and {more:,} more; --json names all of them" if more > 0 else ""
        which = ", ".join(report.redacted[:_MOST_NAMES])
        say(f"secrets were in {counted(len(report.redacted), noun)}: {which}{others}")
    _say_each(report.incomplete, err=True)
    _say_each(report.refused, err=True)
    if report.refused:
        say(f"{counted(len(report.refused), 'part')} not imported, as said above", err=True)


def _say_each(lines: tuple[str, ...], *, err: bool = False) -> None:
    for line in lines[:_MOST_LINES]:
        say(f"  {line}", err=err)
    if len(lines) > _MOST_LINES:
        say(f"  … and {len(lines) - _MOST_LINES:,} more; --json names all of them", err=err)


async def _append(
    open_source: Callable[[], Awaitable[ImportSource]], *, quiet: bool
) -> tuple[ImportSource, ImportReport]:
    from ganglion.addresses import client_settings
    from ganglion.importing.adapters import BusLog
    from ganglion.importing.append import append_units
    from ganglion.log_session import bus_session

    source = await open_source()
    if source.remark:
        say(source.remark, err=True)
    async with bus_session(client_settings()) as bus:
        with _progress(source, quiet=quiet) as show:
            report = await append_units(BusLog(bus), source, progress=show)
    return source, report


@contextmanager
def _progress(source: ImportSource, *, quiet: bool) -> Iterator[Callable[[ImportReport], None]]:
    """A bar that shows how far an import is, for as long as the block runs."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    from ganglion.in_words.phrases import counted
    from ganglion.progress_bar import progress_bar

    bar = progress_bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[events]}"),
        quiet=quiet,
    )
    with bar:
        task = bar.add_task(source.name, total=source.total, events="")
        yield lambda now: bar.update(task, completed=now.units, events=counted(now.events, "event"))
