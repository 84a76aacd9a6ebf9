"""Somebody who floods, until it is ended or has sent enough.

`flooding_program.py URL KIND RATE MAX`: KIND is `events` (nobody waits for
their acknowledgement), `batches` (begun and never ended) or `requests`; RATE is messages a second.
It says when the server has taken all, or refused it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

SUBJECT = b"swarm.events.coder.decision"
EVERY_SECONDS = 0.005


def event(number: int) -> bytes:
    return b"PUB %s 100\r\n%s\r\n" % (SUBJECT, b"x" * 100)


def batch(number: int) -> bytes:
    head = b"NATS/1.0\r\nNats-Batch-Id: flood-%d\r\nNats-Batch-Sequence: 1\r\n\r\n" % number
    return b"HPUB %s %d %d\r\n%sx\r\n" % (SUBJECT, len(head), len(head) + 1, head)


def request(number: int) -> bytes:
    return b"PUB swarm.requests.overseer _INBOX.flood.%d 4\r\njunk\r\n" % number


KINDS: dict[str, Callable[[int], bytes]] = {"events": event, "batches": batch, "requests": request}


async def flood(url: str, kind: str, rate: float, limit: int) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b'CONNECT {"verbose":false,"headers":true}\r\n')
    answered = asyncio.Event()
    hearing = asyncio.create_task(_hear(reader, answered))
    started, sent = time.monotonic(), 0
    while sent < limit:
        due = min(limit, int((time.monotonic() - started) * rate))
        writer.write(b"".join(map(KINDS[kind], range(sent, due))))
        await writer.drain()
        sent = max(sent, due)
        await asyncio.sleep(EVERY_SECONDS)
    writer.write(b"PING\r\n")
    await writer.drain()
    await answered.wait()
    print(f"sent {sent}", flush=True)
    hearing.cancel()


async def _hear(reader: asyncio.StreamReader, answered: asyncio.Event) -> None:
    async for line in reader:
        if line.startswith(b"PONG"):
            answered.set()


if __name__ == "__main__":
    asyncio.run(flood(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
