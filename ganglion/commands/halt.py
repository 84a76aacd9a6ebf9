"""`ganglion halt`: how is dispatch stopped?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.terminal import say, say_json

app = typer.Typer(add_completion=False)


@app.command()
def halt(
    reason: Annotated[str, typer.Option("--reason", help="Why; status and agents show it.")] = "",
    now: Annotated[
        bool, typer.Option("--now", help="Also end running tasks; they wait again.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    yes: Yes = False,
) -> None:
    """Stop dispatch until `ganglion resume`. Running tasks go on, or end with `--now`."""
    make_sure("halt dispatch on", yes=yes)
    import asyncio
    import json

    from enchanted.events.v1.pulse_pb2 import HaltOrdered
    from operations.actions.halt import publish_halt

    event_id, sequence = asyncio.run(publish_halt(HaltOrdered(reason=reason, now=now)))
    if as_json:
        say_json(json.dumps({"event_id": event_id, "sequence": sequence}))
        return
    ending = ", and what is being done is ended and waits again" if now else ""
    say(f"dispatch is halted until `ganglion resume` ({event_id} at position {sequence}){ending}")
