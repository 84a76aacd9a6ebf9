"""How does a statement travel through the engine: rows out through a pipe, data in by pieces,
everything else at once?"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from embedded_clickhouse.answer import QueryAnswer
from embedded_clickhouse.engine import Engine, EngineConnection, descriptor_path
from embedded_clickhouse.exceptions import ClickHouseError, Code, refusal
from embedded_clickhouse.native import (
    BUFFERS,
    COLUMNS_FORMAT,
    BlockEncoder,
    NativeColumn,
    columns_statement,
    in_format,
    is_select,
    read_columns,
)
from embedded_clickhouse.request import DEFAULT_OUTPUT_FORMAT, ExternalTable
from embedded_clickhouse.session_setup import INPUT_TABLE, create_table
from embedded_clickhouse.sessions import run_all
from embedded_clickhouse.spool import Spool
from embedded_clickhouse.sql import Statement, parse_statement, quote, quote_name
from embedded_clickhouse.threads import Threads, wait_settled

PIPE_BYTES = 1 << 20
"""How far the engine may run ahead of its reader."""
KILL_AGAIN_SECONDS = 0.2
_MANY_COLUMNS = " SETTINGS max_result_rows = 100000, max_result_bytes = 100000000"
"""The bounds that a request sets for its rows are not for its columns."""


class Rows(Protocol):
    """The bytes of an answer, as they come."""

    async def read(self, size: int, /) -> bytes:
        """The next bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A read under way: its output so far, and the promise of its counts."""

    rows: Rows
    answer: asyncio.Future[QueryAnswer]


@dataclass(frozen=True, slots=True)
class _Infile:
    """An INSERT that reads a file: what stands before and after the file's name."""

    into: bytes
    settings: bytes
    input_format: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def statement(self, path: str) -> bytes:
        """The statement for the file at `path`."""
        name, file = self.input_format.encode(), quote(path).encode()
        return self.into + b" FROM INFILE " + file + b" " + self.settings + b" FORMAT " + name


class Execution:
    """Runs statements on connections, in threads."""

    def __init__(self, *, engine: Engine, threads: Threads) -> None:
        self._engine = engine
        self._threads = threads

    async def prepare(self, connection: EngineConnection, statements: Sequence[str]) -> None:
        """Run what makes a connection fit for its request. Raises `ClickHouseError`."""
        if statements:
            await self._threads.run(run_all, connection, statements)

    async def run(
        self, connection: EngineConnection, statement: Statement, output_format: str, *, token: str
    ) -> QueryAnswer:
        """Run a statement that neither streams rows nor takes data. Whoever is cancelled meanwhile
        ends it."""
        marker = _marker(token)
        text = statement.text[: statement.end] + f"\n{marker}".encode()
        answer = self._threads.start(
            connection.run, text, output_format=output_format, parameters=statement.parameters
        )
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            await wait_settled(
                asyncio.create_task(self._stop(answer, marker), name=f"stop {token}")
            )
            raise
        except ClickHouseError as error:
            raise error.without_words(marker) from error

    @asynccontextmanager
    async def read(
        self,
        connection: EngineConnection,
        statement: Statement,
        output_format: str,
        *,
        token: str,
        before: Callable[[], None] | None = None,
    ) -> AsyncIterator[Reading]:
        """Run a read, and `before` in the same thread ahead of it. Leaving the block before its end
        kills the statement; the connection is free afterwards."""
        read_end, write_end = os.pipe()
        with contextlib.suppress(
            OSError
        ):  # over the user's pipe quota: the usual 64 KiB do as well
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        marker = _marker(token)
        text = _into_pipe(statement, output_format, descriptor_path(write_end), marker)
        loop = asyncio.get_running_loop()
        rows = asyncio.StreamReader(limit=PIPE_BYTES)
        pipe, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(rows), os.fdopen(read_end, "rb", buffering=0)
        )
        answer = self._threads.start(
            _run_and_close, connection, statement, output_format, text, write_end, before
        )
        try:
            yield Reading(rows, answer)
        finally:
            pipe.close()
            stopping = asyncio.create_task(self._stop(answer, marker), name=f"stop {token}")
            await wait_settled(stopping)
            stopping.result()

    @asynccontextmanager
    async def read_native(
        self, connection: EngineConnection, statement: Statement, *, version: int, token: str
    ) -> AsyncIterator[Reading]:
        """Run a SELECT whose rows are wanted in Native, for a client of this protocol version."""
        encoders: list[BlockEncoder] = []  # one, before the first of the rows comes

        def describe() -> None:
            columns = _columns(connection, statement, marker=_marker(token))
            encoders.append(BlockEncoder(columns, version=version))

        buffers = in_format(statement, BUFFERS)
        async with self.read(connection, buffers, BUFFERS, token=token, before=describe) as reading:
            yield Reading(_NativeRows(reading.rows, encoders), reading.answer)

    async def insert(
        self,
        connection: EngineConnection,
        statement: Statement,
        data: Spool,
        input_format: str,
        *,
        token: str,
    ) -> QueryAnswer:
        """Insert `data`. When it returns, the rows are stored.

        The engine's own streaming insert is not used: in chDB 4.4 it runs no materialized view
        that has a scalar subquery, stores nothing there, and says nothing.
        """
        call, parameters = statement.input_call, statement.parameters
        head_end = statement.end if statement.format_start is None else statement.format_start
        text = statement.text[:head_end]
        if call is None:
            cut = statement.settings_start or head_end
            marked = text[:cut] + f"\n{_marker(token)}\n".encode()
            file = _Infile(marked, text[cut:], input_format, parameters)
            return await self._load(connection, file, data)
        structure = call.structure.decode("utf-8", "replace")
        table = ExternalTable(INPUT_TABLE, structure, input_format)
        async with self.temporary_table(connection, table, data):
            text = text[: call.start] + INPUT_TABLE.encode() + text[call.end :]
            text += f"\n{_marker(token)}".encode()
            return await self._threads.run(connection.run, text, parameters=parameters)

    @asynccontextmanager
    async def temporary_table(
        self, connection: EngineConnection, table: ExternalTable, data: Spool
    ) -> AsyncIterator[None]:
        """Have a temporary table of `data` while the block lasts."""
        name = quote_name(table.name)
        await self._threads.run(run_all, connection, [create_table(table)])
        into = f"INSERT INTO TABLE {name}"
        try:
            file = _Infile(into.encode("utf-8", "surrogateescape"), b"", table.input_format)
            await self._load(connection, file, data)
            yield
        finally:
            await self._threads.run(run_all, connection, [f"DROP TEMPORARY TABLE IF EXISTS {name}"])

    async def _load(self, connection: EngineConnection, file: _Infile, data: Spool) -> QueryAnswer:
        text = file.statement(descriptor_path(data.descriptor))
        return await self._threads.run(connection.run, text, parameters=file.parameters)

    async def _stop(self, answer: asyncio.Future[QueryAnswer], marker: str) -> None:
        """Wait for a read to end, and make it end. It may not have reached the engine yet: ask
        until it is over."""
        while not answer.done():
            await self._kill(marker)
            await asyncio.wait({answer}, timeout=KILL_AGAIN_SECONDS)
        await wait_settled(answer)

    async def written_down(self, statement: Statement) -> Statement:
        """The statement as the engine's parser writes it: whatever is put together from its parts
        is put together from whole ones. Raises `ClickHouseError` (62)."""
        text = statement.text[: statement.end]
        plain = await self._threads.run(self._engine.written_down, text)
        return replace(parse_statement(plain), parameters=statement.parameters)

    async def kill(self, token: str) -> None:
        """End the statement of this token, if the engine runs it."""
        await self._kill(_marker(token))

    async def _kill(self, marker: str) -> None:
        await self._threads.run(self._engine.kill, marker)


