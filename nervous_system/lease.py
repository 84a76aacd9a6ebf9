"""Who may lead, as far as the clock knows? An expiring key in a KV bucket, held by renewing it.

A lease only keeps two processes from trying at once. What makes a deposed leader harmless is the
fence that the log checks (`leadership.py`), or, for the ingestor, ClickHouse.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import nats.errors
import nats.js.errors
import structlog
from nats.js.kv import KeyValue

from nervous_system import names
from nervous_system.connection import Connection, translated
from nervous_system.errors import Fenced, Transient

_log = structlog.get_logger()

LEASE_SECONDS: Final = 4.0
"""How long a lease outlives its last renewal."""

RENEW_SECONDS: Final = 1.3
POLL_SECONDS: Final = 0.8
"""How often one who waits asks again; a successor leads within LEASE_SECONDS + POLL_SECONDS."""


class Lease:
    """One lease while it is held.

    `lost` is set at the moment it can no longer be relied on.
    """

    def __init__(self, bucket: KeyValue, key: str, holder: str, revision: int) -> None:
        self.key = key
        self.lost = asyncio.Event()
        self._bucket = bucket
        self._holder = holder.encode()
        self._revision = revision

    async def keep(self) -> None:
        """Renew until the lease is lost; then raises Fenced."""
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            started = loop.time()
            try:
                with translated(f"renewing the lease {self.key}"):
                    self._revision = await self._bucket.update(
                        self.key, self._holder, last=self._revision
                    )
                renewed = started
            except nats.js.errors.KeyWrongLastSequenceError as error:
                self.lost.set()
                raise Fenced(f"the lease {self.key} was taken by another process") from error
            except Transient as error:
                if loop.time() - renewed > LEASE_SECONDS:
                    self.lost.set()
                    raise Fenced(f"the lease {self.key} ran out: {error}") from error

    async def release(self) -> None:
        """Give it back, so that nobody has to wait for it to run out."""
        try:
            with translated(f"releasing the lease {self.key}"):
                await self._bucket.delete(self.key, last=self._revision)
        except (Transient, nats.js.errors.KeyWrongLastSequenceError) as error:
            _log.info("lease.not_released", lease=self.key, reason=str(error))


async def open_leases(connection: Connection, *, replicas: int = 1) -> KeyValue:
    """The bucket of leases, made if it is missing."""
    with translated("opening the bucket of leases"):
        return await connection.client.jetstream(timeout=2).create_key_value(
            bucket=names.LEASES, ttl=LEASE_SECONDS, history=1, replicas=replicas
        )


@asynccontextmanager
async def leading(
    bucket: KeyValue,
    key: str,
    *,
    holder: str,
    stop: asyncio.Event,
    waiting: Callable[[], None] = lambda: None,
) -> AsyncIterator[Lease | None]:
    """Wait until the lease is ours, hold it during the block, give it back.

    None where `stop` was set first; `waiting` is called each time it was asked for in vain. The
    block is cancelled when the lease is lost, and Fenced comes out of it.
    """
    revision = await _acquire(bucket, key, holder, stop, waiting)
    if revision is None:
        yield None
        return
    lease = Lease(bucket, key, holder, revision)
    _log.info("lease.acquired", lease=key, holder=holder)
    block = asyncio.current_task()
    assert block is not None
    keeper = asyncio.create_task(lease.keep(), name=f"lease {key}")
    keeper.add_done_callback(lambda done: None if done.cancelled() else block.cancel())
    try:
        yield lease
    except asyncio.CancelledError:
        if keeper.done() and not keeper.cancelled():
            block.uncancel()
            await keeper  # raises Fenced
        raise
    finally:
        if not keeper.done():
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            await lease.release()


async def _acquire(
    bucket: KeyValue, key: str, holder: str, stop: asyncio.Event, waiting: Callable[[], None]
) -> int | None:
    waited = False
    while not stop.is_set():
        try:
            with translated(f"taking the lease {key}"):
                return await bucket.create(key, holder.encode())
        except nats.js.errors.KeyWrongLastSequenceError:
            if not waited:
                _log.info("lease.waiting", lease=key)
                waited = True
        except Transient as error:
            _log.warning("lease.unavailable", lease=key, reason=str(error))
        waiting()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_SECONDS)
    return None
