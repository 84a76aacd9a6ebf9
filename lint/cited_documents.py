"""Is everything there that documents, code and tests refer to? `python -m lint.cited_documents`.

- A link in a document leads to a file of the repository, or to another site.
- A path in backticks, and a document that a document names, exist: in a folder above whoever cites
  it. `{a,b}` is both, and `*` is any.
- A decision is cited by a number that `docs/decisions` has, and a failure mode by one of
  `docs/failure_modes.md`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lint.tree import ROOT, said, texts

DECISIONS: Final = ROOT / "docs" / "decisions"
FAILURE_MODES: Final = ROOT / "docs" / "failure_modes.md"
TELLS_THE_PAST: Final = ("CHANGELOG.md",)
"""What it cites was there."""

_LINK: Final = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
_DOCUMENT: Final = re.compile(r"(?<![\w/.<>*{}~-])((?:[\w.-]+/)*[\w-]+\.md)\b")
_SHOUTED: Final = re.compile(r"(?<![\w/.-])([A-Z][A-Z_]+\.md)\b")
_PATH: Final = re.compile(r"`([a-z_]+(?:/[\w.{},*-]+)+\.(?:md|py|proto|sql|yaml|yml|svg))(?=[`:])")
_DECISION: Final = re.compile(r"\b[Dd]ecisions? (\d+)\b")
_FAILURE_MODES: Final = re.compile(r"\b[Ff]ailure modes? (\d+b?(?:(?:, | and )\d+b?)*)")


def problems() -> Iterator[str]:
    """What is cited and not there, a sentence each."""
    decisions = {int(path.name[:4]) for path in DECISIONS.glob("[0-9]*.md")}
    modes = _modes()
    for path in texts():
        shown = str(path.relative_to(ROOT))
        if shown in TELLS_THE_PAST:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for cited in _missing(path, line, decisions, modes):
                yield f"{shown}:{number}: {cited} is cited, and it is not in the repository"


def _missing(path: Path, line: str, decisions: set[int], modes: set[str]) -> Iterator[str]:
    named = [*_SHOUTED.findall(line), *_PATH.findall(line)]
    if path.suffix == ".md":  # elsewhere a bare name is one that the program itself uses
        named += _DOCUMENT.findall(line)
        named += [link for link in _LINK.findall(line) if "://" not in link]
    yield from (each for each in dict.fromkeys(named) if not _is_there(path, each))
    for number in _DECISION.findall(line):
        if int(number) not in decisions:
            yield f"decision {number}"
    for numbers in _FAILURE_MODES.findall(line):
        yield from (f"failure mode {n}" for n in re.findall(r"\d+b?", numbers) if n not in modes)


def _is_there(citing: Path, cited: str) -> bool:
    return all(
        any(any(folder.glob(each.removeprefix("./"))) for folder in _folders(citing))
        for each in _spelled_out(cited)
    )


def _folders(citing: Path) -> list[Path]:
    """From where a path may be meant: the folders above the citing file, up to the root."""
    return [folder for folder in citing.parents if folder.is_relative_to(ROOT)]


def _spelled_out(cited: str) -> list[str]:
    """With `{b,c}` in it a path is two."""
    found = re.match(r"([^{]*)\{([^}]*)\}(.*)", cited)
    if found is None:
        return [cited]
    head, choices, tail = found.groups()
    return [each for choice in choices.split(",") for each in _spelled_out(head + choice + tail)]


def _modes() -> set[str]:
    rows = FAILURE_MODES.read_text(encoding="utf-8").splitlines()
    cells = [row.strip("| ").split(" | ")[0] for row in rows if row.startswith("|")]
    return {number for cell in cells for number in re.findall(r"\d+b?", cell)}


if __name__ == "__main__":
    sys.exit(said(problems()))
