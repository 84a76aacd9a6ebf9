"""What has to lie in the data folder before the engine is opened, and who holds it?"""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO

from ganglion.engines.clickhouse.configuration import (
    EMPTY_FOLDER,
    FUNCTIONS_FOLDER,
    SWITCHED_OFF,
    TEMPORARY_FOLDER,
    engine_configuration,
    users_configuration,
)
from ganglion.engines.clickhouse.default_database import keep_default_apart
from ganglion.engines.store_lock import LOCK_FILE, holders_of
from ganglion.private_folder import make_private

CONFIGURATION_FILE = "ganglion-engine.xml"
USERS_FILE = "ganglion-users.xml"


class FolderError(Exception):
    """The data folder can't be used. The sentence says where and why."""


def open_folder(path: Path, *, max_memory_bytes: int, is_open: bool) -> IO[str]:
    """Make everything ready at `path`. Returns its lock, held until it is closed. Raises
    `FolderError`."""
    try:
        make_private(path)
        lock = _locked(path)
        for folder in (EMPTY_FOLDER, FUNCTIONS_FOLDER, TEMPORARY_FOLDER):
            shutil.rmtree(path / folder, ignore_errors=True)
            (path / folder).mkdir()
        if not is_open:
            for name, statement in SWITCHED_OFF.items():
                (path / FUNCTIONS_FOLDER / f"function_{name}.sql").write_text(statement)
        users_file = path / USERS_FILE
        users_file.write_text(users_configuration(is_open=is_open), encoding="utf-8")
        configuration = engine_configuration(
            path=path, users_file=users_file, max_memory_bytes=max_memory_bytes
        )
        (path / CONFIGURATION_FILE).write_text(configuration, encoding="utf-8")
        keep_default_apart(path)
    except OSError as error:
        raise FolderError(f"Cannot write to the data folder {path}: {error.strerror}.") from error
    return lock


def _locked(path: Path) -> IO[str]:
    """The engine locks its folder too, but tells of it on stderr only."""
    lock = (path / LOCK_FILE).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        named = ", ".join(f"{name}, pid {pid}" for pid, name in holders_of(path).items())
        raise FolderError(
            f"The data folder {path} is in use by another process"
            f"{f' ({named})' if named else ''}."
            " Stop that one, or choose another folder with --path."
        ) from error
    return lock
