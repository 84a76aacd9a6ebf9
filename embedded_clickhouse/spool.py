"""Where does a body wait until it is whole, or an answer until its statement has ended?"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import TracebackType

from embedded_clickhouse.budget import Budget, BudgetShare
from embedded_clickhouse.exceptions import Code, refusal
from embedded_clickhouse.limits import Limits
from embedded_clickhouse.threads import Threads

_LOOK_AT_DISK_BYTES = 16 << 20
"""How much is written until the free space is looked at again."""
_AT_ONCE_BYTES = 64 * 1024
"""Less than this is written without a thread: the kernel keeps it."""


class Spools:
    """All files of this kind: together they take no more of the disk than they may."""

    def __init__(self, *, folder: Path, limits: Limits, threads: Threads) -> None:
        self._folder = folder
        self._limits = limits
        self._threads = threads
        self._budget = Budget(
            limits.max_spool_bytes,
            refuse=lambda: limits.exceeded(
                "max_spool_bytes",
                "The bodies and kept answers of all requests take too much of the disk; try again"
                " later",
                code=Code.TOO_MANY_SIMULTANEOUS_QUERIES,
            ),
        )

    def open(self, part: float) -> Spool:
        """A file without a name, gone when its block is left. `part`: see `Budget`."""
        return Spool(
            folder=self._folder,
            limits=self._limits,
            threads=self._threads,
            share=self._budget.share(part),
        )


class Spool:
    """One file. One writer at a time."""

    def __init__(
        self, *, folder: Path, limits: Limits, threads: Threads, share: BudgetShare
    ) -> None:
        self._limits = limits
        self._threads = threads
        self._share = share
        self._unseen_bytes = 0
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  # see __exit__

    @property
    def descriptor(self) -> int:
        """Of the open file."""
        return self._file.fileno()

    @property
    def size_bytes(self) -> int:
        """What was written."""
        return self._share.held_bytes

    async def write(self, piece: bytes) -> None:
        """Append. Raises `ClickHouseError` where all spools together, or the disk, have no room."""
        self._share.take(len(piece))
        self._unseen_bytes += len(piece)
        if len(piece) <= _AT_ONCE_BYTES and self._unseen_bytes < _LOOK_AT_DISK_BYTES:
            self._append(piece)
        else:
            await self._threads.run(self._append, piece)

    async def read(self, start: int, count: int) -> bytes:
        """At most `count` bytes from `start` on; empty at the end."""
        return await self._threads.run(os.pread, self.descriptor, count, start)

    def _append(self, piece: bytes) -> None:
        if self._unseen_bytes >= _LOOK_AT_DISK_BYTES:
            self._unseen_bytes = 0
            disk = os.fstatvfs(self.descriptor)
            if disk.f_bavail * disk.f_frsize < self._limits.min_free_bytes + len(piece):
                raise self._limits.exceeded(
                    "min_free_bytes", "No space left for this request", code=Code.NOT_ENOUGH_SPACE
                )
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[os.write(self.descriptor, rest) :]
        except OSError as error:
            raise refusal(
                Code.NOT_ENOUGH_SPACE, f"The body cannot be kept on disk: {error.strerror}"
            ) from error

    def __enter__(self) -> Spool:
        self._share.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._share.__exit__(kind, error, trace)
