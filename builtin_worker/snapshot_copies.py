"""How are the snapshots of the services copied, so that a lost bucket costs less time?

Each state is copied once: one that did not change since is in the archive already.
"""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime
from pathlib import Path
from typing import Final

import nats.js.errors
from nats.js.api import ObjectInfo
from nats.js.object_store import ObjectStore

from builtin_worker.archive import Archive
from builtin_worker.atomic_write import PARTIAL, file_name
from builtin_worker.section import size
from builtin_worker.tally import ActionTally
from builtin_worker.thread import in_thread
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.errors import GanglionError
from nervous_system.transport.connection import translate_errors

LIST_SECONDS: Final = 15.0
COPY_SECONDS: Final = 60.0
"""nats-py waits for ever for parts of an object that was replaced meanwhile."""

MAX_BYTES: Final = 512 * 1024**2
"""A snapshot larger than this is left to the bucket."""


async def archive_snapshots(archive: Archive, *, bus: Bus, now: datetime) -> ActionTally:
    """Copy what the bucket has and the archive has not. One that fails costs only itself."""
    tally = ActionTally("Snapshots")
    try:
        async with asyncio.timeout(LIST_SECONDS):
            bucket, found = await _list_snapshots(bus)
    except (nats.js.errors.Error, GanglionError, TimeoutError) as error:
        tally.fail(names.SNAPSHOTS, error)
        return tally
    have = {(kept.source, kept.content_sha256) for kept in archive.manifest.entries.values()}
    known = 0
    for info in found:
        source = f"{names.SNAPSHOTS}/{info.name}"
        if (source, _sha256(info)) in have:
            known += 1
            continue
        if (info.size or 0) > MAX_BYTES:
            tally.leave(source, f"it is larger than {size(MAX_BYTES)}")
            continue
        try:
            async with asyncio.timeout(COPY_SECONDS):
                path, note = await _copy(info, bucket, archive, source=source, now=now)
        except (nats.js.errors.Error, GanglionError, OSError) as error:  # and TimeoutError
            tally.fail(source, error)
        else:
            tally.done(Path("archive") / path, note)
    tally.lines.append(
        f"{len(found)} in the bucket, {known} of them in the archive already."
        if found
        else "The bucket has none."
    )
    return tally


async def _list_snapshots(bus: Bus) -> tuple[ObjectStore | None, list[ObjectInfo]]:
    jetstream = bus.connection.client.jetstream(timeout=5)
    with translate_errors("listing the snapshots"):
        try:
            bucket = await jetstream.object_store(names.SNAPSHOTS)
            return bucket, await bucket.list(ignore_deletes=True)
        except nats.js.errors.NotFoundError:
            return None, []


async def _copy(
    info: ObjectInfo, bucket: ObjectStore | None, archive: Archive, *, source: str, now: datetime
) -> tuple[str, str]:
    """The path in the archive, and what was done."""
    assert bucket is not None
    folder = archive.folder / "snapshots" / file_name(info.name)
    await in_thread(lambda _: folder.mkdir(parents=True, exist_ok=True))
    fetched = folder / f"fetched{PARTIAL}"
    try:
        with fetched.open("wb") as file, translate_errors(f"reading the snapshot {info.name}"):
            found = (await bucket.get(info.name, writeinto=file)).info  # its digest is checked
        path = f"snapshots/{folder.name}/{now:%Y%m%dT%H%M%SZ}-{_sha256(found)[:12]}.gz"
        kept = await in_thread(
            lambda halt: archive.keep(fetched, path=path, source=source, now=now, halt=halt)
        )
    finally:
        fetched.unlink(missing_ok=True)
    return path, f"copied, {size(found.size or 0)} to {size(kept.bytes)}"


def _sha256(info: ObjectInfo) -> str:
    """The digest that the Object Store keeps, in hex."""
    _, _, encoded = (info.digest or "").partition("=")
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex()
