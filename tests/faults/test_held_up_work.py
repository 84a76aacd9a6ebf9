"""Is a service that is alive and gets nothing done told from one that works?"""

from __future__ import annotations

import json

import nats
import pytest

from nervous_system import names
from tests.events_under_test import labels
from tests.faults.mesh_under_test import Mesh, until
from tests.faults.test_clickhouse_faults import WHATEVER_THE_ROW, _add_view, _drop_view


async def test_refused_inserts_are_told_and_over_when_they_are_taken(mesh: Mesh) -> None:
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()
        _add_view(mesh, "swarm.landing", WHATEVER_THE_ROW)
        await publishing.all(labels("behind the view", 40))

        async def told() -> bool:
            health = await ingestor.health()
            return health is not None and "inserting" in health["held_up"]

        await until(told, "what holds inserts up")
        health = await ingestor.health()
        assert health is not None
        assert health["status"] == "held up"
        assert health["held_up"]["inserting"]["since"]
        _drop_view(mesh)

        async def over() -> bool:
            health = await ingestor.health()
            return health is not None and health["status"] == "ok"

        await until(over, "nothing held up any more")
        await mesh.law()


@pytest.mark.long
async def test_a_reader_that_is_paused_is_found_out_and_reads_anew(mesh: Mesh) -> None:
    async with mesh.publishing() as publishing:
        ingestor = mesh.ingestor()
        await ingestor.records()
        client = await nats.connect(mesh.nats.url)
        listed = json.loads(
            (await client.request(f"$JS.API.CONSUMER.NAMES.{names.STREAM}", b"")).data
        )
        assert listed["consumers"]
        for consumer in listed["consumers"]:
            paused = json.dumps({"pause_until": "2099-01-01T00:00:00Z"}).encode()
            subject = f"$JS.API.CONSUMER.PAUSE.{names.STREAM}.{consumer}"
            assert json.loads((await client.request(subject, paused)).data)["paused"]
        await client.close()
        await publishing.all(labels("while paused", 40))
        await mesh.law()