class _NativeRows:
    """Rows that come as Buffers, and are read as Native."""

    def __init__(self, buffers: Rows, encoders: Sequence[BlockEncoder]) -> None:
        self._buffers = buffers
        self._encoders = encoders

    async def read(self, size: int, /) -> bytes:
        while piece := await self._buffers.read(size):
            if encoded := self._encoders[0].encode(piece):
                return encoded
        return b""


def _columns(
    connection: EngineConnection, statement: Statement, *, marker: str
) -> list[NativeColumn]:
    """The columns that a SELECT will have. Raises `ClickHouseError`, about the client's own text
    where there is something wrong with it."""
    settings = ""
    while True:
        describing = columns_statement(statement, settings=settings)
        try:
            answer = connection.run(
                describing.text + f"\n{marker}".encode(),
                output_format=COLUMNS_FORMAT,
                parameters=statement.parameters,
            )
        except ClickHouseError as error:
            if error.code == Code.TOO_MANY_ROWS_OR_BYTES and not settings:
                settings = _MANY_COLUMNS
                continue
            connection.provoke(statement.text[: statement.end], parameters=statement.parameters)
            raise error.without_words(marker) from error
        return read_columns(answer.body)


def _marker(token: str) -> str:
    """By what a statement is found among those that run."""
    return f"/* ganglion:{token} */"


def _into_pipe(statement: Statement, output_format: str, path: str, marker: str) -> bytes:
    """The statement with an INTO OUTFILE before its FORMAT clause, and its marker at the very
    end."""
    outfile = f"\nINTO OUTFILE '{path}' TRUNCATE\n".encode()
    if statement.format_start is None:
        tail = f"FORMAT {output_format}".encode()
        head = statement.text[: statement.end]
    else:
        tail = statement.text[statement.format_start : statement.end]
        head = statement.text[: statement.format_start]
    return head + outfile + tail + f"\n{marker}".encode()


def _run_and_close(
    connection: EngineConnection,
    statement: Statement,
    output_format: str,
    text: bytes,
    write_end: int,
    before: Callable[[], None] | None,
) -> QueryAnswer:
    """Run a statement that writes to a pipe. The reader sees its end when both writers have closed
    it.

    What the parser refuses is asked again without our INTO OUTFILE: the error is then about the
    client's own text. A statement that only has no place for INTO OUTFILE still gets its rows,
    unless it could be any number of them: those are held in memory.
    """
    with open(write_end, "wb", buffering=0) as pipe:
        if before is not None:
            before()
        try:
            return connection.run(
                text, output_format=DEFAULT_OUTPUT_FORMAT, parameters=statement.parameters
            )
        except ClickHouseError as error:
            if error.code != Code.SYNTAX_ERROR:
                raise
            plain = statement.text[: statement.end]
            if is_select(statement):
                connection.provoke(plain, parameters=statement.parameters)
                raise
        answer = connection.run(plain, output_format=output_format, parameters=statement.parameters)
        rest = memoryview(answer.body)
        while rest:
            rest = rest[pipe.write(rest) :]
        return answer


def check_single(statement: Statement) -> None:
    """Refuse what the HTTP interface never runs. Raises `ClickHouseError`."""
    if not statement.words:
        raise refusal(Code.SYNTAX_ERROR, "Empty query")
    if not statement.is_single:
        raise refusal(
            Code.SYNTAX_ERROR, "Syntax error: Multi-statements are not allowed; send one at a time"
        )
    if statement.names_file:
        raise refusal(
            Code.INTO_OUTFILE_NOT_ALLOWED,
            "INTO OUTFILE and FROM INFILE are not allowed over HTTP; the data travels in the body",
        )
