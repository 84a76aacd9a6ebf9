"""What did one run of maintenance do, and what did it have to leave?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from builtin_worker.section import Section, table


@dataclass(slots=True)
class ActionTally:
    """Kept while one kind of work is done; paths are relative to the home."""

    title: str
    did: list[tuple[str, str]] = field(default_factory=list)  # the file, and what was done with it
    left: list[tuple[str, str]] = field(default_factory=list)  # the file, and why it was left
    concerns: list[str] = field(default_factory=list)
    changed_files: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def done(self, path: Path, what: str, *, changed: bool = True) -> None:
        """Something was done with a file."""
        self.did.append((str(path), what))
        if changed:
            self.changed_files.append(str(path))

    def leave(self, path: Path | str, why: str) -> None:
        """Something was not done, for a reason that passes by itself."""
        self.left.append((str(path), why))

    def fail(self, path: Path | str, error: Exception) -> None:
        """Something was not done, and somebody should look."""
        why = " ".join(str(error).split())[:300] or type(error).__name__
        self.leave(path, why)
        self.concerns.append(f"{path}: {why}")

    @property
    def section(self) -> Section:
        """As the report has it."""
        parts = list(self.lines)
        if self.did:
            parts.append(table(("file", "what was done"), self.did))
        if self.left:
            parts.append(table(("left alone", "why"), self.left))
        return Section(
            title=self.title,
            body="\n\n".join(parts) or "Nothing to do.",
            concerns=tuple(self.concerns),
        )
