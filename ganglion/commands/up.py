"""`ganglion up`: how does a mesh come up, in the foreground or behind the scenes?"""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def up(
    detach: Annotated[bool, typer.Option("--detach", help="Run in the background.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="Start only this process (several times): nats, clickhouse, ingestor, governor,"
            " overseer, guardian, worker, mission_control.",
        ),
    ] = None,
) -> None:
    """Start the mesh of this home and keep it up; Ctrl-C drains and stops everything."""
    from local_mesh.addresses import home_of_rule
    from local_mesh.mesh_packages import require_mesh

    require_mesh()
    home_of_rule()
    if detach:
        from ganglion.detach import start_detached

        start_detached(only or [])
        return

    import os
    import signal

    from local_mesh.supervisor.process_list import supervisor_arguments

    # This process becomes the supervisor: same pid, same terminal, a third less memory.
    arguments = supervisor_arguments(only or [])
    # A Ctrl-C meanwhile waits until `run_mesh` lets it through.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.execv(arguments[0], arguments)
