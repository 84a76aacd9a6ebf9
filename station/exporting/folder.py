"""How do all files of an export come to be there at once, or none of them?

They are made in a folder beside the one that is wanted. Where that does not exist yet, the whole
folder is renamed; where it does, each file is, after the last of them is on disk.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from nervous_system.errors import Permanent
from station.exporting.line import ExportLine
from station.names import EXPORTED, WHOLE_FILES


class ExportFolder:
    """The files while they are being written."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {
            name: stack.enter_context((folder / name).open("wb"))
            for name in EXPORTED
            if name not in WHOLE_FILES
        }
        self._rows: Counter[str] = Counter()

    @property
    def rows(self) -> Mapping[str, int]:
        """Lines by file, headings included."""
        return {name: self._rows[name] for name in (*self._files, *self._rows)}

    def write(self, line: ExportLine) -> None:
        """One more line at the end of its file. Raises OSError."""
        self._files[line.file].write(f"{line.text}\n".encode())
        self._rows[line.file] += 1

    def write_whole(self, name: str, text: str) -> None:
        """A file as it is. Raises OSError."""
        (self._folder / name).write_bytes(text.encode())
        self._rows[name] = len(text.splitlines())

    def sync(self) -> None:
        """Everything is on disk afterwards."""
        for file in self._files.values():
            file.close()
        for path in self._folder.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())


@contextmanager
def export_folder(target: Path, *, force: bool) -> Iterator[ExportFolder]:
    """
    The files of `target`: there when the block is over, untouched when it raises.

    With `force` they take the place of those of the same name; everything else in the folder stays.
    Raises ExportRefused where `target` is no folder, or has something in it and `force` is not
    given, or cannot be written to.
    """
    target = target.expanduser().absolute()
    try:
        exists = target.exists()
        if exists and not force and any(target.iterdir()):
            raise ExportRefused(
                f"{target} is not empty; name another folder, or say --force to replace the"
                " files of a station in it"
            )
        beside = target if exists else target.parent
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=beside) as made:
            folder = Path(made) / "station"
            folder.mkdir(mode=0o755)
            with ExitStack() as stack:
                files = ExportFolder(folder, stack)
                yield files
                files.sync()
            if exists:
                _put_in_place(folder, target)
            else:
                folder.rename(target)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise ExportRefused(f"{target} cannot be written ({what}); name another folder") from error


def _put_in_place(made: Path, target: Path) -> None:
    """Each file under its name; one of an earlier export that was not made again is gone."""
    for name in EXPORTED:
        if (made / name).exists():
            (made / name).replace(target / name)
        elif (target / name).is_file():
            (target / name).unlink()
    shutil.rmtree(made)


class ExportRefused(Permanent):
    """The files cannot be put there: what is in the way, and what to do."""
