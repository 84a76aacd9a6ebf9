"""`ganglion repair`: what of the rows is damaged, and can it be mended from the log?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganglion.acting import Yes, make_sure

if TYPE_CHECKING:
    from ingestor.examination import Found, Told
    from ingestor.repair import Repaired

app = typer.Typer(add_completion=False)


@app.command()
def repair(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what is damaged and what is to be had.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    yes: Yes = False,
) -> None:
    """Look at every stored row, and mend what is damaged from the log: once each, while it runs.

    Exit 0: nothing is damaged any more; 1: something is that only a backup can bring.
    """
    make_sure("repair the rows of", yes=yes or dry_run)
    import asyncio
    import json

    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    from ganglion.errors import FAILURE
    from ganglion.progress_bar import progress_bar
    from ganglion.terminal import say, say_json

    with progress_bar(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), quiet=as_json
    ) as bar:
        task = bar.add_task("looking", total=None)

        def told(doing: str, done: int, total: int) -> None:
            bar.update(task, description=doing, completed=done, total=total)

        found, repaired = asyncio.run(_repair(dry_run, told))
    if as_json:
        say_json(json.dumps(_document(found, repaired), indent=2))
    else:
        for line in _lines(found, repaired):
            say(line)
    sound = found.sound if repaired is None else repaired.sound
    if not sound:
        raise typer.Exit(FAILURE)


async def _repair(dry_run: bool, told: Told) -> tuple[Found, Repaired | None]:
    import os
    import socket

    from ganglion.positions.session import positions_session
    from ingestor.examination import Found
    from ingestor.repair import repairing
    from nervous_system.ids import new_event_id

    holder = f"{socket.gethostname()}/{os.getpid()}/{new_event_id()[:8]}"
    async with positions_session() as session:
        lost_tables = await session.warehouse.restore(dry_run=dry_run)
        if lost_tables and dry_run:
            return Found(unknown=f"gone: swarm.{', swarm.'.join(lost_tables)}"), None
        if not dry_run:
            await session.warehouse.restore_epochs((await session.bus.stream.state()).created)
        async with repairing(
            session.bus, session.warehouse, holder=holder, dry_run=dry_run
        ) as mending:
            if dry_run:
                return await mending.examine(told=told), None
            repaired = await mending.run(told=told)
            repaired.tables = lost_tables
            return repaired.found, repaired


def _lines(found: Found, repaired: Repaired | None) -> list[str]:
    from ganglion.in_words.phrases import counted
    from ingestor.examination import named
    from ingestor.spans import size_of

    said = [f"damaged: {found.sentence()}"] if not found.sound else ["nothing is damaged"]
    said += [f"part {part.name}: {part.reason}" for part in found.broken]
    if repaired is None:
        return said
    if repaired.tables:
        said.append(f"made again: {', '.join(repaired.tables)}")
    if repaired.parts_set_aside:
        said.append(
            f"set aside: {', '.join(repaired.parts_set_aside)} (in the folder detached of the"
            f" table), {counted(repaired.salvaged, 'position')} saved from there"
        )
    said += [f"taken out: {foreign}; kept in swarm.foreign_rows" for foreign in repaired.foreign]
    if repaired.filled:
        said.append(
            f"filled: {counted(repaired.filled, 'position')},"
            f" of them {repaired.replaced:,} in the place of a wrong row"
        )
    for epoch, where in repaired.doubtful.items():
        said.append(
            f"left: {size_of(where):,} rows of epoch {epoch} disagree with their own bytes or with"
            f" a copy ({named(where)}), and the log has them no more; a backup tells what is right"
        )
    for lost in repaired.lost:
        run = str(lost.span)
        when = f" between {lost.after or 'the beginning'} and {lost.before or 'now'} UTC"
        said.append(
            f"lost: positions {run} of epoch {lost.epoch}, recorded{when}: the log no longer has"
            " them, only a backup can bring them"
        )
    return said


def _document(found: Found, repaired: Repaired | None) -> dict[str, Any]:
    from dataclasses import asdict

    document: dict[str, Any] = {"found": {**asdict(found), "sentence": found.sentence()}}
    if repaired is not None:
        document["repaired"] = {
            key: value for key, value in asdict(repaired).items() if key != "found"
        }
    return document
