"""`ganglion resume`: how does dispatch go on?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.terminal import say, say_json

app = typer.Typer(add_completion=False)


@app.command()
def resume(
    reason: Annotated[str, typer.Option("--reason", help="Why it may go on.")] = "",
    override_for: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="TIME",
            help="Also ignore the limits of CPU and memory for this long: 90s, 30m,"
            " 1h30m, at most 24h. Without it they count again.",
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    yes: Yes = False,
) -> None:
    """Lift a halt, and the holds of incidents' playbooks."""
    make_sure("let dispatch go on in", yes=yes)
    import asyncio
    import json

    from enchanted.events.v1.pulse_pb2 import HaltLifted
    from local_mesh.home import Home
    from nervous_system.environment import read_settings
    from nervous_system.settings import FLAG_NAME, MeshSettings
    from operations.actions.halt import last_word, override_seconds, publish_halt

    seconds = override_seconds(override_for) if override_for else 0.0
    before = asyncio.run(last_word())
    lifted = HaltLifted(reason=reason, override_seconds=seconds)
    event_id, sequence = asyncio.run(publish_halt(lifted))
    if as_json:
        said = {"event_id": event_id, "sequence": sequence, "override_seconds": seconds}
        say_json(json.dumps(said))
        return
    done = (
        "the halt is lifted"
        if before.halted
        else "no `ganglion halt` was in force; what playbooks of incidents held goes on"
    )
    say(f"{done} ({event_id} at position {sequence})")
    if seconds:
        say(
            f"for {override_for} the limits of CPU and memory hold nothing back, unless memory or a"
            " disk is all but full; `ganglion status` shows it, and `ganglion resume` ends it"
        )
    elif before.overridden:
        say("the limits of CPU and memory count again")
    flag = Home.at(read_settings(MeshSettings).home).path / FLAG_NAME
    if flag.exists():
        say(f"{flag} is there and still holds dispatch; remove it")
