"""What do the tests of mission control stand on? The process itself, on a real log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nervous_system.bus import Bus
from tests.ganglion.conftest import overseer as overseer
from tests.mission_control.door import Door
from tests.real_servers import NatsServer


@pytest.fixture
def door(home: Path, bus: Bus, nats_server: NatsServer) -> Iterator[Door]:
    """Mission control of a home, on the test's log."""
    started = Door(home, nats_url=nats_server.url)
    started.start()
    yield started
    started.kill()
