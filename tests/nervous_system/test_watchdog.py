"""Does a stuck service end itself, and only then?"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from nervous_system.telemetry.health import Health
from nervous_system.telemetry.metrics import Metrics
from nervous_system.telemetry.watchdog import STUCK, Watchdog
from tests.real_servers import RealProcess, free_port

BLOCKED = """
import asyncio, sys, time
from nervous_system.host.process import main
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.service import telemetry

async def run(stop):
    async with telemetry(MeshSettings(), service="blocked") as seen:
        seen.health.progress("work", maximum_silence_seconds=0.1).mark("blocking")
        time.sleep(60)

sys.exit(main(run))
"""


def test_a_service_whose_event_loop_is_blocked_ends_itself(tmp_path: Path) -> None:
    process = RealProcess(
        [sys.executable, "-c", BLOCKED],
        log=tmp_path / "log",
        environment={
            "GANGLION_WATCHDOG_SECONDS": "0.4",
            "GANGLION_METRICS_PORT": str(free_port()),
        },
    )
    assert process.wait() == STUCK
    text = (tmp_path / "log").read_text()
    assert "the work loop has made no progress" in text
    assert "watchdog.exit" in text


def test_one_that_gets_on_again_in_time_goes_on() -> None:
    now = 0.0
    looked = threading.Semaphore(0)

    def watch() -> float:
        looked.release()
        return now

    ended: list[int] = []
    done = threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        done.set()

    health = Health(service="test", metrics=Metrics(), watch=watch)
    progress = health.progress("work", maximum_silence_seconds=10)
    with Watchdog(health, patience_seconds=0.04, watch=lambda: now, end=end):
        now = 11.0  # stuck, but the watchdog's own patience begins only now
        for _ in range(10):
            assert looked.acquire(timeout=300)
        progress.mark()
        for _ in range(10):
            assert looked.acquire(timeout=300)
        assert ended == []
        now = 30.0
        for _ in range(5):
            assert looked.acquire(timeout=300)
        now = 31.0
        assert done.wait(300)
    assert ended == [STUCK]
