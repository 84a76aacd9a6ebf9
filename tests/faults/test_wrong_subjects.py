"""Failure mode 9: an event on a subject that is not that of its kind. Does anybody hear of it?"""

from __future__ import annotations

from enchanted.events.v1.swarm_event_pb2 import TYPE_UNSPECIFIED, SwarmEvent
from nervous_system import names
from nervous_system.contract.codec import encode
from tests.events_under_test import event
from tests.faults.mesh_under_test import Mesh

TRACE, SPAN = "1af7651916cd43dd8448eb211c80319c", "c7ad6b7169203331"


def as_others_send(label: str) -> bytes:
    """A decision without trace and type, as a foreign producer may send it."""
    message = SwarmEvent.FromString(encode(event(label)))
    message.trace_id = message.span_id = ""
    message.event_type = TYPE_UNSPECIFIED
    return message.SerializeToString()


async def test_a_wrong_subject_is_warned_about_and_counted(mesh: Mesh) -> None:
    """The row says so, the views show it, and doctor's query counts it."""
    wrong, right = event("wrong"), event("right")
    async with mesh.publishing() as publishing, mesh.bus() as bus:
        mesh.ingestor()
        await publishing.raw(
            as_others_send("wrong"), event_id=wrong.event_id, subject="swarm.events.coder.outcome"
        )
        mesh.ledger.attempted.add(right.event_id)
        await bus.connection.client.jetstream().publish(
            "swarm.events.coder.decision",
            as_others_send("right"),
            headers={names.TRACEPARENT: f"00-{TRACE}-{SPAN}-01"},
        )
        await mesh.recorded()
        async with mesh.warehouse() as warehouse:
            found = await warehouse.client.query(
                "SELECT event_id, warnings, event_type, trace_id, span_id FROM swarm.decisions AS d"
                " INNER JOIN swarm.events AS e USING event_id ORDER BY d.seq"
            )
            warned = await warehouse.client.query(
                "SELECT event_id, subject FROM swarm.warnings WHERE warning LIKE '%subject%'"
            )
    first, second = found.result_rows
    assert first[0] == wrong.event_id
    assert any("counts for nothing" in warning for warning in first[1])
    assert second[:2] == (right.event_id, [])
    assert second[2:] == ("decision", TRACE, SPAN)
    assert warned.result_rows == [(wrong.event_id, "swarm.events.coder.outcome")]
    await mesh.law()
