"""How do ClickHouse's tables stand, and how far is the record behind the log?"""

from __future__ import annotations

from typing import Final

from builtin_worker.action import ActionContext
from builtin_worker.clickhouse import ClickHouse
from builtin_worker.section import Section, duration, facts, size, table
from nervous_system.errors import Permanent

MANY_PARTS: Final = 300
"""Parts of one partition: merges do not keep up."""

FULL_PERCENT: Final = 90.0
FAR_BEHIND: Final = 10_000
"""Positions of the log that ClickHouse does not hold yet."""


def warehouse_of(place: ActionContext) -> ClickHouse:
    """The mesh's ClickHouse. Raises Permanent where there is none."""
    if place.clickhouse is None:
        raise Permanent("this worker was given no ClickHouse; set CLICKHOUSE_URL")
    return place.clickhouse


async def clickhouse(place: ActionContext) -> Section:
    """The server, its disks, its largest tables and their parts."""
    warehouse = warehouse_of(place)
    version, up_seconds = (await warehouse.rows("server"))[0]
    disks = await warehouse.rows("disks")
    tables = await warehouse.rows("tables")
    merges, mutations = (await warehouse.rows("unfinished"))[0]
    concerns = [
        f"ClickHouse's disk {name} is {100 * (1 - free / total):.0f} % full"
        for name, free, total in disks
        if total and 100 * (1 - free / total) >= FULL_PERCENT
    ]
    concerns += [
        f"a partition of {name} has {densest} parts: merges do not keep up"
        for name, _, densest, *_ in tables
        if densest >= MANY_PARTS
    ]
    return Section(
        title="ClickHouse",
        body=facts(
            [
                ("address", warehouse.address),
                ("version", version),
                ("up for", duration(up_seconds)),
                *((f"disk {name}", f"{size(free)} free of {size(all_)}")
                  for name, free, all_ in disks),
                ("merges running", merges),
                ("mutations unfinished", mutations),
            ]
        )
        + "\n\n"
        + table(
            ("table", "parts", "rows", "on disk", "uncompressed"),
            [
                (name, parts, rows, size(on_disk), size(uncompressed))
                for name, parts, _, rows, on_disk, uncompressed in tables
            ],
        ),
        concerns=tuple(concerns),
    )  # fmt: skip


async def ingest(place: ActionContext) -> Section:
    """The watermark, against the end of the log."""
    rows = await warehouse_of(place).rows("ingest")
    end = await place.bus.stream.state()
    title = "Ingest"
    if not rows:
        return Section(
            title=title,
            body=f"Nothing is recorded yet; the log is at sequence {end.last_sequence}.",
            concerns=("no ingestor has recorded anything yet",) if end.messages else (),
        )
    epoch, watermark, recorded_at, parked = rows[0]
    lag = max(0, end.last_sequence - watermark)
    concerns = []
    if lag >= FAR_BEHIND:
        concerns.append(f"ClickHouse is {lag} positions behind the log")
    if end.last_sequence < watermark:
        concerns.append(
            f"the log ends at {end.last_sequence}, before the watermark {watermark}:"
            " it was truncated or made anew"
        )
    if parked:
        concerns.append(f"{parked} positions were parked within a day; see `ganglion parked list`")
    age = place.clock().timestamp() - recorded_at / 1e9
    return Section(
        title=title,
        body=facts(
            [
                ("epoch", epoch),
                ("watermark", watermark),
                ("end of the log", end.last_sequence),
                ("lag", f"{lag} positions"),
                ("last recorded position", f"{duration(age)} old" if recorded_at else "none"),
                ("parked within a day", parked),
            ]
        ),
        concerns=tuple(concerns),
    )
