"""Are the rows that ClickHouse keeps what was recorded? Counted, and read byte by byte, now."""

from __future__ import annotations

from typing import Final

from nervous_system.errors import GanglionError
from operations.doctor.finding import DoctorFinding, fail, passed
from operations.positions_session import positions_session

MAX_BYTES: Final = 2 * 1024**3
"""Of files that are read here; those that were not read for longest come first, and the ingestor's
audit reads all."""

MENDS: Final = "run `ganglion repair`, which mends it from the log"


async def examine_rows(*, audit_found: str) -> DoctorFinding:
    """`audit_found` is what the ingestor says is damaged; empty: nothing."""
    from ingestor.examination import Examiner

    try:
        async with positions_session() as session:
            examiner = Examiner(session.bus, session.warehouse)
            found = await examiner.count_rows()
            parts = await examiner.condition.parts()
            read = 0
            left = len(parts)
            broken = []
            for part in parts:
                if read and read + part.bytes > MAX_BYTES:
                    break
                read += part.bytes
                left -= 1
                fault = await examiner.broken(part)
                if fault is not None:
                    broken.append(fault)
            found.broken = tuple(broken)
            set_aside = [
                each.name
                for each in await examiner.condition.detached_parts()
                if "broken" in each.reason
            ]
    except GanglionError as error:
        return fail("rows", str(error), remedy="see what `schema` says; then `ganglion repair`")
    said = [found.sentence() or audit_found] if not found.sound or audit_found else []
    if said and set_aside:
        said.append(f"the engine set broken parts aside: {', '.join(set_aside)}")
    if said:
        return fail("rows", "; ".join(said), remedy=MENDS)
    sentence = f"{len(parts) - left:,} parts read whole, no position without a row"
    return passed("rows", f"{sentence}; {left:,} parts wait for the audit" if left else sentence)
