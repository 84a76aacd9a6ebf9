"""How is a statement run inside this process? The only file that knows chDB. Everything here
blocks: call it in a thread.

What was found out about chDB 4.4 and shapes this file:
- Connections to one path share one engine and are independent: each has its own settings, database,
  roles and temporary
  tables, and statements on different connections run at the same time (the GIL is released). One
  connection costs 0.5 ms.
- `send_query` formats every block as a document of its own, which breaks JSON, Arrow, Parquet and
  everything with a header.
  `INTO OUTFILE` into a pipe gives any format as one true stream, with backpressure. A closed pipe
  does not stop the
  engine; `KILL QUERY` does.
- `send_insert` takes raw bytes of any input format, but no `INSERT … SELECT`.
- `query(…, params=…)` takes the values of `{name:Type}`, for one statement and of any length (in a
  SET they count against `max_query_size`). They must be valid `str`: bytes become `b'…'`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import chdb

from ganglion.engines.clickhouse.answer import Answer
from ganglion.engines.clickhouse.configuration import engine_configuration, users_configuration
from ganglion.engines.clickhouse.exceptions import from_engine
from ganglion.engines.clickhouse.sql import quote
from ganglion.engines.store_lock import LOCK_FILE, holders_of

_native: Any = chdb._chdb

CONFIGURATION_FILE = "ganglion-engine.xml"
USERS_FILE = "ganglion-users.xml"


class EngineStartError(Exception):
    """The engine can't be opened. The sentence says where and why."""


class Connection:
    """One connection to the engine: its own settings, roles, database and temporary tables. One
    caller at a time."""

    def __init__(self, native: Any) -> None:
        self._native = native

    def run(
        self,
        statement: bytes,
        *,
        output_format: str = "TabSeparated",
        parameters: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run `statement` and return its whole output. `parameters` are the values of its
        `{name:Type}`, for this run only. Raises `ClickHouseError`."""
        try:
            result = self._native.query(statement, output_format, params=dict(parameters or {}))
        except RuntimeError as error:
            raise from_engine(str(error)) from error
        if result.has_error():
            raise from_engine(result.error_message())
        return Answer(
            body=result.bytes(),
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            result_rows=result.rows_read(),
            result_bytes=result.bytes_read(),
            elapsed_seconds=result.elapsed(),
        )

    def provoke(self, statement: bytes, *, parameters: Mapping[str, str]) -> None:
        """Begin `statement`, only to hear what is wrong with it. Raises `ClickHouseError`."""
        try:
            begun = self._native.send_query(statement, "Null", params=dict(parameters))
        except RuntimeError as error:
            raise from_engine(str(error)) from error
        self._native.streaming_cancel_query(begun)

    def close(self) -> None:
        """Give the connection back. Its temporary tables are gone."""
        self._native.close()


class Engine:
    """The engine of one data folder. One per process; the folder is locked against other
    processes."""

    def __init__(self, *, path: Path, max_memory_bytes: int) -> None:
        self.path = path
        self._max_memory_bytes = max_memory_bytes
        self._root: Connection | None = None
        self._lock: IO[str] | None = None

    def open(self) -> None:
        """Start the engine. Raises `EngineStartError`."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            users_file = self.path / USERS_FILE
            users_file.write_text(users_configuration(), encoding="utf-8")
            configuration = engine_configuration(
                users_file=users_file, max_memory_bytes=self._max_memory_bytes
            )
            (self.path / CONFIGURATION_FILE).write_text(configuration, encoding="utf-8")
        except OSError as error:
            raise EngineStartError(
                f"Cannot write to the data folder {self.path}: {error.strerror}."
            ) from error
        self._root = self.connect()

    def _take_lock(self) -> None:
        """The engine locks its folder too, but tells of it on stderr only."""
        lock = (self.path / LOCK_FILE).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            named = ", ".join(f"{name}, pid {pid}" for pid, name in holders_of(self.path).items())
            raise EngineStartError(
                f"The data folder {self.path} is in use by another process"
                f"{f' ({named})' if named else ''}."
                " Stop that one, or choose another folder with --path."
            ) from error
        self._lock = lock

    def connect(self) -> Connection:
        """A new connection, with the rights of `default`. Raises `EngineStartError`."""
        options = f"{self.path}?config-file={self.path / CONFIGURATION_FILE}"
        try:
            return Connection(_native.connect(options))
        except RuntimeError as error:
            raise EngineStartError(f"chDB cannot open {self.path}: {error}") from error

    def kill(self, marker: str) -> None:
        """End the running statement whose text ends with `marker`. It may have ended by itself."""
        connection = self.connect()
        try:
            connection.run(
                b"KILL QUERY WHERE endsWith(query, " + quote(marker).encode() + b") ASYNC"
            )
        finally:
            connection.close()

    def close(self) -> None:
        """Stop the engine. No statement may be running."""
        root, self._root = self._root, None
        if root is not None:
            root.close()
        if self._lock is not None:
            self._lock.close()


def descriptor_path(descriptor: int) -> str:
    """The path under which the engine, in this process, opens a file descriptor of ours."""
    return f"/proc/{os.getpid()}/fd/{descriptor}"
