"""Which descriptions of tables did the engine not write? They go aside before it starts.

The engine reads every `.sql` file among its descriptions when it starts, and does not start with
one that is empty or holds something else. Such a file is left by a crash, or by somebody who made
the engine create a file.
"""

from __future__ import annotations

from pathlib import Path

from embedded_clickhouse.folder import FolderError
from nervous_system.ids import new_event_id

SET_ASIDE_FOLDER = "set_aside"
_DESCRIPTIONS = ("metadata/*.sql", "metadata_dropped/*.sql", "store/*/*/*.sql")
_BEGINNING = b"ATTACH "


def set_strangers_aside(path: Path) -> list[tuple[str, dict[str, object]]]:
    """Move what is no description out of the engine's way, in the data folder at `path`, which is
    held. Returns what is to be said about it: an action of the log, and its fields. Raises
    `FolderError`."""
    remarks: list[tuple[str, dict[str, object]]] = []
    for pattern in _DESCRIPTIONS:
        for file in sorted(path.glob(pattern)):
            try:
                if _is_description(file):
                    continue
                kept = path / SET_ASIDE_FOLDER / f"{new_event_id()}.{file.name}"
                kept.parent.mkdir(exist_ok=True)
                file.rename(kept)
            except OSError as error:
                raise FolderError(f"Cannot set {file} aside: {error.strerror}.") from error
            sentence = (
                "The engine does not start with this file: it describes no table or database."
                " If it was one, its data is still in the store"
            )
            remarks.append(
                (
                    "clickhouse_file_set_aside",
                    {"file": str(file.relative_to(path)), "kept": str(kept), "sentence": sentence},
                )
            )
    return remarks


def _is_description(file: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as content:
        return content.read(len(_BEGINNING)) == _BEGINNING
