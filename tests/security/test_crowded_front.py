"""Does a stranger who holds all connections of ClickHouse's port come between it and its owner?"""

from __future__ import annotations

from pathlib import Path

from nervous_system.host.http_get import http_get, url_at
from tests.crowding import PATIENCE_SECONDS, crowded
from tests.security.clickhouse_front import Front


async def test_who_crowds_clickhouse_is_not_in_the_supervisors_way(tmp_path: Path) -> None:
    file = tmp_path / "clickhouse.sock"
    front = Front(tmp_path / "front", health_socket=file)
    try:
        with crowded(front.port):
            for _ in range(100):
                answer = await http_get(url_at(file, "/ping"), timeout_seconds=PATIENCE_SECONDS)
                assert (answer.status, answer.body) == (200, b"Ok.\n")
    finally:
        assert front.stop() == 0
