"""What did the processes of this home write to their log files, and what do they write now?"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from local_mesh.home import Home
from nervous_system.errors import BadSetting

MAX_BYTES: Final = 4 * 1024 * 1024
"""Of the end of a file in which the last lines are looked for."""
MAX_LINE_BYTES: Final = 1024 * 1024
"""Of a line that is not ended yet: then it is shown as it is."""

_OF_NATS: Final = re.compile(
    r"\[\d+\] (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6}) \[(\w+)\] (.*)", re.ASCII
).fullmatch
"""A line of nats-server, by the clock of this place."""
_LEVELS: Final = {
    "TRC": "debug",
    "DBG": "debug",
    "INF": "info",
    "WRN": "warning",
    "ERR": "error",
    "FTL": "critical",
}


class LogLine(NamedTuple):
    """One line of one process."""

    service: str
    text: str  # without its end

    def fields(self) -> dict[str, Any]:
        """What it says by name; only its text, where a library or a crash wrote it."""
        if nats := _OF_NATS(self.text):
            moment, level, text = nats.groups()
            with suppress(ValueError, OverflowError):
                at = datetime.strptime(moment, "%Y/%m/%d %H:%M:%S.%f").astimezone(UTC)
                level = _LEVELS.get(level, level)
                return {"timestamp": at.isoformat(), "level": level, "text": text}
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            found = None
        return found if isinstance(found, dict) else {"text": self.text}

    @property
    def at(self) -> str:
        """When it was written, in ISO 8601; empty where it does not say."""
        at = self.fields().get("timestamp")
        return at if isinstance(at, str) else ""


def log_names(home: Home) -> list[str]:
    """Those who have a log there."""
    folder = home.log("any").parent
    return sorted(each.stem for each in folder.glob("*.log") if _is_file(each))


def chosen_logs(home: Home, service: str | None) -> list[str]:
    """One of them, or all. Raises BadSetting where there is none."""
    names = log_names(home)
    if not names:
        raise BadSetting(f"there are no logs in {home.log('any').parent}; no mesh was started here")
    if service is None:
        return names
    if service in names:
        return [service]
    close = get_close_matches(service, names, n=1)
    meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
    raise BadSetting(f"{service} has no log in {home.log('any').parent}; {meant}")


class ServiceLogs:
    """The files, read on from where they were read to. One that is set aside begins anew."""

    def __init__(self, home: Home, services: list[str]) -> None:
        self._files = {each: _Reading(home.log(each)) for each in services}

    def last(self, number: int) -> list[LogLine]:
        """The last lines of each, in the order in which they were written. Raises BadSetting where
        one cannot be read."""
        return self._in_order({each: file.last(number) for each, file in self._files.items()})

    def new(self) -> list[LogLine]:
        """What was written since."""
        return self._in_order({each: file.new() for each, file in self._files.items()})

    def _in_order(self, texts: Mapping[str, list[str]]) -> list[LogLine]:
        """By their times; one without goes with the line before it in its file, or the file."""
        found: list[tuple[str, LogLine]] = []
        for service, written in texts.items():
            at = self._files[service].written_at
            for text in written:
                line = LogLine(service, text)
                at = line.at or at
                found.append((at, line))
        return [line for _, line in sorted(found, key=lambda each: each[0])]


class _Reading:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._inode = 0
        self._unfinished_line = b""  # of a line that is not ended
        self.written_at = ""  # last, in ISO 8601

    def last(self, number: int) -> list[str]:
        try:
            with _open(self._path) as file:
                status = os.fstat(file.fileno())
                self._inode = status.st_ino
                self._position = max(0, status.st_size - MAX_BYTES)
                cut = self._position > 0
                lines = list(self._read(file))
        except OSError as error:
            raise BadSetting(f"{self._path} cannot be read: {error.strerror}") from error
        return lines[cut:][-number:] if number else []

    def new(self) -> list[str]:
        try:
            with _open(self._path) as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._position:
                    self._inode, self._position, self._unfinished_line = status.st_ino, 0, b""
                return list(self._read(file))
        except OSError:
            return []  # set aside just now; the next one is looked for

    def _read(self, file: BinaryIO) -> Iterator[str]:
        written = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        self.written_at = written.isoformat()
        file.seek(self._position)
        data = file.read()
        self._position += len(data)
        *ended, self._unfinished_line = (self._unfinished_line + data).split(b"\n")
        if len(self._unfinished_line) > MAX_LINE_BYTES:
            ended, self._unfinished_line = [*ended, self._unfinished_line], b""
        for line in ended:
            if text := line.decode(errors="replace").rstrip("\r"):
                yield text


def _open(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)
