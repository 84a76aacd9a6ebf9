"""`ganglion open`: where does a browser find this mesh?"""

from __future__ import annotations

import typer

from ganglion.terminal import say_exactly

app = typer.Typer(add_completion=False)


@app.command()
def open_() -> None:
    """Print the address of mission control, whose key lets one browser in (exit 3: none runs)."""
    from local_mesh.addresses import home_of_rule, running_mesh
    from local_mesh.supervisor.page import page_address
    from nervous_system.errors import NotRunning

    home = home_of_rule()
    mesh = running_mesh(home)
    address = page_address(mesh, home) if mesh is not None else ""
    if not address:
        raise NotRunning(f"no mission control runs in {home.path}; start it with `ganglion up`")
    say_exactly(address)
