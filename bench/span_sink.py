"""Where do the spans of a measurement go? Into a collector that takes them and forgets them.

`python -m bench.span_sink`, a process of its own: it prints its address, and at the
end how much it took, so that a measurement with tracing on can prove that tracing was on.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Final

from local_mesh.nats import LOOPBACK

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


class SpanSink:
    """Answers 200 to every POST."""

    def __init__(self) -> None:
        self.bytes_taken = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive until the client goes."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.partition(b":")[2])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                )
                await reader.readexactly(length)
                self.bytes_taken += length
                writer.write(_OK)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, StopIteration):
            pass
        finally:
            writer.close()


async def _main() -> None:
    sink = SpanSink()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(sink.serve, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    _say({"result": {"endpoint": f"http://{LOOPBACK}:{port}"}})
    await stop.wait()
    _say({"result": {"bytes": sink.bytes_taken}})


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")  # noqa: TID251 - to its parent
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main())
