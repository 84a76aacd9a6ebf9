"""
How does a command say something? Through here, and nowhere else: a linter holds the door.

Whatever stands in a line from outside (ids, subjects, reasons, somebody's bytes) is shown as what
it is: it moves no cursor, sets no clipboard and begins no line of its own. Into a pipe as well,
because the other end of a pipe, and a file, is a terminal again at some time.
"""

from __future__ import annotations

import codecs
import shutil
import sys
from collections.abc import Iterable, Sequence

import typer

from nervous_system.visible import visible, visible_json


def say(line: str, *, err: bool = False) -> None:
    """One line, on stdout or stderr. Several are several calls: a break within one is shown."""
    typer.echo(visible(line), err=err)


def say_cells(cells: Sequence[str]) -> None:
    """One line, with tabs between its cells: for programs that cut it there."""
    typer.echo("\t".join(map(visible, cells)))


def say_json(document: str) -> None:
    """A JSON text for programs: the same value, in characters that a terminal does not obey."""
    typer.echo(visible_json(document))


def confirmed(sentence: str) -> bool:
    """Whether a person at the terminal says yes to it; anything else is no. stdout stays clean,
    which `typer.confirm` does not leave it."""
    typer.echo(f"{visible(sentence)}. Go on? [y/N] ", err=True, nl=False)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def say_answer(pieces: Iterable[bytes], *, is_json: bool) -> None:
    """
    The database's answer as it comes.

    On a terminal, and as JSON, it is shown as text is, with its line breaks and tabs. Elsewhere it
    is the bytes themselves: whoever asks for a format into a pipe wants them exact.
    """
    if not is_json and not sys.stdout.isatty():
        for piece in pieces:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        return
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    for piece in pieces:
        text = decoder.decode(piece)
        typer.echo(visible_json(text) if is_json else visible(text, keep="\n\t"), nl=False)


def on_terminal(line: str) -> str:
    """
    The line as it is shown, cut with an ellipsis where the terminal ends; whole where stdout is
    none.
    """
    from rich.cells import cell_len, set_cell_size

    line = visible(line)
    if not sys.stdout.isatty():
        return line
    width = shutil.get_terminal_size().columns
    if cell_len(line) <= width:
        return line
    return f"{set_cell_size(line, width - 1).rstrip()}…"
