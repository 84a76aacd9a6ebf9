"""`ganglion parked`: what could not be read, why, and can it be read by now?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.acting import Yes, make_sure
from ganglion.terminal import say, say_answer, say_json

if TYPE_CHECKING:
    from ingestor.model import StoredPosition
    from ingestor.republish import Republished

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Positions of the log that could not be read as events.",
)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option("-n", min=1, help="How many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest parked positions and their reasons."""
    from ganglion.addresses import client_settings
    from ganglion.caught_up import wait_until_caught_up
    from ganglion.query import run_query

    query = (
        "SELECT epoch, seq, recorded_at, subject, reason, size_bytes FROM swarm.parked"
        f" ORDER BY epoch DESC, seq DESC LIMIT {limit}"
    )
    wanted = "JSONEachRow" if as_json else "PrettyCompactMonoBlock"
    settings = {"output_format_json_quote_64bit_integers": "0"} if as_json else {}
    mesh = client_settings()
    wait_until_caught_up(mesh)
    answer = b"".join(
        run_query(mesh.clickhouse_dsn, query, default_format=wanted, settings=settings)
    )
    if not answer and not as_json:
        say("nothing is parked")
    if as_json:
        say_answer([answer], is_json=True)
        return
    for line in answer.decode(errors="backslashreplace").split("\n")[:-1]:
        say(line)


@app.command()
def show(
    sequence: Annotated[int, typer.Argument(min=1, help="The position's sequence.")],
    epoch: Annotated[
        int | None, typer.Option("--epoch", help="Its epoch; the last one, if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One parked position: where, why, and its bytes."""
    import asyncio
    import json

    from ganglion.errors import NotRunning
    from ganglion.in_words.phrases import counted
    from ganglion.positions.hexdump import hexdump

    found = asyncio.run(_find(sequence, epoch))
    if found is None:
        raise NotRunning(f"nothing is parked at sequence {sequence}; see `ganglion parked list`")
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
    say(f"{counted(len(found.raw), 'byte')}:")
    for line in hexdump(found.raw).split("\n"):
        say(line)


@app.command()
def replay(as_json: AsJson = False, yes: Yes = False) -> None:
    """Publish again, under their old ids, those that this version can read."""
    make_sure("publish events again on", yes=yes)
    import asyncio
    import json
    from dataclasses import asdict

    result = asyncio.run(_replay())
    if as_json:
        say_json(json.dumps(asdict(result)))
        return
    stay = "stays" if result.left == 1 else "stay"
    say(f"{result.published:,} published again, {result.left:,} {stay} parked")


async def _find(sequence: int, epoch: int | None) -> StoredPosition | None:
    from ganglion.positions.session import warehouse_session

    async with warehouse_session() as warehouse:
        if epoch is None:
            epoch = max((each.epoch for each in await warehouse.epochs()), default=1)
        rows = await warehouse.positions_after(
            epoch=epoch, after_seq=sequence - 1, limit=1, disposition="parked"
        )
    return rows[0] if rows and rows[0].seq == sequence else None


async def _replay() -> Republished:
    from ganglion.positions.session import positions_session
    from ingestor.republish import replay_parked

    async with positions_session() as session:
        return await replay_parked(
            session.warehouse, session.bus.publisher, vouch=session.bus.vouched_history
        )
