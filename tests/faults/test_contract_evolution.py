"""Failure mode 13: bytes of a newer contract. Is what we do not know kept, and read once we do?"""

from __future__ import annotations

from ingestor.republish import replay_parked
from ingestor.row_encoder import RowEncoder
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import decode_stored
from nervous_system.contract.codec import encode
from nervous_system.contract.stored import Stored
from tests.events_under_test import event
from tests.faults.mesh_under_test import Mesh

FUTURE_ENVELOPE = b"\xca\x0c\x06future" + b"\xd0\x0c\x2a"  # fields 201, text, and 202, a number
FUTURE_PAYLOAD = b"\x9a\x06\x05\x0a\x03new"  # payload number 99, reserved


async def test_fields_of_the_future_are_kept_in_the_bytes(mesh: Mesh) -> None:
    known = event("newer producer")
    data = encode(known) + FUTURE_ENVELOPE
    async with mesh.publishing() as publishing:
        await publishing.raw(data, event_id=known.event_id)
        mesh.ingestor()
        await mesh.law()
    async with mesh.warehouse() as warehouse:
        (position,) = await warehouse.positions_after(epoch=1, after_seq=0, limit=10)
        rows = await warehouse.client.query("SELECT rationale, warnings FROM swarm.decisions")
    assert position.raw == data
    assert rows.result_rows == [("because of newer producer", [])]
    async with mesh.bus() as bus:
        (stored,) = [stored async for stored in bus.replay()]
    assert decode_stored(stored).event.event_id == known.event_id


async def test_payloads_of_the_future_are_parked_until_a_newer_reader_comes(
    mesh: Mesh,
) -> None:
    """What an older one parked is played by a row that the test writes."""
    unknown = event("future payload")
    really_new = b"\x0a\x24" + event("really new").event_id.encode() + FUTURE_PAYLOAD
    async with mesh.publishing() as publishing:
        await publishing.raw(really_new)
        await publishing.one("neighbour")
        mesh.ingestor()
        report = await mesh.law()
        assert (report.counts["parked"], report.counts["stored"]) == (1, 1)
        async with mesh.warehouse() as warehouse, mesh.bus() as bus:
            still = await replay_parked(warehouse, bus.publisher)
            assert (still.published, still.left) == (0, 1)

            sequence = await publishing.raw(encode(unknown), event_id=unknown.event_id)
            stored = await bus.stream.at(sequence)
            assert stored is not None
            await _park(warehouse, stored)
            now = await replay_parked(warehouse, bus.publisher)
            assert (now.published, now.left) == (1, 1)
            mesh.ingestor()
            await mesh.recorded()
            again = await replay_parked(warehouse, bus.publisher)
            assert (again.published, again.left) == (0, 2)
        evidence = await mesh.evidence()
    assert [row.disposition for row in evidence.rows] == ["parked", "stored", "parked", "stored"]
    assert evidence.rows[3].raw == encode(unknown)


async def _park(warehouse: ClickHouseWarehouse, stored: Stored) -> None:
    """A row as an older ingestor left it."""
    framer = RowEncoder(epoch=1, writer=await warehouse.take_over("an older reader"))
    reason = "it has no payload that this version knows"
    frame = framer.encode_parked(stored, reason=reason)
    await warehouse.insert(
        framer.batch([frame], first_seq=stored.sequence, last_seq=stored.sequence)
    )
