"""What do the tests of the nervous system share?"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from otlp_collector import Collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()
