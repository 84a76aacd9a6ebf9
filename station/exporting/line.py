"""What is one line of an exported file, and how is it written?"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ExportLine:
    """A line without its end, and the file it belongs to."""

    file: str
    text: str


def json_line(file: str, row: Mapping[str, Any]) -> ExportLine:
    """A row of a .jsonl file."""
    return ExportLine(file, json.dumps(row, sort_keys=True, ensure_ascii=False))


def csv_line(file: str, values: Iterable[str | int | float | bool | None]) -> ExportLine:
    """A row of a .csv file (RFC 4180); None is an empty field."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return ExportLine(file, text.getvalue())


def clock(moment: datetime) -> str:
    """A moment as the classic files write it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
