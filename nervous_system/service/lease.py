"""Who may lead, as far as the clock knows? An expiring key in a KV bucket, held by renewing it.

A lease only keeps two processes from trying at once. What makes a deposed leader harmless is the
fence that the log checks (`leadership.py`), or, for the ingestor, ClickHouse.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

import nats.js.errors
import structlog
from nats.js.kv import KeyValue

from nervous_system import names
from nervous_system.cancelling import cancel
from nervous_system.errors import Fenced, Forbidden, Transient, Unavailable
from nervous_system.transport.connection import Connection, translate_errors
from nervous_system.transport.making import found_or_made, made
from nervous_system.waiting import pause

_log = structlog.get_logger()

TAKEOVER_SECONDS: Final = 5.0
"""The promise: so long after the death of who leads, another does. It is kept by four numbers. The
last renewal may have been stored in the moment of the death, so that

      LEASE_SECONDS   3.20   the lease outlives it by this,
    + EXPIRY_SECONDS  0.25   the server takes this long at most to notice that it has run out,
    + POLL_SECONDS    0.30   and who waits asks again after this:
    =                 3.75   at the latest;

what is left, 1.25 s, is for taking the term and for folding what there is behind the snapshot.
"""

LEASE_SECONDS: Final = 3.2
"""How long a lease outlives its last renewal."""

RENEW_SECONDS: Final = 0.6
ANSWER_SECONDS: Final = 2.4
"""A renewal waits for its answer for nearly as long as the lease lasts: were it much less, leaders
would change for nothing whenever a disk stalls. A stall of more than 2.4 s costs every leader its
lead; the next term is taken when it is over."""

RETRY_SECONDS: Final = 0.3
"""After a renewal that could not be sent, as while there is no connection."""

EXPIRY_SECONDS: Final = 0.25
"""How far apart the server's looks for keys that have run out are, at most; not ours to set."""

POLL_SECONDS: Final = 0.3
"""How often one who waits asks again."""

_in_use: Final[set[tuple[str, str]]] = set()
"""Keys and holders for which a task of this process leads or waits."""


class Lease:
    """One lease while it is held, until the moment `until` of the event loop's clock."""

    def __init__(
        self, bucket: KeyValue, key: str, *, holder: bytes, revision: int, until: float
    ) -> None:
        self.key = key
        self.until = until
        self.lost_because = "ran out"
        self._bucket = bucket
        self._holder = holder
        self._revision = revision

    async def keep(self, limit: asyncio.Timeout) -> None:
        """Renew again and again, each time moving `limit`; let it expire when the lease is lost."""
        loop = asyncio.get_running_loop()
        wait = RENEW_SECONDS
        while True:
            await asyncio.sleep(wait)
            started = loop.time()
            try:
                revision = await _take(self._bucket, self.key, self._holder, last=self._revision)
            except Transient as error:
                self.lost_because = f"ran out: {error}"
                wait = RETRY_SECONDS
                continue
            if limit.expired():
                return
            if revision is None:
                self.lost_because = "was taken by another process, or taken away"
                limit.reschedule(loop.time())
                return
            self._revision = revision
            limit.reschedule(started + LEASE_SECONDS)
            wait = RENEW_SECONDS

    async def release(self) -> None:
        """Give it back, so that nobody has to wait for it to run out."""
        try:
            with translate_errors(f"releasing the lease {self.key}"):
                await self._bucket.delete(self.key, last=self._revision)
        except (Transient, nats.js.errors.Error) as error:
            _log.info("lease.not_released", lease=self.key, reason=str(error))


