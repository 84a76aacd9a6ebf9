"""What lies in the archive, and what must each file's bytes be?

One JSON object a line, in `archive/manifest.jsonl`, replaced as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

from builtin_worker.atomic_write import write_atomically

NAME: Final = "manifest.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One file of the archive."""

    path: str  # relative to the archive
    sha256: str  # of the file, hex
    bytes: int
    source: str  # where its content came from
    content_sha256: str  # of what is in it, unpacked
    archived_at: str  # RFC 3339, UTC
    verified_at: str

    @classmethod
    def read(cls, line: str) -> Self:
        """From a line. Raises ValueError."""
        found = json.loads(line)
        if not isinstance(found, dict) or set(found) != set(cls.__dataclass_fields__):
            raise ValueError("it is not an entry of a manifest")
        kept = cls(**found)
        texts = (kept.path, kept.sha256, kept.source, kept.content_sha256)
        times = (kept.archived_at, kept.verified_at)
        if not all(isinstance(each, str) for each in (*texts, *times)):
            raise ValueError("one of its values is not a text")
        if not isinstance(kept.bytes, int) or isinstance(kept.bytes, bool):
            raise ValueError("its bytes are not a number")
        if Path(kept.path).is_absolute() or ".." in Path(kept.path).parts:
            raise ValueError("its path leads out of the archive")
        return kept


@dataclass(frozen=True, slots=True)
class ArchiveManifest:
    """All of them."""

    entries: Mapping[str, Kept] = field(default_factory=dict)  # path → entry
    unreadable: tuple[str, ...] = ()  # `<line number>: <why>`

    @classmethod
    def load(cls, archive: Path) -> Self:
        """The manifest of an archive, empty where there is none. Raises OSError."""
        entries, unreadable = {}, []
        try:
            lines = (archive / NAME).read_bytes().decode(errors="replace").splitlines()
        except FileNotFoundError:
            lines = []
        for number, line in enumerate(lines, start=1):
            try:
                kept = Kept.read(line)
            except (ValueError, TypeError) as error:
                unreadable.append(f"line {number}: {error}")
            else:
                entries[kept.path] = kept
        return cls(entries, tuple(unreadable))

    def with_entry(self, kept: Kept) -> ArchiveManifest:
        """One more, or one replaced."""
        return ArchiveManifest({**self.entries, kept.path: kept}, self.unreadable)

    def remove_paths(self, paths: Iterable[str]) -> ArchiveManifest:
        """Without these."""
        gone = set(paths)
        return ArchiveManifest(
            {path: kept for path, kept in self.entries.items() if path not in gone},
            self.unreadable,
        )

    def save(self, archive: Path) -> None:
        """Put it in its place. Raises OSError."""
        lines = (json.dumps(asdict(self.entries[path])) + "\n" for path in sorted(self.entries))
        write_atomically(archive / NAME, "".join(lines).encode())
