"""`ganglion epochs`: which lives has the log had, and what of a lost one can be brought back?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.nouns import noun
from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    pass

app = noun("Show the lives of the log: a new epoch begins if it is truncated or made anew.")

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List epochs: why each began, and where."""
    import asyncio
    import json
    from dataclasses import asdict

    from ganglion.columns import TableColumn, note, say_table
    from nervous_system.phrases import EPOCH, POSITION, moment
    from operations.queries.positions import every_epoch

    epochs = asyncio.run(every_epoch())
    if as_json:
        for epoch in epochs:
            say_json(json.dumps(asdict(epoch), default=str))
        return
    say_table(
        (
            TableColumn("epoch"),
            TableColumn("from position"),
            TableColumn("opened", "key"),
            TableColumn("why", "text"),
        ),
        [
            (str(each.epoch), f"{each.first_seq:,}", moment(each.opened_at), each.reason)
            for each in epochs
        ],
    )
    note(f"epoch: {EPOCH}")
    note(f"position: {POSITION}")


@app.command()
def republish(
    epoch: Annotated[int, typer.Argument(min=1, help="The epoch whose end was lost.")],
    as_json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Publish again, under their old ids, the events that only ClickHouse still has."""
    make_sure("publish events again on", yes=yes)
    import asyncio
    import json
    from dataclasses import asdict

    from nervous_system.phrases import pluralize
    from operations.actions.republish import republish_end_of

    result = asyncio.run(republish_end_of(epoch))
    if as_json:
        say_json(json.dumps(asdict(result)))
        return
    positions = pluralize(result.published, "position")
    repeats = f"{result.left:,} {'was a repeat' if result.left == 1 else 'were repeats'}"
    say(f"{positions} of epoch {epoch} published again, {repeats}")
