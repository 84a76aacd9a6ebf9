"""
What do the files of a station say?

From a folder to frozen rows, and a sentence for each line that is none.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from importers.foreign_file import read_foreign
from importers.refusal import ImportRefused
from nervous_system.contract.truncation import recordable
from station.names import REGISTRY, ROW_FILES, WHOLE_FILES

MAX_FILE_BYTES: Final = 64 * 1024**2
MAX_ROW_BYTES: Final = 128 * 1024
"""An event holds its row twice: as it was, and in fields."""
_MAX_NAMED: Final = 10
_MAX_PROBLEMS: Final = 1_000
"""Of one file that are named; the others are counted."""
_BYTE_ORDER_MARK: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file, a JSON object."""

    file: str
    line: int  # 1, 2, 3 …
    text: str  # as it was, without byte-order mark and the space around it
    fields: Mapping[str, Any]
    content: str  # the same for the same object, however it was written
    repeat: int  # 1, 2, 3 …: how many such objects the file has had up to here


@dataclass(frozen=True, slots=True)
class StationFolder:
    """A station as it was found."""

    name: str
    whole: Mapping[str, bytes]  # by file; one that is missing is not in it
    rows: Mapping[str, tuple[Row, ...]]
    refused: tuple[str, ...] = ()  # a sentence for each line and file that cannot be read

    def require_whole(self) -> None:
        """Raises ImportRefused, which names them, where lines or files cannot be read. Who takes a
        station up needs all of it: a row that is left out may say that a task is done."""
        if self.refused:
            raise _not_readable(self.name, self.refused)

    def rows_of(self, file: str) -> tuple[Row, ...]:
        """The rows of one file; none where it is missing."""
        return self.rows.get(file, ())


def read_station(path: Path) -> StationFolder:
    """
    Everything in the station at `path`.

    A line that is not what it should be is named in `refused`, and so is a file that cannot be
    read; the others are taken. Raises ImportRefused where there is no station, or nothing of it can
    be read.
    """
    name = recordable(str(path))
    if not path.is_dir():
        raise ImportRefused(f"{name} is not a folder; name the one that holds the station's files")
    whole: dict[str, bytes] = {}
    rows: dict[str, tuple[Row, ...]] = {}
    problems: list[str] = []
    for file in (*WHOLE_FILES, *ROW_FILES):
        try:
            data = read_foreign(path / file, max_bytes=MAX_FILE_BYTES)
        except ImportRefused as error:
            problems.append(str(error))
            continue
        if data is None:
            continue
        if file == REGISTRY or file in ROW_FILES:
            found, wrong = parse_rows(data, file=file)
        else:
            found = ()
            wrong = [] if (at := _not_utf8(data)) is None else [f"{file}: not UTF-8 at byte {at}"]
        problems += wrong
        if file in ROW_FILES:
            rows[file] = found
        elif not wrong:  # it is taken as a whole, or not at all
            whole[file] = data
            rows |= {file: found} if file == REGISTRY else {}
    if problems and not whole and not any(rows.values()):
        raise _not_readable(name, problems)
    if not whole and not rows:
        files = ", ".join((*WHOLE_FILES, *ROW_FILES))
        raise ImportRefused(f"{name} holds none of a station's files ({files}); is it another?")
    return StationFolder(name, whole, rows, tuple(problems))


def _not_readable(name: str, problems: Sequence[str]) -> ImportRefused:
    more = len(problems) - _MAX_NAMED
    named = "; ".join(problems[:_MAX_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return ImportRefused(
        f"{name} cannot be imported: {named}. Nothing of it was; mend or remove these lines"
    )


def parse_rows(data: bytes, *, file: str) -> tuple[tuple[Row, ...], list[str]]:
    """The rows in these bytes, and what is wrong with the lines that are none. Pure."""
    rows: list[Row] = []
    problems: list[str] = []
    repeats: Counter[str] = Counter()
    more = 0
    for line, raw in enumerate(data.split(b"\n"), 1):
        try:
            text = raw.decode().strip().strip(_BYTE_ORDER_MARK).strip()
            if not text:
                continue
            fields = _object(text)
        except UnicodeDecodeError as error:
            problems.append(f"{file}:{line}: not UTF-8 at byte {error.start + 1}")
        except json.JSONDecodeError as error:
            problems.append(f"{file}:{line}: not JSON at column {error.colno}: {error.msg}")
        except RecursionError:
            problems.append(f"{file}:{line}: nested too deeply")
        except ValueError as error:
            problems.append(f"{file}:{line}: {error}")
        else:
            content = json.dumps(fields, sort_keys=True, separators=(",", ":"))
            repeats[content] += 1
            rows.append(Row(file, line, text, fields, content, repeats[content]))
        if len(problems) > _MAX_PROBLEMS:
            problems.pop()
            more += 1
    if more:
        problems.append(f"{file}: {more:,} more of its lines")
    return tuple(rows), problems


def _object(text: str) -> dict[str, Any]:
    if len(text.encode()) > MAX_ROW_BYTES:
        raise ValueError(f"longer than {MAX_ROW_BYTES // 1024} KiB")
    value = json.loads(text, parse_constant=_no_number)
    if not isinstance(value, dict):
        raise ValueError(f"not a JSON object but {text[:20]}")
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"not JSON: {name} is not a number")


def _not_utf8(data: bytes) -> int | None:
    """The byte, from 1, at which it stops to be UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start + 1
    return None
