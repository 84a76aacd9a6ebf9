"""A mesh for one test: the log in memory, and an environment that leads to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from nervous_system.bus import decode_stored
from nervous_system.contract.event import RecordedEvent
from nervous_system.place import CONTEXT, NAMES_A_PLACE, WITH_A_PLACE
from nervous_system.settings import MeshSettings
from nervous_system.testing.clock import MovableClock
from nervous_system.testing.memory_log import MemoryLog
from nervous_system.testing.memory_server import MemoryServer
from nervous_system.transport.stream import configuration


class Mesh:
    """What a test sees of it."""

    def __init__(self, server: MemoryServer, clock: MovableClock) -> None:
        self.clock = clock
        """The log's; `open_agent(clock=…)` takes it, too."""
        self.url = server.url
        self._server = server

    def events(self) -> list[RecordedEvent]:
        """Everything on the log, in order; also after the mesh has ended. Raises MalformedEvent for
        bytes that are no event."""
        return [decode_stored(stored) for stored in self._server.log.messages()]


@contextmanager
def mesh(*, clock: MovableClock | None = None, max_bytes: int = 0) -> Iterator[Mesh]:
    """A log in memory, empty, and nobody else, until the end of the block. `open_agent` and
    `open_bus`, here and in processes that are started meanwhile, find it: NATS_URL and
    GANGLION_HOME lead to it. So do not use two at once, nor from two threads.

    The log keeps the promises of the real one (ids that are taken once within ten minutes,
    expectations, batches, sizes), by `clock` and in `max_bytes`, 0 for any. It has no users and no
    permissions, and nobody who decides: `propose` raises NotAcknowledged at its deadline, and a
    worker gets no task. Take `full_mesh` for those.
    """
    clock = clock or MovableClock()
    with TemporaryDirectory(prefix="ganglion-test-") as home:
        settings = MeshSettings(home=Path(home), stream_max_bytes=max_bytes or -1)
        server = MemoryServer(MemoryLog(configuration(settings), clock))
        server.start()
        try:
            with environment({"NATS_URL": server.url, "GANGLION_HOME": home}):
                yield Mesh(server, clock)
        finally:
            server.close()


@contextmanager
def environment(place: Mapping[str, str], *, without: Sequence[str] = ()) -> Iterator[None]:
    """The environment leads to this mesh, and to no other."""
    elsewhere = {*NAMES_A_PLACE, *WITH_A_PLACE, CONTEXT, *without}
    before = {name: os.environ.pop(name) for name in elsewhere if name in os.environ}
    os.environ.update(place)
    try:
        yield
    finally:
        for name in place:
            del os.environ[name]
        os.environ.update(before)
