"""
What does git see instead of somebody else's repository?

A bare repository of our own, in a temporary folder: our configuration, HEAD and the names as they
were read, and a store of objects that borrows from links to each folder of theirs. Nothing else of
the other one is there: no configuration, hooks, attributes, grafts, commit graphs or further
stores.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from importers.git.folder import GitFolder

_CONFIGURATION = """\
[core]
\trepositoryformatversion = 1
\tbare = true
[extensions]
\tobjectFormat = {}
"""


def lay_out(folder: GitFolder, *, head: str) -> Path:
    """The repository of our own. Whoever asked for it removes it: `remove`."""
    path = Path(tempfile.mkdtemp(prefix="ganglion-git-"))
    (path / "HEAD").write_text(f"{head}\n")
    (path / "config").write_text(
        _CONFIGURATION.format("sha1" if len(head) == 40 else "sha256"), encoding="ascii"
    )
    (path / "refs").mkdir()
    names = "".join(
        f"{found} {name}\n" for name, found in folder.refs.items() if len(found) == len(head)
    )
    (path / "packed-refs").write_bytes(os.fsencode(names))
    theirs = path / "theirs"
    theirs.mkdir()
    for name in folder.object_folders:
        (theirs / name).symlink_to(folder.objects / name, target_is_directory=True)
    (path / "objects" / "info").mkdir(parents=True)
    (path / "objects" / "info" / "alternates").write_bytes(os.fsencode(theirs) + b"\n")
    return path


def cut_off(path: Path, commits: Iterable[str]) -> None:
    """Let git take these for the first of their history, as the ones before them are lost."""
    (path / "shallow").write_text("".join(f"{commit}\n" for commit in commits), encoding="ascii")


def stand_in(path: Path, missing: Iterable[str]) -> None:
    """
    Put something in the place of files that the other repository has lost, so that git goes on.

    It is binary and no two are the same, so that no diff shows it.
    """
    for object_id in missing:
        content = b"\0" + object_id.encode("ascii")
        folder = path / "objects" / object_id[:2]
        folder.mkdir(exist_ok=True)
        (folder / object_id[2:]).write_bytes(zlib.compress(b"blob %d\0" % len(content) + content))


def remove(path: Path) -> None:
    """It is links and small files; the objects stay where they are."""
    shutil.rmtree(path, ignore_errors=True)
