"""Does any input break the decoder, the checks or an insert? Random bytes and mutated real events.

The seed is printed with a failure and may be given as GANGLION_FUZZ_SEED.
"""

from __future__ import annotations

import asyncio
import base64
import os
import random  # noqa: TID251 - the seed is the door
from collections.abc import Iterator
from pathlib import Path

import pytest

from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from ingestor.core import cut, examine, identities, prepare
from ingestor.reading import Readable, read
from ingestor.row_encoder import RowEncoder
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.contract.codec import decode
from nervous_system.contract.payload import KINDS_BY_FIELD
from nervous_system.contract.stored import Stored
from nervous_system.errors import MalformedEvent
from nervous_system.ids import child_id
from tests.fuzz.odd_values import fill
from tests.ready_warehouse import make_ready
from tests.real_servers import ClickHouseServer

SEED = int(os.environ.get("GANGLION_FUZZ_SEED", "20261121"))
RECORDED_AT = 1_793_000_000_000_000_000
BATCH = 2_000


def _event(chance: random.Random) -> bytes:
    """A real event: sometimes as the contract has it, sometimes with odd values."""
    message = SwarmEvent()
    kind = chance.choice(list(KINDS_BY_FIELD))
    if chance.random() < 0.5:
        fill(message, chance)
        fill(getattr(message, kind), chance)
    message.event_id = child_id("fuzz", str(chance.random()))
    if chance.random() < 0.7:
        message.timestamp.seconds = chance.randint(-2208988800, 9183110399)
        message.timestamp.nanos = chance.randint(0, 999_999_999)
    getattr(message, kind).SetInParent()
    return message.SerializeToString()


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """A few bytes flipped, removed, doubled or put in, or another event's end behind it."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(6):
            case 0 if at < len(out):
                out[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(out):
                out[at] = chance.randrange(256)
            case 2:
                del out[at : at + chance.randint(1, 8)]
            case 3:
                out[at:at] = chance.randbytes(chance.randint(1, 8))
            case 4:
                out[at:at] = out[max(0, at - 12) : at]
            case 5:
                out += _event(chance)[chance.randrange(20) :]
    return bytes(out)


def inputs(count: int, chance: random.Random) -> Iterator[bytes]:
    """A tenth random bytes, a fifth sound events, the rest mutated."""
    for _ in range(count):
        share = chance.random()
        if share < 0.1:
            yield chance.randbytes(chance.randint(0, 60))
        elif share < 0.3:
            yield _event(chance)
        else:
            yield _mutated(_event(chance), chance)


def _agree(data: bytes) -> bool:
    """Neither raises anything undocumented; what is readable for one is for the other."""
    found = read(data)
    try:
        decode(data)
    except MalformedEvent:
        return not isinstance(found, Readable) or not found.message.HasField("timestamp")
    return isinstance(found, Readable) or str(found).endswith("1900 and 2261")


@pytest.mark.parametrize("count", [2_000, pytest.param(120_000, marks=pytest.mark.long)])
async def test_whatever_comes_is_read_or_parked_and_the_engine_takes_it(
    count: int, tmp_path: Path
) -> None:
    print(f"GANGLION_FUZZ_SEED={SEED}")
    chance = random.Random(SEED)
    server = ClickHouseServer(tmp_path / "clickhouse")
    await asyncio.to_thread(server.start)
    warehouse = await ClickHouseWarehouse.connect(server.url)
    try:
        framer = RowEncoder(epoch=1, writer=await make_ready(warehouse, writer="fuzz"))
        readable = 0
        for start in range(1, count + 1, BATCH):
            size = min(BATCH, count + 1 - start)
            positions = [
                Stored(start + number, "swarm.events.fuzz.decision", RECORDED_AT + start, data)
                for number, data in enumerate(inputs(size, chance))
            ]
            for stored in positions:
                assert _agree(stored.data), stored.data.hex()
            (run,) = cut(examine(positions, framer))
            known = await warehouse.existing_ids(identities(run))
            prepared = prepare(run, framer, known=known)
            readable += len(prepared.new)
            await warehouse.insert(prepared.batch)
            await _comes_back(warehouse, positions)
        audit = await warehouse.audit(1)
        assert (audit.rows, audit.sound) == (count, True)
        assert count * 0.2 < readable < count
        assert audit.stored == readable
    finally:
        await warehouse.close()
        server.kill()


async def _comes_back(warehouse: ClickHouseWarehouse, positions: list[Stored]) -> None:
    """Equal bytes, and of what could be read the equal id, in the row of the position."""
    rows = await warehouse.client.query(
        "SELECT seq, base64Encode(raw), event_id FROM swarm.events"
        f" WHERE seq BETWEEN {positions[0].sequence} AND {positions[-1].sequence} ORDER BY seq"
    )
    assert len(rows.result_rows) == len(positions)
    for stored, (seq, raw, event_id) in zip(positions, rows.result_rows, strict=True):
        assert (seq, base64.b64decode(raw)) == (stored.sequence, stored.data)
        found = read(stored.data)
        assert event_id == (found.message.event_id if isinstance(found, Readable) else "")
