"""How fast does the engine take rows that were made before? The same frames into the same table.

One insert after the other over HTTP, 20,000 rows each, which is where the engine was fastest;
without the ingestor's deduplication token, and with nothing else to do in this process.
"""

from __future__ import annotations

from typing import Final

import clickhouse_connect

from bench.candidates.order import Order, begin
from bench.events import entries, payloads
from ingestor.core import examine, prepare
from ingestor.ingest_schema import MESSAGE_NAME, ingest_columns, ingest_schema
from ingestor.row_encoder import RowEncoder
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.clock import system_clock
from nervous_system.contract.message import encode_message
from nervous_system.contract.redaction import Redactor
from nervous_system.contract.stored import Stored

ROWS: Final = 20_000
_NANOSECONDS: Final = 1_000_000_000


async def run(order: Order) -> None:
    """Insert `order.count` rows; the schema is made here, before the clock starts."""
    warehouse = await ClickHouseWarehouse.connect(order.clickhouse_url)
    await warehouse.migrate()
    writer = await warehouse.take_over("bench")
    now = system_clock()
    await warehouse.open_epoch(
        epoch=1, reason="bench", stream_created=now, first_seq=1, forked_from_seq=0, holder="bench"
    )
    blocks, kinds = _blocks(order.count, writer, int(now.timestamp()) * _NANOSECONDS)
    client = clickhouse_connect.get_client(dsn=order.clickhouse_url, compress=False)
    settings = {
        "async_insert": 0,
        "format_schema_source": "string",
        "format_schema": ingest_schema(kinds),
        "format_schema_message_name": MESSAGE_NAME,
    }
    begin()
    for block in blocks:
        client.raw_insert(
            "swarm.landing",
            column_names=ingest_columns(kinds),
            insert_block=block,
            fmt="Protobuf",
            settings=settings,
        )
    client.close()
    await warehouse.close()


def _blocks(
    count: int, writer: int, recorded_at_ns: int
) -> tuple[list[bytes], frozenset[str] | None]:
    """The same events in each block, at positions of their own, and the kinds that occur."""
    framer, redactor = RowEncoder(epoch=1, writer=writer), Redactor.of()
    sealed = [
        encode_message(entry, redactor, traceparent=None)[0] for entry in entries(payloads(ROWS))
    ]
    blocks, kinds = [], None
    for start in range(0, count, ROWS):
        positions = [
            Stored(sequence, message.subject, recorded_at_ns + sequence, message.data)
            for sequence, message in enumerate(sealed[: count - start], start + 1)
        ]
        examined = examine(positions, framer)
        batch = prepare(examined, framer, known=frozenset()).batch
        kinds = batch.kinds
        blocks.append(batch.frames)
    return blocks, kinds
