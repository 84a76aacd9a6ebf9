"""`ganglion init`: is everything there that the services stand on?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ganglion.terminal import say

if TYPE_CHECKING:
    pass

app = typer.Typer(add_completion=False)


@app.command()
def init() -> None:
    """Make streams, buckets, tables and the sample files, if they are missing.

    `ganglion up` needs none of this; in containers it runs once, before the services start.
    """
    import asyncio

    from local_mesh.addresses import client_settings
    from local_mesh.default_files import write_default_files
    from local_mesh.home import Home
    from local_mesh.key_files import ensure_mesh_key
    from operations.actions.foundations import lay_foundations

    settings = client_settings()
    home = Home.at(settings.home)
    home.create()
    ensure_mesh_key(home.path)
    for path in write_default_files(home):
        say(f"wrote {path}")
    for name in asyncio.run(lay_foundations(settings, tell=say)):
        say(f"applied: {name}")
    say("log, tables and sample files are there")
