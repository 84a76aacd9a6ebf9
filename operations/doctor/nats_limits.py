"""Does the NATS server allow as much as a mesh needs? One of somebody else's may not."""

from __future__ import annotations

from typing import Any, Final

from nervous_system.bus import Bus
from nervous_system.errors import Forbidden, GanglionError
from nervous_system.settings import MeshSettings
from operations.doctor.finding import DoctorFinding, fail, passed
from operations.log_session import bus_session

NEEDED_PAYLOAD_BYTES: Final = 1024**2
NEEDED_CONSUMERS: Final = 100
"""Services, and people who look: workers and agents hold none."""

NEEDED_STREAMS: Final = 4
"""The log, the leases, the snapshots, the spans."""


async def examine_limits(settings: MeshSettings, *, silent_remedy: str) -> DoctorFinding:
    """What the server itself and the account allow."""
    try:
        async with bus_session(settings) as bus:
            payload_bytes = bus.connection.client.max_payload
            consumers = int((await bus.stream.configuration()).get("max_consumers", -1))
            account = await _account(bus)
    except GanglionError as error:
        return fail("nats limits", str(error), remedy=silent_remedy)
    low = low_limits(payload_bytes=payload_bytes, stream_consumers=consumers, account=account)
    if low:
        return fail(
            "nats limits",
            "; ".join(low),
            remedy="raise them at the NATS server; infra/nats/nats.conf has what a mesh needs",
        )
    return passed("nats limits", f"messages of {payload_bytes:,} bytes, and readers enough")


async def _account(bus: Bus) -> dict[str, Any]:
    """What the account allows; nothing where this user may not ask: then its limits are ours."""
    try:
        limits: dict[str, Any] = (await bus.connection.request_json("$JS.API.INFO", {}))["limits"]
    except Forbidden:
        return {}
    return limits


def low_limits(*, payload_bytes: int, stream_consumers: int, account: dict[str, Any]) -> list[str]:
    """A sentence for each that is too low; `account` is as the JetStream API says it, below 1: no
    limit."""
    low = []
    if payload_bytes < NEEDED_PAYLOAD_BYTES:
        low.append(
            f"max_payload is {payload_bytes:,} bytes, less than {NEEDED_PAYLOAD_BYTES:,}: larger"
            " diffs are recorded as hashes only"
        )
    readers = [each for each in (stream_consumers, account.get("max_consumers", -1)) if each > 0]
    if readers and min(readers) < NEEDED_CONSUMERS:
        low.append(f"{min(readers)} may read the log at once, fewer than {NEEDED_CONSUMERS}")
    streams = account.get("max_streams", -1)
    if 0 < streams < NEEDED_STREAMS:
        low.append(f"the account may have {streams} streams, and needs {NEEDED_STREAMS}")
    return low
