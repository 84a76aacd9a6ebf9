"""`ganglion demo`: what does a swarm at work look like?"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ganglion.terminal import say

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    speed: Annotated[
        float, typer.Option(min=0.1, max=100, help="How many times as fast as people read.")
    ] = 1.0,
    wait: Annotated[
        float,
        typer.Option(
            "--wait", min=0, metavar="SECONDS", help="So long the release waits for your approval."
        ),
    ] = 120.0,
) -> None:
    """Play a small swarm on this mesh: four agents find a bug, mend it, and ask you for a release.

    It takes a minute. Its events stay on the log like all others; its agents are called `demo-…`.
    """
    from operations.actions.demo import play_demo

    say(asyncio.run(play_demo(speed=speed, wait_seconds=wait, tell=say)))
