"""How does a stranger without credentials crowd a port? `crowding.py PORT` opens connections and
says nothing on them, some thousands a second, until it is killed; for two minutes at most."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

HELD = 2000
PATIENCE_SECONDS = 30.0
"""What an honest one needs: where the kernel's queue is full it tries again after 1, 3 and 7 s."""


@contextmanager
def crowded(port: int) -> Iterator[None]:
    """While the block runs, thousands of bare connections a second come to a port."""
    stranger = subprocess.Popen([sys.executable, __file__, str(port)], stdout=subprocess.PIPE)
    assert stranger.stdout is not None
    try:
        assert stranger.stdout.readline() == b"crowded\n"
        yield
        assert stranger.poll() is None, "it was there all the time"
    finally:
        stranger.kill()
        stranger.wait()
        stranger.stdout.close()


def _crowd(port: int) -> None:
    """Hold as many as that at a time."""
    held: deque[socket.socket] = deque()
    until = time.monotonic() + 300
    for number in count():
        if time.monotonic() > until:
            return
        connection = socket.socket()
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            connection.connect(("127.0.0.1", port))
        held.append(connection)
        if len(held) == HELD:
            print("crowded", flush=True)
        if len(held) > HELD:
            held.popleft().close()
        if number % 10 == 0:
            time.sleep(0.002)


if __name__ == "__main__":
    _crowd(int(sys.argv[1]))
