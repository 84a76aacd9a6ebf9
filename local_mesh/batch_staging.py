"""Where does the embedded NATS server keep an atomic batch until it is complete? In memory, where
that is safe and there is room, else on the disk.

By itself it makes a store of files for every batch and removes it afterwards: several syncs of the
disk that protect nothing, because what is staged is thrown away when the server starts. A link to
a folder in memory in place of the staging folder makes a small batch several times as fast
(docs/decisions/0007). What is committed goes to the stream's own files, synced, as before.

Memory is shared with everybody on the machine: the folder has a name that nobody can foresee, is
readable by its owner only, and is looked at again and again; whatever is wrong with it or with the
room beside it, batches are staged on the disk from then on, and that is said.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from local_mesh.nats_permissions import MESH
from nervous_system.names import STREAM

IN_MEMORY: Final = Path("/dev/shm")
PREFIX: Final = "ganglion-"
MARK: Final = "batch-staging"
"""The file in the store that names the folder, so that it is found after a crash."""

ROOM_BYTES: Final = 32 * 1024**2
"""So much must be free in memory: a few of the largest batches."""

LOOK_SECONDS: Final = 1.0
"""How often it is looked whether all is in place: the server removes the link when it starts."""


class BatchStaging:
    """The staging folder of the log's stream in one server's store."""

    def __init__(self, store: Path, *, in_memory: Path = IN_MEMORY) -> None:
        self._accounts = store / "jetstream"
        self._mark = store / MARK
        self._in_memory = in_memory
        self.folder: Path | None = None
        """Where batches are staged in memory; None while they are not."""

    @property
    def _place(self) -> Path:
        """In the log's account, or in that of a server without users."""
        of_mesh = self._accounts / MESH
        account = of_mesh if of_mesh.is_dir() else self._accounts / "$G"
        return account / "streams" / STREAM / "batches"

    def look(self) -> str:
        """Put the link where it is missing, take it away where it leads to nothing good.

        Returns why batches are staged on the disk; empty where they are not, or nobody stages any
        yet. A folder of the server's with a batch in it is left alone until it is empty.
        """
        why = self._find_obstacle() or self._find_damage()
        if why:
            self.remove()
            return why
        place = self._place
        if place.is_symlink() or not place.parent.is_dir():
            return ""
        try:
            if self.folder is None:
                self.folder = self._make()
            with suppress(FileNotFoundError):
                place.rmdir()
            place.symlink_to(self.folder, target_is_directory=True)
        except OSError:  # a batch is under way there, or memory is full now; the next look comes
            pass
        return ""

    async def keep(self, tell: Callable[[str], None] = lambda why: None) -> None:
        """Keep it so until cancelled; `tell` is told why it is on the disk, whenever that changes,
        and an empty text when it is not any more."""
        told = ""
        while True:
            why = self.look()
            if why != told:
                tell(why)
                told = why
            await asyncio.sleep(LOOK_SECONDS)

    def remove(self) -> None:
        """Leave nothing in memory, also of a run that crashed. The server makes a folder of its own
        for the next batch."""
        if (place := self._place).is_symlink():
            with suppress(OSError):  # the server was quicker
                place.unlink()
        with suppress(OSError):
            named = Path(os.fsdecode(self._mark.read_bytes()))
            if named.parent == self._in_memory and named.name.startswith(PREFIX):
                self._remove_ours(named)
            self._mark.unlink()
        if self.folder is not None:
            self._remove_ours(self.folder)
            self.folder = None

    def _make(self) -> Path:
        """0700 and ours: it fails where anything of that name is there."""
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._in_memory))
        try:
            self._mark.write_bytes(os.fsencode(made))
        except OSError:
            made.rmdir()
            raise
        return made

    def _find_obstacle(self) -> str:
        """What keeps batches out of memory altogether; empty where nothing does."""
        try:
            found = self._in_memory.stat()
            free = os.statvfs(self._in_memory)
        except OSError as error:
            return f"{self._in_memory} cannot be used ({error.strerror})"
        if not stat.S_ISDIR(found.st_mode):
            return f"{self._in_memory} is no folder"
        open_to_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        sticky = found.st_mode & stat.S_ISVTX
        if found.st_uid not in (0, os.geteuid()) or (open_to_others and not sticky):
            return f"others may remove or replace what is in {self._in_memory}"
        if not os.access(self._in_memory, os.W_OK | os.X_OK):
            return f"{self._in_memory} cannot be written to"
        if free.f_bavail * free.f_frsize < ROOM_BYTES or (free.f_files and not free.f_favail):
            return f"{self._in_memory} has less than {ROOM_BYTES // 1024**2} MiB left"
        return ""

    def _find_damage(self) -> str:
        """What somebody did to our folder, or to the link; empty where all is well."""
        leads_to, folder = _link(self._place), self.folder
        if folder is None:
            return "the link to a folder in memory is not ours" if leads_to is not None else ""
        if not _is_ours(folder):
            return f"{folder} was removed or changed by somebody"
        if leads_to not in (folder, None):
            return "the link to a folder in memory was changed by somebody"
        return ""

    def _remove_ours(self, folder: Path) -> None:
        """Nothing else: what has its name by now may be anybody's."""
        if _is_ours(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _link(place: Path) -> Path | None:
    """Where it leads, None where there is no link: the server removes it when it starts, so it may
    go at any moment."""
    try:
        return place.readlink()
    except OSError:
        return None


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder, no link to one, and nobody else's."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    mine = found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700
    return stat.S_ISDIR(found.st_mode) and mine
