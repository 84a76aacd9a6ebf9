"""Which words does nobody use here any more? `python -m lint.refused_words`.

`refused_words.txt` beside this has a line for each: where it is refused, the word, and the field's
word for the same. A word is refused

- `text`: anywhere, as a whole word, in code, documents and tests;
- `name`: as a name in Python code;
- `module`: as the name of a Python file or of a folder with code.

A word that ends in `*` is the beginning of one. What the past is told with, CHANGELOG.md and this
list, is not looked into, nor is generated code.
"""

from __future__ import annotations

import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lint.tree import ROOT, is_python, said, texts

LIST: Final = Path(__file__).with_name("refused_words.txt")
TELLS_THE_PAST: Final = ("CHANGELOG.md", "lint/refused_words.txt")


@dataclass(frozen=True, slots=True)
class Refused:
    """One word, and what to say instead."""

    scope: str
    word: str
    instead: str

    @property
    def pattern(self) -> str:
        """As a regular expression of a whole word."""
        if self.word.endswith("*"):
            return rf"{re.escape(self.word[:-1])}\w*"
        return re.escape(self.word)


def read(path: Path = LIST) -> list[Refused]:
    """The list. Raises ValueError for a line that is not one."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            left, _, instead = line.partition(" -> ")
            scope, word = left.split()
            if scope not in ("text", "name", "module") or not instead:
                raise ValueError(f"{path.name}: {line!r} is no `scope word -> field's word`")
            found.append(Refused(scope, word, instead))
    return found


def problems(words: list[Refused]) -> Iterator[str]:
    """Each use of a refused word, a sentence each."""
    in_text, names, modules = (_matcher(words, each) for each in ("text", "name", "module"))
    for path in texts():
        shown = path.relative_to(ROOT)
        if str(shown) in TELLS_THE_PAST:
            continue
        for part in shown.with_suffix("").parts if is_python(path) else ():
            yield from _complaints(modules, part, str(shown))
        text = path.read_text(encoding="utf-8")
        if in_text.anywhere(text):
            for number, line in enumerate(text.splitlines(), 1):
                yield from _complaints(in_text, line, f"{shown}:{number}")
        if is_python(path) and names.anywhere(text):
            yield from _names(path, names)


def _names(path: Path, names: _Matcher) -> Iterator[str]:
    with tokenize.open(path) as source:
        for token in tokenize.generate_tokens(source.readline):
            if token.type == tokenize.NAME:
                yield from _complaints(
                    names, token.string, f"{path.relative_to(ROOT)}:{token.start[0]}"
                )


@dataclass(frozen=True, slots=True)
class _Matcher:
    whole: re.Pattern[str]
    words: list[Refused]

    def anywhere(self, text: str) -> bool:
        """Whether it is worth while to look closer, which takes a hundred times as long."""
        return any(each.word.removesuffix("*") in text for each in self.words)

    def find(self, text: str) -> Iterator[tuple[str, str]]:
        """What is refused in a text, and what to say instead."""
        for match in self.whole.finditer(text):
            number = next(n for n, group in enumerate(match.groups()) if group is not None)
            yield match[0], self.words[number].instead


def _matcher(words: list[Refused], scope: str) -> _Matcher:
    chosen = [each for each in words if each.scope == scope]
    alternatives = "|".join(f"({each.pattern})" for each in chosen) or r"(?!)"
    edges = (r"^(?:", r")$") if scope != "text" else (r"(?<![\w.])(?:", r")(?!\w)")
    return _Matcher(re.compile(alternatives.join(edges)), chosen)


def _complaints(matcher: _Matcher, text: str, where: str) -> Iterator[str]:
    for found, instead in matcher.find(text):
        yield f"{where}: `{found}` is refused: say {instead}"


if __name__ == "__main__":
    sys.exit(said(problems(read())))
