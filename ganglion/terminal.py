"""
How does a command say something? Through here, and nowhere else: a linter holds the door.

Whatever stands in a line from outside (ids, subjects, reasons, somebody's bytes) is shown as what
it is: it moves no cursor, sets no clipboard and begins no line of its own. Into a pipe as well,
because the other end of a pipe, and a file, is a terminal again at some time.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable, Iterator, Sequence

import typer

from ganglion.widths import fold, screen_width
from nervous_system.visible import visible, visible_json


def say(line: str, *, err: bool = False, hang: str | None = None) -> None:
    """
    One line, on stdout or stderr. Several are several calls: a break within one is shown.

    On a terminal it is folded between words; `hang` is what further lines begin with.
    """
    width = screen_width(sys.stderr if err else sys.stdout)
    line = visible(line)
    for each in [line] if width is None else fold(line, width, hang=hang):
        typer.echo(each, err=err)


def warn(sentence: str) -> None:
    """Beside the answer, which is given all the same: on stderr."""
    say(f"ganglion: {sentence}", err=True)


def say_exactly(line: str) -> None:
    """What is copied as it is, an address or a key: on one line, however long it is."""
    typer.echo(visible(line))


def say_cells(cells: Sequence[str]) -> None:
    """One line, with tabs between its cells: for programs that cut it there."""
    typer.echo("\t".join(map(visible, cells)))


def say_json(document: str) -> None:
    """A JSON text for programs: the same value, in characters that a terminal does not obey."""
    typer.echo(visible_json(document))


def confirm(sentence: str) -> bool:
    """Whether a person at the terminal says yes to it; anything else is no. stdout stays clean,
    which `typer.confirm` does not leave it."""
    typer.echo(f"{visible(sentence)}. Go on? [y/N] ", err=True, nl=False)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def say_answer(pieces: Iterable[bytes], *, is_json: bool, folds: bool = False) -> None:
    """
    The database's answer as it comes.

    On a terminal, and as JSON, it is shown as text is, with its line breaks and tabs; where it
    `folds`, long lines of it are folded. Elsewhere it is the bytes themselves: whoever asks for a
    format into a pipe wants them exact.
    """
    if not is_json and not sys.stdout.isatty():
        for piece in pieces:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        return
    if folds and not is_json:
        for line in _lines(pieces):
            say(line)
        return
    for text in _texts(pieces):
        typer.echo(visible_json(text) if is_json else visible(text, keep="\n\t"), nl=False)


def _texts(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    for piece in pieces:
        yield decoder.decode(piece)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    left = ""
    for text in _texts(pieces):
        *whole, left = (left + text).split("\n")
        yield from whole
    if left:
        yield left
