"""`ganglion checkpoints`: which moments did people put a name to?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.nouns import noun
from ganglion.terminal import say, say_json

app = noun("Moments of the swarm that have a name, to which `ganglion rollback` goes back.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called; nobody else's.")],
    note: Annotated[str, typer.Option(help="What there is to say of it.")] = "",
    as_json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Put a name to now: epoch, position and a hash of the state, signed."""
    make_sure("make a checkpoint of", yes=yes)
    import asyncio
    import json

    from operations.actions.checkpoint import add_checkpoint

    made = asyncio.run(add_checkpoint(name, note))
    if as_json:
        say_json(json.dumps(made.document()))
        return
    signed = f"signed by {made.signed_by}" if made.signed_by else "not signed: there is no key"
    say(f"{made.name} is position {made.position:,} of epoch {made.epoch} ({made.checkpoint_id})")
    say(f"state {made.state_hash}, {signed}")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the checkpoints that are on the log, the last first."""
    import asyncio
    import json

    from ganglion.columns import TableColumn, note, say_table
    from nervous_system.phrases import EPOCH, moment
    from operations.queries.checkpoints import every_checkpoint

    found = asyncio.run(every_checkpoint())
    if as_json:
        say_json(json.dumps([each.document() for each in found], indent=2))
        return
    if not found:
        say("no checkpoint is on the log; `ganglion checkpoints add NAME` makes one")
    say_table(
        (
            TableColumn("checkpoint", "id"),
            TableColumn("name", "name"),
            TableColumn("epoch"),
            TableColumn("position"),
            TableColumn("made", "key"),
            TableColumn("by", "name"),
            TableColumn("what there is to say", "text"),
        ),
        [
            (
                each.checkpoint_id,
                each.name,
                str(each.epoch),
                str(each.position),
                moment(each.made_at),
                each.made_by,
                "; ".join(filter(None, (each.problem, each.note))),
            )
            for each in found
        ],
    )
    if found:
        note(f"epoch: {EPOCH}")
