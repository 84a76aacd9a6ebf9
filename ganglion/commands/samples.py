"""`ganglion samples`: which files does the overseer go by, and what could be in them?"""

from __future__ import annotations

import typer

from ganglion.terminal import say

app = typer.Typer(add_completion=False)


@app.command()
def samples() -> None:
    """Write the sample charter, policy and registry into the home, where they are missing."""
    from ganglion.home import Home
    from ganglion.samples import write_samples
    from nervous_system.environment import read_settings
    from nervous_system.settings import MeshSettings

    home = Home.at(read_settings(MeshSettings).home)
    home.create()
    written = write_samples(home)
    for path in written:
        say(f"wrote {path}")
    if not written:
        say(f"charter, policy and registry are in {home.path}")
