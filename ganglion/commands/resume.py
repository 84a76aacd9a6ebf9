"""`ganglion resume`: how does dispatch go on?"""

from __future__ import annotations

from typing import Annotated

import typer

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
    from ganglion.halt import publish_halt

    event_id, sequence = asyncio.run(publish_halt(HaltLifted(reason=reason)))
    if as_json:
        typer.echo(json.dumps({"event_id": event_id, "sequence": sequence}))
        return
    typer.echo(f"the halt is lifted ({event_id} at position {sequence})")
    typer.echo("a manual_shutdown.flag in the home directory would still hold dispatch")
