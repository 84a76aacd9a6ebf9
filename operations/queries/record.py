"""What do the tables of ClickHouse say, within bounds of time, rows and bytes? For whoever asks on
behalf of many, and cannot wait."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from nervous_system.clickhouse.error_families import Unmigrated, family_of
from nervous_system.clickhouse.query import run_query
from nervous_system.errors import NotRunning, QueryRefused, Transient
from operations.queries.caught_up import watermark

SECONDS: Final = 10.0
"""Who asks holds a thread meanwhile, and there are not many."""
MAX_ROWS: Final = 200_000
MAX_BYTES: Final = 64 * 1024**2

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST: Final = datetime(1971, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Between these are all times of rows."""

Parameter = str | int | datetime | Sequence[str]
Row = dict[str, Any]

_FOLDER: Final = files("operations.queries") / "sql"
_INCLUDED: Final = ("is_failure", "is_routine")
"""Conditions that several questions have, `%so%`: files of their own."""


@dataclass(frozen=True, slots=True)
class Record:
    """The tables at one address. Nothing is asked before a method is called; those block, each at
    most for so many `seconds` in which ClickHouse says nothing."""

    clickhouse_url: str
    seconds: float = SECONDS

    def rows(self, name: str, /, **parameters: Parameter) -> list[Row]:
        """The rows of `sql/<name>.sql`. A column whose name ends in `_at` holds microseconds since
        1970, and is a datetime here. Raises NotRunning, QueryRefused."""
        lines = self._answer(name, parameters, form="JSONEachRow").splitlines()
        return [with_times(json.loads(line)) for line in lines]

    def columns(self, name: str, /, **parameters: Parameter) -> dict[str, list[Any]]:
        """The same, column by column, for many rows. Raises as `rows`."""
        found: dict[str, list[Any]] = json.loads(self._answer(name, parameters, form="JSONColumns"))
        return found

    def as_of(self) -> int:
        """The position up to which the tables have the log. To be asked first: what comes meanwhile
        is more than was promised. Raises as `rows`."""
        try:
            return watermark(self.clickhouse_url, silent_seconds=self.seconds)
        except QueryRefused as error:
            raise _as_ours(error) from error

    def _answer(self, name: str, parameters: Mapping[str, Parameter], *, form: str) -> bytes:
        settings = {
            **{f"param_{name}": as_parameter(value) for name, value in parameters.items()},
            "output_format_json_quote_64bit_integers": "0",
            "output_format_json_validate_utf8": "1",
            "max_execution_time": f"{self.seconds:g}",
            "max_result_rows": str(MAX_ROWS),
            "max_result_bytes": str(MAX_BYTES),
        }
        try:
            answer = run_query(
                self.clickhouse_url,
                statement(name),
                default_format=form,
                settings=settings,
                silent_seconds=self.seconds,
            )
            return b"".join(answer)
        except QueryRefused as error:
            raise _as_ours(error) from error


@cache
def statement(name: str) -> str:
    """The text of a question."""
    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    for each in _INCLUDED:
        if (mark := f"%{each}%") in text:
            text = text.replace(mark, statement(each))
    return text


def as_parameter(value: Parameter) -> str:
    """As ClickHouse reads the value of a `{name:Type}`."""
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, datetime):
        return str((min(max(value, EARLIEST), LATEST) - EPOCH) // timedelta(microseconds=1))
    texts = (each.replace("\\", "\\\\").replace("'", "\\'") for each in value)
    return "[" + ",".join(f"'{each}'" for each in texts) + "]"


def with_times(row: Row) -> Row:
    """The row with datetimes where a column's name ends in `_at`, which holds microseconds."""
    return {
        key: EPOCH + timedelta(microseconds=value)
        if key.endswith("_at") and isinstance(value, int)
        else value
        for key, value in row.items()
    }


def _as_ours(error: QueryRefused) -> QueryRefused | NotRunning:
    """NotRunning for what may be answered later: also tables that are not there yet, as the
    ingestor makes them when it starts."""
    family = family_of(error.code, str(error), reads=True)
    return NotRunning(str(error)) if isinstance(family, Transient | Unmigrated) else error
