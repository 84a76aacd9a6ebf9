"""Does a service stop when asked, and say in one sentence why it ends when it was not?"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nervous_system.errors import Fatal, Unavailable
from nervous_system.host.process import retry_until_available
from tests.real_servers import RealProcess, wait_until


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[[str], RealProcess]]:
    started: list[RealProcess] = []

    def start(way: str) -> RealProcess:
        program = Path(__file__).with_name("failing_program.py")
        process = RealProcess([sys.executable, str(program), way], log=tmp_path / "log")
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


def said(process: RealProcess) -> list[str]:
    return process.log.read_text().splitlines()


def ready(process: RealProcess) -> None:
    wait_until(lambda: "ready" in said(process), "the service")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_drains_when_asked_to_stop(
    service: Callable[[str], RealProcess], number: signal.Signals
) -> None:
    """Failure mode 15."""
    process = service("drains")
    ready(process)
    process._process.send_signal(number)
    assert process.wait() == 0
    assert said(process)[-1] == "drained"


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        ("fails", "the disk is full; free some space"),
        ("is_set_wrongly", "GANGLION_STREAM_REPLICAS is '77', and that cannot be used"),
    ],
)
def test_a_failure_is_one_sentence(
    service: Callable[[str], RealProcess], way: str, sentence: str
) -> None:
    process = service(way)
    assert process.wait() == 1
    assert sentence in said(process)[-1]
    assert "Traceback" not in process.log.read_text()


def test_a_failing_drain_is_a_failure(service: Callable[[str], RealProcess]) -> None:
    process = service("clings")
    ready(process)
    assert process.terminate() == 1
    assert said(process)[-1] == "it could not be drained"


def test_what_does_not_stop_is_cancelled_at_the_deadline(
    service: Callable[[str], RealProcess],
) -> None:
    process = service("never_stops")
    ready(process)
    assert process.terminate() == 1
    assert "cancelled" in said(process)
    assert said(process)[-1].startswith("it did not stop within 0.3 s")


def test_it_is_said_where_what_does_not_stop_stands(service: Callable[[str], RealProcess]) -> None:
    process = service("lingers")  # in the end of a context manager
    ready(process)
    assert process.terminate() == 1
    assert re.search(r"service in \S*failing_program\.py:\d+", process.log.read_text())


def test_a_defect_is_not_mistaken_for_a_late_drain(service: Callable[[str], RealProcess]) -> None:
    process = service("times_out")
    assert process.wait() == 1
    assert "TimeoutError: one of the service's own" in process.log.read_text()
    assert "did not stop within" not in process.log.read_text()


async def test_patience_ends_with_success_with_a_stop_or_with_what_is_not_transient() -> None:
    tries = 0

    async def third() -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise Unavailable("not yet")
        return "built"

    async def never() -> str:
        raise Unavailable("not yet")

    async def hopeless() -> str:
        raise Fatal("a person must act")

    stop = asyncio.Event()
    assert await retry_until_available("it", third, stop=stop) == "built"
    with pytest.raises(Fatal):
        await retry_until_available("it", hopeless, stop=stop)
    waiting = asyncio.create_task(retry_until_available("it", never, stop=stop))
    await asyncio.sleep(0)
    stop.set()
    assert await waiting is None
