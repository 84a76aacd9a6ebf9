"""`ganglion down`: how does the mesh of this home end?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.terminal import say

app = typer.Typer(add_completion=False)


@app.command()
def down(
    timeout: Annotated[
        float, typer.Option("--timeout", help="Seconds to wait until everything is gone.")
    ] = 60.0,
    kill: Annotated[
        bool, typer.Option("--kill", help="End it at once; what was acknowledged is safe.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Drain and stop the mesh of this home, and wait until it has ended (exit 3: none runs)."""
    make_sure("stop", yes=yes, to_home=True)
    from local_mesh.addresses import home_of_rule
    from local_mesh.supervisor.stop import stop_mesh

    home = home_of_rule()
    pid = stop_mesh(home, timeout_seconds=timeout, kill=kill)
    say(f"the mesh in {home.path} (pid {pid}) is stopped")
