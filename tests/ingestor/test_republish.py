"""Do bytes that only ClickHouse has come back onto the log as they were, with their trace?"""

from __future__ import annotations

from ingestor.republish import Republished, republish_tail
from ingestor.row_encoder import RowEncoder
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import Bus
from nervous_system.names import TRACEPARENT
from tests.ingestor.ingestor_samples import batch, event, frame

FRAMER = RowEncoder(epoch=1, writer=1)


async def test_the_trace_is_in_the_headers_again_where_it_is_valid(
    bus: Bus, warehouse: ClickHouseWarehouse
) -> None:
    events = [event(number) for number in range(4)]
    events[1].span_id = "span-xyz-123"
    events[2].trace_id = "0" * 32
    events[3].trace_id = f"{events[3].trace_id}\r\nNats-Rollup: all"
    frames = [frame(FRAMER, seq, each) for seq, each in enumerate(events, 1)]
    await warehouse.insert(batch(FRAMER, 1, *frames))
    came_of_it = await republish_tail(warehouse, bus.publisher, epoch=1, after_seq=0)
    assert came_of_it == Republished(published=4, left=0)
    stored = [each async for each in bus.replay()]
    assert [each.data for each in stored] == [each.SerializeToString() for each in events]
    assert [each.message_id for each in stored] == [each.event_id for each in events]
    valid = f"00-{events[0].trace_id}-{events[0].span_id}-01"
    assert [each.headers.get(TRACEPARENT) for each in stored] == [valid, None, None, None]
