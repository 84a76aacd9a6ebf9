"""What does ClickHouse answer to somebody's own SQL? Asked as who only reads, within limits that a
query cannot lift."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from nervous_system.clickhouse.query import run_query
from nervous_system.clock import stopwatch
from nervous_system.errors import NotRunning, Permanent, QueryRefused
from nervous_system.settings import MeshSettings

ACCOUNT: Final = "analyst"
"""It may read the record and nothing else (docs/decisions/0023)."""
SECONDS: Final = 30
MAX_ROWS: Final = 10_000
MAX_ANSWER_BYTES: Final = 16 * 1024**2
"""Of JSON."""
_ENGINE_BYTES: Final = 128 * 1024**2
_AUTHENTICATION_FAILED: Final = 516
_FORMAT: Final = "JSONCompactEachRowWithNamesAndTypes"


class NoTable(Permanent):
    """A query whose answer is no table of rows."""


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """One column of an answer."""

    name: str
    type: str  # as ClickHouse calls it


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlAnswer:
    """Rows, each a list of values."""

    columns: list[AnswerColumn]
    rows: list[list[Any]]
    truncated: bool  # whether there are more
    seconds: float


@dataclass(frozen=True, slots=True)
class Question:
    """One that somebody may want to ask."""

    name: str
    text: str
    sql: str


@dataclass(frozen=True, slots=True)
class Analyst:
    """Who asks; with an empty URL nobody can."""

    url: str

    @classmethod
    def of(cls, settings: MeshSettings) -> Analyst:
        """With the password of the home, or the address of the account itself."""
        parts = urlsplit(settings.clickhouse_url)
        if not parts.hostname:
            return cls("")
        if parts.username != ACCOUNT:
            place = parts.netloc.rpartition("@")[2]
            own = parts._replace(netloc=f"{ACCOUNT}@{place}").geturl()
            settings = settings.model_copy(
                update={"clickhouse_url": own, "clickhouse_password": None}
            )
        return cls(settings.clickhouse_dsn)

    def ask(self, sql: str, *, max_rows: int) -> SqlAnswer:
        """Blocks. Raises QueryRefused with ClickHouse's own words, NoTable, NotRunning."""
        if not self.url:
            raise NotRunning("nobody said where ClickHouse is: set CLICKHOUSE_URL")
        asked = stopwatch()
        lines = self._lines(sql, max_rows)
        try:
            names, types = (_texts(next(lines, b"[]")) for _ in range(2))
            rows: list[list[Any]] = []
            size = 0
            truncated = False
            for line in lines:
                size += len(line)
                if len(rows) == max_rows or size > MAX_ANSWER_BYTES:
                    truncated = True
                    break
                rows.append(_values(line))
        except QueryRefused as error:
            if error.code == _AUTHENTICATION_FAILED:
                raise NotRunning(
                    f"ClickHouse does not know the password of its account {ACCOUNT} that the home"
                    " of mission control has"
                ) from error
            raise
        finally:
            lines.close()  # what is still to come is not wanted
        columns = [AnswerColumn(*each) for each in zip(names, types, strict=True)]
        return SqlAnswer(
            columns=columns, rows=rows, truncated=truncated, seconds=stopwatch() - asked
        )

    def _lines(self, sql: str, max_rows: int) -> Generator[bytes, None, None]:
        answer = run_query(
            self.url,
            sql,
            default_format=_FORMAT,
            settings={
                "max_execution_time": str(SECONDS),
                "max_result_rows": str(max_rows + 1),
                "max_result_bytes": str(_ENGINE_BYTES),
                "result_overflow_mode": "break",  # the rows so far, and not an error
                "output_format_json_quote_64bit_integers": "0",
                "output_format_json_validate_utf8": "1",
                "readonly": "1",  # so that a query changes no setting
            },
            silent_seconds=SECONDS + 5.0,
        )
        held = b""
        for piece in answer:
            *whole, held = (held + piece).split(b"\n")
            yield from whole
            if len(held) > MAX_ANSWER_BYTES:
                raise NoTable("one row of the answer is larger than an answer may be")
        if held:
            yield held


@cache
def questions() -> tuple[Question, ...]:
    """Those that have a name, in the order of their names; the first line of each file says what it
    asks."""
    found = []
    folder = files("operations.queries") / "questions"
    for each in sorted(folder.iterdir(), key=lambda file: file.name):
        if each.name.endswith(".sql"):
            said, _, sql = each.read_text(encoding="utf-8").partition("\n")
            name = each.name.removesuffix(".sql").replace("_", " ")
            found.append(Question(name, said.removeprefix("-- "), sql.strip()))
    return tuple(found)


def _values(line: bytes) -> list[Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise NoTable("the answer is no table of rows: leave FORMAT out, it is chosen here")
    return found


def _texts(line: bytes) -> list[str]:
    return [str(each) for each in _values(line)]
