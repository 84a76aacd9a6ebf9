"""Does an event come to its row, whatever somebody else has said under its id before?

The ids of imports, pulses and commands follow from what anybody knows.
"""

from __future__ import annotations

from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from ingestor.core import ID_TAKEN, cut, examine, identities, prepare
from ingestor.republish import republish_tail
from ingestor.row_encoder import RowEncoder
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import Bus
from nervous_system.contract.stored import Stored
from nervous_system.ids import child_id

FORESEEN = child_id("a commit that everybody knows", "its event")
AT = 1_793_000_000_000_000_000
FRAMER = RowEncoder(epoch=1, writer=1)


def said(subject: str, agent_id: str, rationale: str) -> bytes:
    """An event under the id that was foreseen."""
    event = SwarmEvent(event_id=FORESEEN, agent_id=agent_id)
    event.timestamp.seconds = AT // 10**9
    event.decision.CopyFrom(AgentDecision(rationale=rationale, chosen_action=subject))
    return event.SerializeToString()


STRANGER = ("swarm.events.coder.decision", "nobody", "shadow")
OWNER = ("swarm.events.human.decision", "ada", "the true one")
NAMESAKE = ("swarm.events.coder.decision", "somebody", "the same role, another agent")


async def recorded(
    warehouse: ClickHouseWarehouse, *events: tuple[str, str, str], first: int
) -> None:
    """As the ingestor does."""
    positions = [
        Stored(number, each[0], AT + number, said(*each))
        for number, each in enumerate(events, start=first)
    ]
    (run,) = cut(examine(positions, FRAMER))
    known = await warehouse.existing_ids(identities(run))
    await warehouse.insert(prepare(run, FRAMER, known=known).batch)


async def rows(warehouse: ClickHouseWarehouse) -> list[tuple[int, str, str, bool]]:
    """Position, disposition, agent, and whether the row says that its id was taken."""
    found = await warehouse.client.query(
        "SELECT seq, disposition, agent_id, has(warnings, {taken:String}) FROM swarm.events"
        " ORDER BY seq",
        parameters={"taken": ID_TAKEN},
    )
    return [(row[0], row[1], row[2], bool(row[3])) for row in found.result_rows]


async def test_a_stranger_who_was_first_takes_no_id(warehouse: ClickHouseWarehouse) -> None:
    await recorded(warehouse, STRANGER, first=1)
    await recorded(warehouse, OWNER, NAMESAKE, OWNER, first=2)
    await recorded(warehouse, STRANGER, OWNER, first=5)
    assert await rows(warehouse) == [
        (1, "stored", "nobody", False),
        (2, "stored", "ada", True),
        (3, "stored", "somebody", True),
        (4, "duplicate", "ada", False),
        (5, "duplicate", "nobody", False),
        (6, "duplicate", "ada", False),
    ]
    decisions = await warehouse.client.query("SELECT rationale FROM swarm.decisions")
    assert ("the true one",) in decisions.result_rows
    assert (await warehouse.audit(1)).sound, "nothing is stored twice"


async def test_in_one_batch_neither(warehouse: ClickHouseWarehouse) -> None:
    await recorded(warehouse, STRANGER, OWNER, first=1)
    assert await rows(warehouse) == [
        (1, "stored", "nobody", False),
        (2, "stored", "ada", True),
    ]


async def test_both_come_back_onto_the_log(warehouse: ClickHouseWarehouse, bus: Bus) -> None:
    await recorded(warehouse, STRANGER, OWNER, OWNER, first=1)
    done = await republish_tail(warehouse, bus.publisher, epoch=1, after_seq=0)
    assert (done.published, done.left) == (2, 1)
    assert {each.data async for each in bus.replay()} == {said(*STRANGER), said(*OWNER)}