async def open_leases(connection: Connection, *, replicas: int = 1) -> KeyValue:
    """The bucket of leases, made if it is missing, its leases as long as ours and read as ours: an
    earlier version may have made it.

    Raises Unavailable, NotAcknowledged, Permanent.
    """
    jetstream = connection.client.jetstream(timeout=ANSWER_SECONDS)

    async def find() -> KeyValue | None:
        with translate_errors("opening the bucket of leases"):
            try:
                return await jetstream.key_value(names.LEASES)
            except nats.js.errors.BucketNotFoundError:
                return None

    async def make() -> KeyValue:
        with made("the bucket of leases"):
            return await jetstream.create_key_value(
                bucket=names.LEASES,
                ttl=LEASE_SECONDS,
                history=1,
                replicas=replicas,
                direct=True,  # a lease is looked at without a turn (decision 31)
            )

    bucket = await found_or_made(find, make, what=names.LEASES)
    stream = f"KV_{names.LEASES}"
    have = (await connection.request_json(f"$JS.API.STREAM.INFO.{stream}", {}))["config"]
    lasts = round(LEASE_SECONDS * 1e9)
    if have["max_age"] != lasts or not have.get("allow_direct"):
        wanted = {**have, "max_age": lasts, "duplicate_window": lasts, "allow_direct": True}
        with suppress(Forbidden):  # whoever may change it does, and says so
            await connection.request_json(f"$JS.API.STREAM.UPDATE.{stream}", wanted)
    return bucket


@asynccontextmanager
async def hold_lease(
    bucket: KeyValue,
    key: str,
    *,
    holder: str,
    stop: asyncio.Event,
    waiting: Callable[[], None] = lambda: None,
) -> AsyncIterator[Lease | None]:
    """Wait until the lease is ours, hold it during the block, give it back.

    None where `stop` was set first; `waiting` is called each time it was asked for in vain.
    `holder` is a name that no other process ever uses: a lease that still bears it, because NATS
    was away when it should have been given back, is ours again at once. The block is cancelled at
    the moment the lease can no longer be relied on, and Fenced comes out of it. Raises Unavailable,
    NotAcknowledged where the lease cannot be asked for, ValueError where another task of this
    process uses the name.
    """
    with _one_at_a_time(key, holder):
        lease = await _acquire(bucket, key, holder.encode(), stop, waiting)
        if lease is None:
            yield None
            return
        _log.info("lease.acquired", lease=key, holder=holder)
        try:
            async with asyncio.timeout_at(lease.until) as limit:
                keeper = asyncio.create_task(lease.keep(limit), name=f"lease {key}")
                try:
                    yield lease
                finally:
                    await cancel(keeper)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Fenced(f"the lease {key} {lease.lost_because}") from error
        finally:
            if not limit.expired():
                await lease.release()


@contextmanager
def _one_at_a_time(key: str, holder: str) -> Iterator[None]:
    """What the key holds cannot tell two tasks with one name apart, so only one may use it."""
    if (key, holder) in _in_use:
        raise ValueError(
            f"{holder} leads {key}, or waits for it, in this process already;"
            " give each task a holder name of its own"
        )
    _in_use.add((key, holder))
    try:
        yield
    finally:
        _in_use.discard((key, holder))


async def _acquire(
    bucket: KeyValue, key: str, holder: bytes, stop: asyncio.Event, waiting: Callable[[], None]
) -> Lease | None:
    loop = asyncio.get_running_loop()
    waited = False
    while not stop.is_set():
        started = loop.time()
        revision = await _take(bucket, key, holder, last=0)
        if revision is not None:
            return Lease(
                bucket, key, holder=holder, revision=revision, until=started + LEASE_SECONDS
            )
        if not waited:
            _log.info("lease.waiting", lease=key)
            waited = True
        waiting()
        await pause(POLL_SECONDS, unless=stop)
    return None


async def _take(bucket: KeyValue, key: str, holder: bytes, *, last: int) -> int | None:
    """The lease's new revision, None where somebody else has it.

    `last` is the revision we had, 0 for none. Raises Unavailable, NotAcknowledged.
    """
    try:
        with translate_errors(f"taking the lease {key}"):
            try:
                if last:
                    return await bucket.update(key, holder, last=last)
                return await bucket.create(key, holder)
            except nats.js.errors.KeyWrongLastSequenceError:
                # It may be ours all the same, by a try whose answer was lost.
                found = await bucket.get(key)
                if found.value != holder:
                    return None
                return await bucket.update(key, holder, last=found.revision)
    except nats.js.errors.KeyValueError:
        return None  # it was taken or ran out between two of these questions
    except nats.js.errors.APIError as error:
        raise Unavailable(f"the lease {key} cannot be taken: {error}") from error
