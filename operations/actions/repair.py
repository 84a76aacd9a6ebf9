"""How are the rows looked through, and mended from the log?"""

from __future__ import annotations

import os
import socket
from dataclasses import asdict
from typing import Any

from ingestor.examination import Found, Told, list_spans
from ingestor.repair import Repaired, repairing
from ingestor.spans import size_of
from nervous_system.ids import new_event_id
from nervous_system.phrases import pluralize
from operations.positions_session import positions_session


async def repair_rows(dry_run: bool, told: Told) -> tuple[Found, Repaired | None]:
    """What was found, and what was mended of it; None on a `dry_run`."""
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


def lines_of(found: Found, repaired: Repaired | None) -> list[str]:
    """What a person is told of it, line by line."""
    said = [f"damaged: {found.sentence()}"] if not found.sound else ["nothing is damaged"]
    said += [f"part {part.name}: {part.reason}" for part in found.broken]
    if repaired is None:
        return said
    if repaired.tables:
        said.append(f"made again: {', '.join(repaired.tables)}")
    if repaired.parts_set_aside:
        said.append(
            f"set aside: {', '.join(repaired.parts_set_aside)} (in the folder detached of the"
            f" table), {pluralize(repaired.salvaged, 'position')} saved from there"
        )
    said += [f"taken out: {foreign}; kept in swarm.foreign_rows" for foreign in repaired.foreign]
    if repaired.filled:
        said.append(
            f"filled: {pluralize(repaired.filled, 'position')},"
            f" of them {repaired.replaced:,} in the place of a wrong row"
        )
    for epoch, where in repaired.doubtful.items():
        said.append(
            f"left: {size_of(where):,} rows of epoch {epoch} disagree with their own bytes or with"
            f" a copy ({list_spans(where)}), and the log has them no more; a backup tells what is"
            " right"
        )
    for lost in repaired.lost:
        run = str(lost.span)
        when = f" between {lost.after or 'the beginning'} and {lost.before or 'now'} UTC"
        said.append(
            f"lost: positions {run} of epoch {lost.epoch}, recorded{when}: the log no longer has"
            " them, only a backup can bring them"
        )
    return said


def document_of(found: Found, repaired: Repaired | None) -> dict[str, Any]:
    """The same as a JSON document."""
    document: dict[str, Any] = {"found": {**asdict(found), "sentence": found.sentence()}}
    if repaired is not None:
        document["repaired"] = {
            key: value for key, value in asdict(repaired).items() if key != "found"
        }
    return document
