"""`ganglion resume`: how does dispatch go on?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.terminal import say, say_json

app = typer.Typer(add_completion=False)


@app.command()
def resume(
    reason: Annotated[str, typer.Option("--reason", help="Why it may go on.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Lift what `ganglion halt` ordered, and what playbooks of incidents hold."""
    import asyncio
    import json

    from enchanted.events.v1.pulse_pb2 import HaltLifted
    from ganglion.halt import halt_is_in_force, publish_halt
    from ganglion.home import Home
    from ganglion.settings import read_settings
    from guardian.shell import FLAG_NAME
    from nervous_system.settings import MeshSettings

    halted = asyncio.run(halt_is_in_force())
    event_id, sequence = asyncio.run(publish_halt(HaltLifted(reason=reason)))
    if as_json:
        say_json(json.dumps({"event_id": event_id, "sequence": sequence}))
        return
    lifted = (
        "the halt is lifted"
        if halted
        else "no `ganglion halt` was in force; what playbooks of incidents held goes on"
    )
    say(f"{lifted} ({event_id} at position {sequence})")
    flag = Home.at(read_settings(MeshSettings).home).path / FLAG_NAME
    if flag.exists():
        say(f"{flag} is there and still holds dispatch; remove it")
