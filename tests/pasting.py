"""What does a page say that one sees, and what does a shell say when its blocks are pasted?

The blocks of a page are pasted from its top into one shell, on a terminal of 100 columns. A block
of another language that begins with the name of a file in a comment is that file. A block of text
says what one sees of the commands above it: moments, ids and lengths of time may be others, lines
may be folded elsewhere, and `…` is anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.terminal_screen import on_a_terminal

COLUMNS = 100
END_OF_BLOCK = "\x1e"
NOT_RUN = "Not run by a test"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
_FILE = re.compile(r"(?:#|//) ([\w./-]+\.\w+)\n")
_VARIES = (
    (re.compile(r"\b(\d{4}-)?\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( [A-Z]+\b)?"), "<moment>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{16,}\b"), "<id>"),
    (re.compile(r"\b[\d,]+(\.\d+)? s\b"), "<length>"),
)


@dataclass(frozen=True)
class Block:
    """One block of a recipe."""

    recipe: str  # its title
    language: str
    text: str


def recipes(page: str) -> Iterator[tuple[str, str]]:
    """Titles and texts."""
    for each in re.split(r"^## ", page, flags=re.M)[1:]:
        title, _, text = each.partition("\n")
        yield title, text


def blocks(page: str) -> list[Block]:
    """Of all recipes that are run."""
    return [
        Block(title, language, text)
        for title, whole in recipes(page)
        if NOT_RUN not in whole
        for language, text in _BLOCK.findall(whole)
    ]


def paste(page: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Paste the page in the folder; raises AssertionError where one sees something else."""
    found = blocks(page)
    commands = [each for each in found if each.language == "bash"]
    for each in found:
        if each.language not in ("bash", "text"):
            name = _FILE.match(each.text)
            assert name is not None, f"{each.recipe}: a block of {each.language} names no file"
            (folder / name[1]).write_text(each.text)
    script = folder / ".pasted.sh"
    script.write_text(
        "set -o errexit\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n"
        + "".join(f"{each.text}\nprintf '%s\\n' '{END_OF_BLOCK}'\n" for each in commands)
    )
    sized = {name: value for name, value in environment.items() if name != "COLUMNS"}
    written, code = on_a_terminal(
        ["bash", str(script)], environment=sized, columns=COLUMNS, cwd=folder, errors_too=True
    )
    seen = written.split(f"{END_OF_BLOCK}\n")
    assert (code, len(seen) - 1) == (0, len(commands)), (
        f"{commands[min(len(seen), len(commands)) - 1].recipe}: exit code {code}\n{seen[-1]}"
    )
    told = iter(seen)
    last = ""
    for each in found:
        if each.language == "bash":
            last = next(told)
        elif each.language == "text":
            assert _pattern(each.text).fullmatch(_alike(last)), (
                f"{each.recipe}\n\nit says\n\n{each.text}\n\nand one sees\n\n{last}"
            )


def _alike(text: str) -> str:
    """Without blanks: where a line is folded depends on the lengths of what stands in it."""
    text = " ".join(text.split())
    for varies, same in _VARIES:
        text = varies.sub(same, text)
    return text.replace(" ", "")


def _pattern(shown: str) -> re.Pattern[str]:
    return re.compile(re.escape(_alike(shown)).replace("…", ".*?"))
