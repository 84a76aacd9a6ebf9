"""`ganglion status`: how is the mesh?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from operations.queries.status_report import StatusReport

app = typer.Typer(add_completion=False)


@app.command()
def status(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Show processes, log and lag (exit 0: healthy, 1: something is not, 3: not running).

    Lag is what the log has and ClickHouse does not have yet.
    """
    import asyncio
    import json
    from dataclasses import replace

    from ganglion.exit_codes import FAILURE, NOT_RUNNING, OK
    from nervous_system.environment import read_settings
    from nervous_system.settings import MeshSettings
    from operations.queries.status_report import report_status

    report = asyncio.run(report_status(read_settings(MeshSettings)))
    said = [f"--{name}" for name, value in ctx.find_root().params.items() if value is not None]
    if said:
        report = replace(report, chosen_by=said[0])
    if as_json:
        say_json(json.dumps(report.document(), indent=2))
    elif report.is_running:
        _print_table(report)
    if not as_json:
        for problem in report.problems:
            say(f"ganglion: {problem}", err=True)
    if not report.is_running:
        if not as_json:
            say(f"ganglion: which mesh is meant was decided by: {report.chosen_by}", err=True)
        raise typer.Exit(NOT_RUNNING)
    raise typer.Exit(FAILURE if report.problems else OK)


def _print_table(report: StatusReport) -> None:
    from ganglion.columns import TableColumn, say_table
    from nervous_system.phrases import LAG, PULSE, pluralize, size

    if report.pid is None:
        say(f"mesh at {report.nats_url}: {report.state}")
    else:
        say(f"mesh in {report.home}: {report.state}, supervisor pid {report.pid}")
    say(f"chosen by: {report.chosen_by}")
    if report.system_mode is not None:
        say(f"system mode: {report.system_mode}")
    if report.nats_open:
        say("NATS is open to everybody (GANGLION_NATS_OPEN)")
    say_table(
        (TableColumn("process"), TableColumn("pid"), TableColumn("address"), TableColumn("health")),
        [
            (
                process.name,
                str(process.pid or "-"),
                process.address,
                f"{process.health}, started {process.attempt} times"
                if process.attempt > 1
                else process.health,
            )
            for process in report.processes
        ],
    )
    if report.stream is not None:
        state = report.stream
        say(
            f"log: positions {state.first_sequence:,} to {state.last_sequence:,} (an event each),"
            f" {size(state.bytes)}, {state.used_percent:.0f} % full"
        )
    if report.staged_on_disk:
        say(f"batches are staged on the disk, which is slower: {report.staged_on_disk}")
    if report.swarm is not None:
        swarm = report.swarm
        objectives = pluralize(swarm.objectives, "objective")
        say(
            f"swarm: {pluralize(swarm.workers, 'worker')}, {objectives} open, tasks:"
            f" {swarm.tasks_claimed} claimed, {swarm.tasks_waiting} waiting; pulse {swarm.pulse}"
            f" ({PULSE})"
        )
        waits = (swarm.waits, swarm.aside, swarm.unapproved)
        for sentence in (*waits, swarm.slowed, swarm.dismissed, swarm.overridden):
            if sentence:
                say(sentence)
        if swarm.rules_refused:
            say(f"not adopted, what was in force stays in force: {swarm.rules_refused}")
        if swarm.inbox_broken:
            say(f"not taken from the inbox, write it anew: {swarm.inbox_broken}")
    if not report.clickhouse_url:
        say("ClickHouse: nobody said where it is; CLICKHOUSE_URL does")
    if report.watermark is not None:
        say(f"ClickHouse: up to position {report.watermark:,}, lag {report.lag} ({LAG})")
