"""What happened, as one file for somebody elsewhere: events, what services said of themselves,
versions and settings?"""

from __future__ import annotations

import io
import json
import platform
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from nervous_system.errors import NoSuch
from operations.queries.event_search import MAX_PAGE_BYTES, recorded_document
from operations.queries.record import Record
from operations.queries.setting_list import list_settings
from operations.queries.state.recorded_moment import RecordedMoment, recorded_moment

MAX_EVENTS: Final = 1_000_000
MAX_LOG_BYTES: Final = 16 * 1024**2
"""Of the end of each service's log."""
_BATCH: Final = 1_000
_PIECE_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What goes into it, once it was seen that it can be had."""

    record: Record
    first: RecordedMoment
    last: RecordedMoment
    logs: Path  # folder of the services' log files

    @classmethod
    def between(cls, record: Record, *, begin: str, end: str, logs: Path) -> Export:
        """From one moment to another, both included; absent: all. Raises NoSuch, UnknownMoment,
        NotRunning, QueryRefused."""
        last = recorded_moment(record, end or "now")
        first = recorded_moment(record, begin) if begin else RecordedMoment(0, 0, last.recorded_at)
        if (first.epoch, first.position) > (last.epoch, last.position):
            raise NoSuch(f"{begin} is behind {end or 'the end of the record'}")
        return cls(record=record, first=first, last=last, logs=logs)

    def pieces(self) -> Iterator[bytes]:
        """The bytes of a zip file. What goes wrong in the middle ends it, and leaves a file that
        cannot be opened. Raises NotRunning, QueryRefused."""
        sink = _Sink()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("versions.json", _json(_versions()))
            archive.writestr("settings.json", _json([asdict(each) for each in list_settings()]))
            archive.writestr(
                "range.json", _json({"from": asdict(self.first), "to": asdict(self.last)})
            )
            yield sink.taken()
            with archive.open("events.jsonl", "w", force_zip64=True) as file:
                for line in self._events():
                    file.write(line)
                    if sink.size > _PIECE_BYTES:
                        yield sink.taken()
            for log in sorted(self.logs.glob("*.log")):
                with archive.open(f"logs/{log.name}", "w", force_zip64=True) as file:
                    for piece in _end_of(log):
                        file.write(piece)
                        yield sink.taken()
        yield sink.taken()

    def _events(self) -> Generator[bytes, None, None]:
        after = (self.first.epoch, max(0, self.first.position - 1))
        left = MAX_EVENTS
        while left:
            rows = self.record.rows(
                "events_onward",
                after_epoch=after[0],
                after_seq=after[1],
                last_epoch=self.last.epoch,
                last_seq=self.last.position,
                most=min(_BATCH, left),
                max_bytes=MAX_PAGE_BYTES,
            )
            if not rows:
                return
            for row in rows:
                document = json.dumps(recorded_document(row), ensure_ascii=False)
                yield f"{document}\n".encode(errors="replace")
            after = (rows[-1]["epoch"], rows[-1]["seq"])
            left -= len(rows)
        yield b'{"left_out": "an export has a million events; the rest is behind the last one"}\n'


class _Sink(io.RawIOBase):
    """Where a zip file is written to, and taken from as it comes."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # any bytes
        self._held.append(bytes(data))
        self.size += len(data)
        return len(data)

    def taken(self) -> bytes:
        """What has come since."""
        found, self._held, self.size = b"".join(self._held), [], 0
        return found


def _end_of(log: Path) -> Iterator[bytes]:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - MAX_LOG_BYTES))
        left = MAX_LOG_BYTES
        while left > 0 and (piece := file.read(min(_PIECE_BYTES, left))):
            left -= len(piece)
            yield piece


def _versions() -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {each.name: each.version for each in distributions()},
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
