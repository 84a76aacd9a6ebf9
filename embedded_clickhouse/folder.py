"""What has to lie in the data folder before the engine is opened, and who holds it?"""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO

from embedded_clickhouse.configuration import (
    EMPTY_FOLDER,
    FUNCTIONS_FOLDER,
    SWITCHED_OFF,
    TEMPORARY_FOLDER,
    engine_configuration,
    users_configuration,
)
from nervous_system.host.files import make_private
from nervous_system.host.store_lock import LOCK_FILE, holders_of
from nervous_system.ids import new_event_id

CONFIGURATION_FILE = "ganglion-engine.xml"
USERS_FILE = "ganglion-users.xml"


class FolderError(Exception):
    """The data folder can't be used. The sentence says where and why."""


def open_folder(path: Path, *, max_memory_bytes: int, is_open: bool) -> IO[str]:
    """Make everything ready at `path`. Returns its lock, held until it is closed. Raises
    `FolderError`."""
    try:
        make_private(path)
        lock = _lock_file(path)
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


def _lock_file(path: Path) -> IO[str]:
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


# chDB makes `default` out of two: the tables of a folder, and the files of the machine under
# their paths. The front gives that pair another name and drops it, and has `default` as an
# ordinary database of its own. The pair finds its folder by the link `metadata/default`, which
# therefore leads to one that nothing is ever kept in.
_NOBODYS = "00000000-0000-4000-8000-000000000000"


def keep_default_apart(path: Path) -> None:
    """Before the engine at `path` is opened: `default` keeps what it has, and is a database like
    any other. Raises `OSError`."""
    metadata = path / "metadata"
    metadata.mkdir(exist_ok=True)
    link, definition = metadata / "default", metadata / "default.sql"
    if not definition.exists():
        # A folder of before has its tables where the link leads.
        own = link.readlink().name if link.is_symlink() else new_event_id()
        definition.write_text(f"ATTACH DATABASE _ UUID '{own}'\nENGINE = Atomic\n")
    link.unlink(missing_ok=True)
    link.symlink_to(Path("..", "store", _NOBODYS[:3], _NOBODYS))
