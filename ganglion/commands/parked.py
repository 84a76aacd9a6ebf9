"""`ganglion parked`: what could not be read, why, and can it be read by now?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.nouns import noun
from ganglion.terminal import say, say_json, warn

if TYPE_CHECKING:
    pass

app = noun("Show positions that could not be read as events; publish them again.")

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option("-n", min=1, help="How many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest parked positions and their reasons."""
    import json
    from datetime import UTC, datetime

    from ganglion.columns import TableColumn, note, say_table
    from nervous_system.phrases import EPOCH, PARKED, moment, size
    from operations.queries.positions import parked_rows

    rows = parked_rows(limit, tell=warn)
    if as_json:
        for row in rows:
            say_json(json.dumps(row, ensure_ascii=False))
        return
    if not rows:
        say("nothing is parked")
    columns = (
        TableColumn("epoch"),
        TableColumn("position"),
        TableColumn("time", "key"),
        TableColumn("size"),
        TableColumn("subject"),
        TableColumn("why", "text"),
    )
    table = [
        (
            str(row["epoch"]),
            str(row["seq"]),
            moment(datetime.fromisoformat(row["recorded_at"][:26]).replace(tzinfo=UTC)),
            size(row["size_bytes"]),
            row["subject"],
            row["reason"],
        )
        for row in rows
    ]
    say_table(columns, table)
    note(f"parked: {PARKED}; `ganglion parked show POSITION` shows them")
    if rows:
        note(f"epoch: {EPOCH}")


@app.command()
def show(
    sequence: Annotated[int, typer.Argument(min=1, help="The position's sequence.")],
    epoch: Annotated[
        int | None, typer.Option("--epoch", help="Its epoch; the last one, if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one parked position: where, why, and its bytes."""
    import asyncio
    import json

    from ganglion.hexdump import hexdump
    from nervous_system.errors import BadSetting
    from nervous_system.phrases import pluralize
    from operations.queries.positions import parked_position

    found = asyncio.run(parked_position(sequence, epoch))
    if found is None:
        raise BadSetting(f"nothing is parked at sequence {sequence}; see `ganglion parked list`")
    if as_json:
        document = {
            "seq": found.seq,
            "subject": found.subject,
            "recorded_at_nanoseconds": found.recorded_at_nanoseconds,
            "reason": found.reason,
            "raw_hex": found.raw.hex(),
        }
        say_json(json.dumps(document))
        return
    say(f"sequence {found.seq} on {found.subject}: {found.reason}")
    say(f"{pluralize(len(found.raw), 'byte')}:")
    for line in hexdump(found.raw).split("\n"):
        say(line)


@app.command()
def replay(as_json: AsJson = False, yes: Yes = False) -> None:
    """Publish the parked events that this version can read again, under their old ids."""
    make_sure("publish events again on", yes=yes)
    import asyncio
    import json
    from dataclasses import asdict

    from operations.actions.republish import replay_all

    result = asyncio.run(replay_all())
    if as_json:
        say_json(json.dumps(asdict(result)))
        return
    stay = "stays" if result.left == 1 else "stay"
    say(f"{result.published:,} published again, {result.left:,} {stay} parked")
