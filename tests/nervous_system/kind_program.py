"""What becomes of the golden event of one kind? `python -m … URL KIND`.

Publishes it to a log that is empty, reads it back, and prints as JSON what the library, the command
and the ingestor make of it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from ingestor.ingest_schema import ingest_columns, ingest_schema
from ingestor.reading import readable
from ingestor.row_encoder import RowEncoder
from nervous_system.bus import open_bus
from nervous_system.contract.codec import decode
from nervous_system.refusal import Refusal
from nervous_system.settings import MeshSettings
from operations.descriptions.table import describe

GOLDEN = Path(__file__).parents[2] / "contracts" / "golden"


async def main(url: str, kind: str) -> None:
    settings = MeshSettings(nats_url=url)
    event = decode((GOLDEN / f"{kind}.bin").read_bytes())
    async with open_bus(settings, name="test") as bus:
        await bus.stream.ensure(settings)
        await bus.publish(event)
        (stored,) = [each async for each in bus.replay()]
    read = readable(stored)
    if isinstance(read, Refusal):
        raise SystemExit(read)
    message, field, warnings = read
    frame = RowEncoder(epoch=1, writer=1).event(message, stored, payload_field=field)
    print(
        json.dumps(
            {
                "came back": decode(stored.data) == event,
                "subject": stored.subject,
                "sentence": describe(event.payload),
                "warnings": warnings,
                "framed": event.payload.SerializeToString() in frame,
                "column": field in ingest_columns(frozenset({kind})),
                "declared": f" {field}=" in ingest_schema(frozenset({kind})),
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
