"""`ganglion doctor`: what is wrong, and what helps?"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from ganglion.terminal import say, say_json

app = typer.Typer(add_completion=False)

_BESIDE: Final = "     "
"""Where a finding goes on."""


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """Check the machine and the mesh, and say what to do (exit 0: all is well, 1: not)."""
    import asyncio
    import json
    from dataclasses import asdict

    from ganglion.exit_codes import FAILURE
    from local_mesh.addresses import configured_addresses, running_mesh
    from local_mesh.home import Home
    from local_mesh.settings import LocalMeshSettings
    from nervous_system.environment import read_settings
    from nervous_system.settings import MeshSettings
    from operations.doctor.finding import DoctorFinding
    from operations.doctor.machine import examine_machine
    from operations.doctor.mesh import examine_mesh
    from operations.queries.status_report import report_status

    settings, local = read_settings(MeshSettings), read_settings(LocalMeshSettings)
    addresses = configured_addresses(local)
    mesh = running_mesh(Home.at(settings.home))
    report = asyncio.run(report_status(settings))
    findings: list[DoctorFinding] = []

    def show(finding: DoctorFinding) -> None:
        findings.append(finding)
        if as_json or finding.waits_for:
            return
        say(f"{'ok ' if finding.ok else 'BAD'}  {finding.name}: {finding.sentence}", hang=_BESIDE)
        if finding.remedy:
            say(f"     → {finding.remedy}", hang=f"{_BESIDE}  ")

    async def examine() -> None:
        monitor = mesh.nats_monitor_url if mesh is not None else None
        async for finding in examine_mesh(report, monitor_url=monitor):
            show(finding)

    given = not {"nats_url", "clickhouse_url"}.isdisjoint(settings.model_fields_set)
    machine = examine_machine(
        settings, local, addresses=addresses, is_up=report.is_running or given
    )
    for finding in machine:
        show(finding)
    if report.is_running or given:
        asyncio.run(examine())
    else:
        show(
            DoctorFinding(
                name="mesh", ok=True, sentence=f"none runs in {Home.at(settings.home).path}"
            )
        )
    unseen: dict[str, list[str]] = {}
    for each in findings:
        if each.waits_for:
            unseen.setdefault(each.waits_for, []).append(each.name)
    if as_json:
        say_json(json.dumps([asdict(each) for each in findings], indent=2))
    else:
        for cause, names in unseen.items():
            say(f"--   not looked at, see `{cause}`: {', '.join(names)}", hang=_BESIDE)
    if not all(each.ok for each in findings):
        raise typer.Exit(FAILURE)
