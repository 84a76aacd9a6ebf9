"""How does something get into the archive so that its loss would be noticed?

Packed, read back, on disk, then in the manifest; only after that may its source go. A crash at
any point leaves the source, and the same work again gives the same file.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from builtin_worker.atomic_write import PARTIAL, put_in_place, write_atomically
from builtin_worker.manifest import NAME, ArchiveManifest, Kept
from builtin_worker.thread import Halt
from nervous_system.errors import Transient
from nervous_system.failpoint import failpoint

CHUNK_BYTES: Final = 1024**2
LEVEL: Final = 6
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


class Archive:
    """The folder `archive/` of a home, in the hands of one run of maintenance."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = ArchiveManifest.load(folder)

    def keep(self, content: Path, *, path: str, source: str, now: datetime, halt: Halt) -> Kept:
        """Pack a file into `path`. Returns after both are on disk: the file and its entry.

        Raises OSError, Halted, and Transient where the content changed meanwhile.
        """
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + PARTIAL)
        before = _stamp(content)
        try:
            content_sha256 = _pack(content, partial, halt=halt)
            sha256, unpacked = _digest(partial, halt=halt), _unpacked_digest(partial, halt=halt)
            if unpacked != content_sha256 or _stamp(content) != before:
                raise Transient(f"{content} changed while it was packed; it is packed next time")
            size = partial.stat().st_size
            put_in_place(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        failpoint("archive.before_manifest")
        when = now.isoformat(timespec="seconds")
        kept = Kept(
            path=path,
            sha256=sha256,
            bytes=size,
            source=source,
            content_sha256=content_sha256,
            archived_at=when,
            verified_at=when,
        )
        self.record(self.manifest.with_entry(kept))
        failpoint("archive.after_manifest")
        return kept

    def record(self, manifest: ArchiveManifest) -> None:
        """Put a new manifest in force. Raises OSError.

        One with lines that could not be read is set aside first: nothing in it is forgotten.
        """
        there = self.folder / NAME
        if self.manifest.unreadable and there.exists():
            content = there.read_bytes()
            name = f"{NAME}.unreadable-{hashlib.sha256(content).hexdigest()[:12]}"
            write_atomically(self.folder / name, content)
        manifest = ArchiveManifest(manifest.entries)
        manifest.save(self.folder)
        self.manifest = manifest

    def discard(self, paths: Iterable[str]) -> None:
        """Take files out of the manifest, then off the disk. Raises OSError."""
        gone = list(paths)
        if not gone:
            return
        self.record(self.manifest.remove_paths(gone))
        for path in gone:
            (self.folder / path).unlink(missing_ok=True)

    def fault(self, kept: Kept, *, halt: Halt) -> str | None:
        """What is wrong with a file; None where it is as it was. Raises OSError, Halted."""
        path = self.folder / kept.path
        if not path.exists():
            return "it is missing"
        sha256 = _digest(path, halt=halt)
        if sha256 != kept.sha256:
            return f"its SHA-256 is {sha256[:12]}…, not {kept.sha256[:12]}… as it was archived"
        return None

    def unlisted(self) -> list[str]:
        """Files that the manifest does not know."""
        found = (each for each in self.folder.rglob("*.gz") if each.is_file())
        paths = (str(each.relative_to(self.folder)) for each in found)
        return sorted(path for path in paths if path not in self.manifest.entries)


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """While the block runs no other run of maintenance works in this home.

    The lock goes with its process. Raises Transient where another one has it, and OSError.
    """
    path = home / "worker" / "maintenance.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Transient(f"another run of maintenance is at work in {home}") from error
        yield
    finally:
        os.close(descriptor)


def _pack(content: Path, partial: Path, *, halt: Halt) -> str:
    """Compressed, on disk; returns the SHA-256 of the content. The same content, the same file."""
    digest = hashlib.sha256()
    with (
        content.open("rb") as source,
        os.fdopen(os.open(partial, _NEW, 0o600), "wb") as target,
        gzip.GzipFile(
            filename="", mode="wb", compresslevel=LEVEL, fileobj=target, mtime=0
        ) as packed,
    ):
        for chunk in iter(lambda: source.read(CHUNK_BYTES), b""):
            halt.check()
            digest.update(chunk)
            packed.write(chunk)
        packed.close()
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def _digest(path: Path, *, halt: Halt) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(CHUNK_BYTES), b""):
            halt.check()
            digest.update(chunk)
    return digest.hexdigest()


def _unpacked_digest(path: Path, *, halt: Halt) -> str:
    digest = hashlib.sha256()
    with gzip.open(path, "rb") as file:
        for chunk in iter(lambda: file.read(CHUNK_BYTES), b""):
            halt.check()
            digest.update(chunk)
    return digest.hexdigest()


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
