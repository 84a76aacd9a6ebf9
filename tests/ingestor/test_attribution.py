"""Who is behind an event, and in which workspace a resource is: does it arrive in ClickHouse, and
costs nothing if nobody says it?
"""

from __future__ import annotations

from enchanted.events.v1.action_outcome_pb2 import COST_ESTIMATED
from enchanted.events.v1.swarm_event_pb2 import SwarmEvent
from ingestor.core import examine, prepare
from ingestor.ingest_schema import ATTRIBUTION, ingest_columns
from ingestor.model import Batch
from ingestor.row_encoder import RowEncoder
from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.contract.check import MAX_LABELS, MAX_TEXT_BYTES
from tests.ingestor.ingestor_samples import event, stored

FRAMER = RowEncoder(epoch=1, writer=1)


def batch(*messages: SwarmEvent) -> Batch:
    positions = [
        stored(number, each.SerializeToString()) for number, each in enumerate(messages, 1)
    ]
    return prepare(examine(positions, FRAMER), FRAMER, known=frozenset()).batch


async def test_it_has_columns_of_its_own(warehouse: ClickHouseWarehouse) -> None:
    plain, decided, spent, changed = (
        event(1),
        event(2),
        event(3, kind="action_outcome"),
        event(4, kind="state_change"),
    )
    decided.attribution.model = "a-model-4"
    decided.attribution.labels.update({"team": "core", "a": ""})
    spent.attribution.response_id = "msg-1"
    spent.action_outcome.cache_read_input_tokens = 0
    spent.action_outcome.cost_provenance = COST_ESTIMATED
    spent.action_outcome.price_table = "of 2026-11-30"
    changed.state_change.workspace = "github.com/owner/repository"
    await warehouse.insert(batch(plain, decided, spent, changed))

    async def rows(sql: str) -> list[tuple[object, ...]]:
        result = await warehouse.client.query(sql)
        return [tuple(row) for row in result.result_rows]

    assert await rows("SELECT model, labels FROM swarm.decisions ORDER BY seq") == [
        ("", {}),
        ("a-model-4", {"a": "", "team": "core"}),
    ]
    assert await rows(
        "SELECT response_id, cache_read_input_tokens, reasoning_output_tokens, cost_provenance,"
        " price_table FROM swarm.outcomes"
    ) == [("msg-1", 0, 3, "estimated", "of 2026-11-30")]
    assert await rows("SELECT workspace FROM swarm.state_changes") == [
        ("github.com/owner/repository",)
    ]


def test_nobody_pays_for_what_nobody_says() -> None:
    said = event(2)
    said.attribution.labels["team"] = "core"
    for messages, named in (([event(1)], False), ([event(1), said], True)):
        kinds = batch(*messages).kinds
        assert kinds is not None
        assert (ATTRIBUTION in ingest_columns(kinds)) is named


def test_too_much_of_it_is_stored_with_a_warning() -> None:
    said = event(1)
    said.attribution.model = "m" * (MAX_TEXT_BYTES + 1)
    said.attribution.labels.update({str(number): "" for number in range(MAX_LABELS + 1)})
    (examined,) = examine([stored(1, said.SerializeToString())], FRAMER)
    assert examined.identity is not None
    assert b"attribution.model has more than 256 bytes" in examined.frame
    assert b"attribution has more than 16 labels" in examined.frame
