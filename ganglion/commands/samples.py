"""`ganglion samples`: which files does the overseer go by, and what could be in them?"""

from __future__ import annotations

import typer

from ganglion.terminal import say

app = typer.Typer(add_completion=False)


@app.command()
def samples() -> None:
    """Write the sample charter, policy and registry into the home, if they are missing."""
    from local_mesh.addresses import home_of_rule
    from local_mesh.default_files import write_default_files

    home = home_of_rule()
    home.create()
    written = write_default_files(home)
    for path in written:
        say(f"wrote {path}")
    if not written:
        say(f"charter, policy and registry are in {home.path}")
