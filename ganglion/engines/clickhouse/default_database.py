"""Where are the tables of the database `default`, so that it shows no files?

chDB makes `default` out of two: the tables of a folder, and the files of the machine under their
paths. The front gives that pair another name and drops it, and has `default` as an ordinary
database of its own. The pair finds its folder by the link `metadata/default`, which therefore leads
to one that nothing is ever kept in.
"""

from __future__ import annotations

from pathlib import Path

from nervous_system.ids import new_event_id

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
