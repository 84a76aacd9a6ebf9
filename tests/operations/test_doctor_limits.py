"""Does `ganglion doctor` say where somebody else's NATS server allows too little?"""

from __future__ import annotations

from typing import Any

import pytest

from nervous_system.bus import Bus
from nervous_system.settings import MeshSettings
from operations.doctor.nats_limits import examine_limits, low_limits
from tests.real_servers import NatsServer

NO_LIMIT = {"max_consumers": -1, "max_streams": -1}


@pytest.mark.parametrize(
    ("payload_bytes", "stream_consumers", "account", "said"),
    [
        (1024**2, -1, NO_LIMIT, []),
        (1024**2, -1, {}, []),
        (1024**2, 1000, {"max_consumers": 1000, "max_streams": 10}, []),
        (65_536, -1, NO_LIMIT, ["max_payload is 65,536 bytes"]),
        (1024**2, 50, NO_LIMIT, ["50 may read"]),
        (1024**2, 1000, {"max_consumers": 20, "max_streams": 2}, ["20 may read", "2 streams"]),
    ],
)
def test_each_low_limit_is_named(
    payload_bytes: int, stream_consumers: int, account: dict[str, Any], said: list[str]
) -> None:
    low = low_limits(
        payload_bytes=payload_bytes, stream_consumers=stream_consumers, account=account
    )
    assert len(low) == len(said)
    assert all(words in sentence for words, sentence in zip(said, low, strict=True))


async def test_our_own_server_allows_enough(bus: Bus, mesh_settings: MeshSettings) -> None:
    finding = await examine_limits(mesh_settings, silent_remedy="")
    assert finding.remedy == "", finding


async def test_a_small_server_is_told_of(
    bus: Bus, mesh_settings: MeshSettings, nats_server: NatsServer
) -> None:
    nats_server.kill()
    nats_server.start(extra="max_payload: 65536\n")
    finding = await examine_limits(mesh_settings, silent_remedy="")
    assert "max_payload" in finding.sentence
    assert "infra/nats/nats.conf" in finding.remedy
