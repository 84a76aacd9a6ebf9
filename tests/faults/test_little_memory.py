"""Does recording go on where ClickHouse has too little memory for what comes at once?"""

from __future__ import annotations

from tests.events_under_test import labels
from tests.faults.fault_proxy import fault_proxy
from tests.faults.mesh_under_test import Mesh

LITTLE = 32 * 1024**2
"""Enough for a few hundred of these events, and not for all at once."""


async def test_batches_get_smaller_until_they_fit_into_memory(mesh: Mesh) -> None:
    """Each event once, in order, though a batch that was refused may have been stored."""
    async with mesh.publishing() as publishing, fault_proxy(mesh.clickhouse_url) as proxy:
        await publishing.all(labels("behind", 4_000), rationale="z" * 2_000)
        proxy.faults.insert_memory_bytes = LITTLE
        ingestor = mesh.ingestor(clickhouse_url=proxy.url, batch_events=4_000)
        await ingestor.records()
        await mesh.recorded()
        assert "ingestor.batch_cut" in ingestor.told
        proxy.faults.insert_memory_bytes = 0
        await publishing.all(labels("after", 500))
        report = await mesh.law()
    assert report.counts["stored"] == 4_500
    assert report.counts["parked"] == 0
