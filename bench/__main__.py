"""`python -m bench`: how fast is it here, and how much does it take?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.exit import end_with
from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from bench.profile import Size
    from bench.report import Report

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write",
            help="Keep the table in this Markdown file, and what stands there under headings.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="idle, ingest, publish, tracing, fold, state, tasks, secrets, api.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small and rough: only shows that it runs.")
    ] = False,
) -> None:
    """Measure speed and memory as ratios within one run (exit 0: all targets met, 1: not all).

    It starts servers of its own on free ports in a temporary folder and removes them at the end.
    """
    import asyncio
    import json

    from rich.console import Console  # noqa: TID251 - its own figures

    from bench.profile import FULL, QUICK
    from ganglion.exit_codes import FAILURE

    size = QUICK if quick else FULL
    report = asyncio.run(_measure(only or [], size=size, quiet=as_json))
    if as_json:
        say_json(json.dumps(report.document(), indent=2, ensure_ascii=False))
    else:
        Console().print(report.table())
    if write is not None:
        write.write_text(report.markdown() + _sections(write), encoding="utf-8")
        say(f"kept in {write}", err=True)
    if report.missed and not quick:
        raise typer.Exit(FAILURE)


def _sections(page: Path) -> str:
    """What people wrote below the table: from the first heading on."""
    if not page.exists():
        return ""
    _, heading, rest = page.read_text(encoding="utf-8").partition("\n## ")
    return heading + rest


async def _measure(only: list[str], *, size: Size, quiet: bool) -> Report:
    import asyncio
    import signal

    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

    from bench.machine import describe_machine
    from bench.progress import Bar
    from bench.report import Report
    from bench.suites import measure_all
    from ganglion.progress_bar import progress_bar
    from nervous_system.clock import stopwatch, system_clock

    task = asyncio.current_task()
    assert task is not None
    # As Ctrl-C does: what was started is stopped on the way out.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    machine, measured_at, began = describe_machine(), system_clock(), stopwatch()
    progress = progress_bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        quiet=quiet,
        refresh_per_second=2,  # it runs on the machine that is being measured
    )
    with progress:
        figures = await measure_all(only, size=size, show=Bar(progress))
    return Report(
        machine=machine,
        measured_at=measured_at,
        seconds=stopwatch() - began,
        size=size,
        figures=tuple(figures),
    )


if __name__ == "__main__":
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the end of the line
        end_with(error)
