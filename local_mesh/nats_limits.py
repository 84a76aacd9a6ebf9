"""How much may one client take of the NATS server, so that something is left for the others?

Each number with its reason; `infra/nats/nats.conf` has the same (a test compares them). What floods
and unfinished batches cost, measured: docs/decisions/0020-what-a-flood-may-take.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CONNECTIONS: Final[Mapping[str, str]] = {
    # 10,000 agents and as many again while they reconnect; each costs the server about 100 kB.
    "max_connections": "20000",
    # Of one connection. A worker has about ten; each gets a copy of what is published, which the
    # server makes while it reads from the publisher.
    "max_subscriptions": "1000",
    # Subjects, replies, and all that is said when connecting. Names from outside are cut or hashed.
    "max_control_line": "4096",
    # What may wait for one client that does not read; then it is cut off, and starts over.
    "max_pending": "67108864",
    "write_deadline": '"10s"',
    # A client whose machine has gone is noticed, and its place is free, after 90 s.
    "ping_interval": '"30s"',
    "ping_max": "2",
}

LOG: Final[Mapping[str, str]] = {
    # What is published and not stored yet. Each message that comes alone is synced alone, about one
    # a millisecond: whoever publishes 100,000 a second must not put minutes of work in front of
    # everybody's. A batch (at most 1,000) must fit in, beside a few others.
    "max_buffered_msgs": "1200",
}

READERS: Final[Mapping[str, str]] = {
    # Of one stream. Workers need none; agents may not make any; this is for services and operators.
    "default_max_consumers": "4096",
}

BATCHES: Final[Mapping[str, str]] = {
    # Begun and not ended. Each costs files, in memory at best (`batch_staging.py`), on a disk up to
    # 20 ms in front of everybody; so the number that others can begin for nothing is 64 a second:
    # places divided by the timeout. Who insists gets one of them.
    "max_inflight_per_stream": "64",
    "max_inflight_total": "256",
    # Between two messages of a batch: one of 1 MiB takes 0.8 s at 10 Mbit/s.
    "timeout": '"1s"',
}


MEMORY: Final = "GOMEMLIMIT"
MEMORY_IN_USE: Final = "2GiB"
"""From where on the server cleans up rather than grows: what waits for clients that do not read is
mostly garbage soon (decision 31). 10,000 agents take half of it."""


def of_connections() -> str:
    """Lines at the top of the server's configuration."""
    return _lines(CONNECTIONS)


def of_the_log() -> str:
    """Lines within `jetstream`."""
    return (
        _lines(LOG, indent=2)
        + "  limits {\n"
        + _lines(READERS, indent=4)
        + "    batch {\n"
        + _lines(BATCHES, indent=6)
        + "    }\n  }\n"
    )


def _lines(values: Mapping[str, str], *, indent: int = 0) -> str:
    return "".join(f"{' ' * indent}{name}: {value}\n" for name, value in values.items())
