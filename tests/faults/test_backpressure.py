"""Failure mode 10: events come faster than ClickHouse takes them. Does the memory stay bounded?"""

from __future__ import annotations

import pytest

from tests.events_under_test import labels
from tests.faults.fault_proxy import fault_proxy
from tests.faults.mesh_under_test import Mesh

GROWTH_BYTES = 400 * 1024**2
"""What reader, batches and their frames may hold at most, generously; the log holds the rest."""


@pytest.mark.parametrize(
    ("count", "size_bytes"),
    [
        pytest.param(10_000, 500, id="a burst"),
        pytest.param(60_000, 500, id="a long burst", marks=pytest.mark.long),
        pytest.param(900, 500_000, id="large events", marks=pytest.mark.long),
    ],
)
async def test_a_burst_against_a_slow_clickhouse(mesh: Mesh, count: int, size_bytes: int) -> None:
    most = 0
    async with mesh.publishing() as publishing, fault_proxy(mesh.clickhouse_url) as proxy:
        ingestor = mesh.ingestor(clickhouse_url=proxy.url)
        await ingestor.records()
        before = ingestor.resident_bytes
        proxy.faults.seconds_per_answer = 0.5
        bulk = 1_000 if size_bytes < 10_000 else 20
        for number in range(count // bulk):
            await publishing.all(labels(f"burst {number}", bulk), rationale="b" * size_bytes)
            most = max(most, ingestor.resident_bytes)
        proxy.faults.seconds_per_answer = 0.0
        await mesh.recorded(seconds=240)
        most = max(most, ingestor.resident_bytes)
        report = await mesh.law()
    assert report.counts["stored"] == count
    assert most - before < GROWTH_BYTES, f"{(most - before) / 1024**2:.0f} MiB more"
