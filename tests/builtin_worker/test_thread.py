"""Does work in a thread end when its task is cancelled, and leave the event loop free?"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from builtin_worker.archive import Archive
from builtin_worker.thread import Halt, in_thread
from tests.builtin_worker.mesh_of_worker import NOW


async def test_cancelled_it_is_waited_for() -> None:
    began, ended = threading.Event(), threading.Event()

    def work(halt: Halt) -> None:
        began.set()
        try:
            while True:
                halt.pause(0.001)
        finally:
            ended.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(began.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_what_it_returns_or_raises_comes_back() -> None:
    assert await in_thread(lambda _: 7) == 7
    with pytest.raises(KeyError):
        await in_thread(lambda _: {}["missing"])  # type: ignore[index]


async def test_a_large_file_is_let_go_of_in_the_middle(tmp_path: Path) -> None:
    """Packing is cancelled as soon as it has begun; neither a partial nor an entry is left."""
    large = tmp_path / "large.log"
    with large.open("wb") as file:
        file.truncate(4 * 1024**3)  # minutes of work, no room on the disk
    archive = Archive(tmp_path / "archive")
    partial = tmp_path / "archive" / "large.gz.partial"
    packing = asyncio.create_task(
        in_thread(
            lambda halt: archive.keep(large, path="large.gz", source="large", now=NOW, halt=halt)
        )
    )
    while not partial.exists():  # noqa: ASYNC110 - a file cannot set an event
        await asyncio.sleep(0.001)
    packing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await packing
    assert not partial.exists()
    assert not (tmp_path / "archive" / "large.gz").exists()
    assert archive.manifest.entries == {}
