"""How does ClickHouse's HTTP interface look from outside? The shell: a request comes in, a
statement runs, an answer leaves."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from urllib.parse import urlsplit

from aiohttp import BodyPartReader, StreamReader, web

from ganglion.engines.clickhouse.admission import Places
from ganglion.engines.clickhouse.body import Body
from ganglion.engines.clickhouse.compression import Decoder, choose_encoding
from ganglion.engines.clickhouse.exceptions import ClickHouseError, Code, refusal
from ganglion.engines.clickhouse.execution import Execution, check_single
from ganglion.engines.clickhouse.preparation import readonly_statement, request_statements
from ganglion.engines.clickhouse.reply import Reply, StreamBrokenError
from ganglion.engines.clickhouse.request import (
    DEFAULT_OUTPUT_FORMAT,
    Ask,
    ExternalTable,
    external_table,
    read_ask,
    with_fields,
)
from ganglion.engines.clickhouse.response import ServerIdentity, base_headers, exception_tag
from ganglion.engines.clickhouse.sessions import Session, Sessions
from ganglion.engines.clickhouse.sql import Statement, parse_statement
from ganglion.engines.clickhouse.threads import Threads
from ganglion.engines.clickhouse.users import User, Users, check_allowed

HEAD_BYTES = 256 * 1024
"""How much of a body is looked at to find where the data of an INSERT begins: ClickHouse's own
`max_query_size`."""
MAX_STATEMENT_BYTES = 64 << 20
MAX_FORM_BYTES = 256 << 20
"""External tables of one request, in all: they are held until the statement is known."""
_KEEPS_READONLY = frozenset({"SET", "USE", "CHECK"})
_FORMAT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class ClickHouseServer:
    """ClickHouse's HTTP interface over one engine."""

    def __init__(
        self,
        *,
        users: Users,
        places: Places,
        sessions: Sessions,
        execution: Execution,
        threads: Threads,
        encodings: frozenset[str],
        identity: ServerIdentity,
        new_id: Callable[[], str],
    ) -> None:
        self._users = users
        self._places = places
        self._sessions = sessions
        self._execution = execution
        self._threads = threads
        self._encodings = encodings
        self._identity = identity
        self._new_id = new_id
        self._is_draining = False

    def application(self) -> web.Application:
        """The routes, for aiohttp to serve."""
        application = web.Application()
        application.router.add_get("/ping", self._ping)
        application.router.add_get("/replicas_status", self._ping)
        application.router.add_route("*", "/{path:.*}", self._handle)
        return application

    def start_draining(self) -> None:
        """Refuse new statements from now on."""
        self._is_draining = True

    async def _ping(self, _request: web.Request) -> web.StreamResponse:
        if self._is_draining:
            return web.Response(status=503, text="This server is about to stop.\n")
        return web.Response(text="Ok.\n", content_type="text/html", charset="UTF-8")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path not in ("/", "/query"):
            text = f"There is no handle {request.path}\n\nUse / for statements, /ping for health.\n"
            return web.Response(status=404, text=text)
        query_id = self._new_id()
        reply = self._reply(request, None, query_id)
        try:
            _check_origin(request)
            ask = read_ask(
                method=request.method,
                query_string=request.raw_path.partition("?")[2],
                headers=request.headers,
            )
            if ask.is_safe_method and not ask.query:
                return await self._ping(request)
            user = self._users.authenticate(ask.credentials)
            if self._is_draining:
                raise refusal(
                    Code.ABORTED, "This server is about to stop; try again when it is back"
                )
            body = self._body(request.content, ask)
            tables: list[tuple[ExternalTable, bytes]] = []
            if ask.is_multipart:
                ask, tables = await self._read_form(request, ask)
                body = self._body(_Nothing(), ask)
            reply = self._reply(request, ask, ask.query_id or query_id)
            statement, data = await _read_statement(ask, body)
            statement = replace(statement, parameters=ask.parameters)
            check_single(statement)
            check_allowed(user, statement)
            async with self._places.take(), self._sessions.lease(user, ask) as session:
                await self._execution.prepare(session.connection, request_statements(user, ask))
                async with AsyncExitStack() as held:
                    for table in tables:
                        await held.enter_async_context(self._external(session, ask, table))
                    await self._restrict(session, user, ask, statement)
                    response = await self._run(session, ask, statement, data, body, reply)
                session.remember(statement)
                return response
        except ClickHouseError as error:
            return reply.failure(error)
        except StreamBrokenError as error:
            # Without the last chunk nobody takes a part for the whole, whether it reads the block
            # or not.
            if request.transport is not None:
                request.transport.close()
            return error.response

    def _external(
        self, session: Session, ask: Ask, table: tuple[ExternalTable, bytes]
    ) -> AbstractAsyncContextManager[None]:
        nothing = self._body(_Nothing(), ask)
        return self._execution.temporary_table(session.connection, *table, nothing)

    async def _restrict(self, session: Session, user: User, ask: Ask, statement: Statement) -> None:
        """Keep a request from writing that must not. Raises `ClickHouseError` (164)."""
        readonly = readonly_statement(user, ask)
        if readonly and session.is_kept and user.access == "full":
            # The engine never lets go of readonly, and this connection has other requests to serve.
            if statement.kind != "read" and statement.words[0] not in _KEEPS_READONLY:
                raise refusal(Code.READONLY, f"{user.name}: Cannot execute query in readonly mode")
        elif readonly and not session.is_readonly:
            await self._execution.prepare(session.connection, readonly)
            session.is_readonly = True

    async def _run(
        self,
        session: Session,
        ask: Ask,
        statement: Statement,
        data: bytes,
        body: Body,
        reply: Reply,
    ) -> web.StreamResponse:
        """Run `statement` and answer. Raises `ClickHouseError` where it failed before anything was
        sent."""
        connection = session.connection
        output_format = ask.default_format or DEFAULT_OUTPUT_FORMAT
        if statement.kind == "insert":
            input_format = _checked_format(statement.format or ask.default_format or "Values")
            answer = await self._execution.insert(connection, statement, data, body, input_format)
            return await reply.whole(answer, output_format=DEFAULT_OUTPUT_FORMAT)
        output_format = _checked_format(statement.format or output_format)
        if statement.kind == "other":
            answer = await self._execution.run(connection, statement, output_format)
            return await reply.whole(answer, output_format=output_format)
        async with self._execution.read(
            connection, statement, output_format, token=self._new_id()
        ) as reading:
            return await reply.rows(
                reading,
                output_format=output_format,
                waits_for_end=ask.waits_for_end,
                reports_early=ask.settings.get("send_progress_in_http_headers") == "1",
            )

    def _reply(self, request: web.Request, ask: Ask | None, query_id: str) -> Reply:
        settings = {} if ask is None else ask.settings
        tag = exception_tag(self._new_id())
        headers = base_headers(
            self._identity, query_id=query_id, timezone=settings.get("session_timezone")
        )
        encoding = None
        if ask is not None and settings.get("enable_http_compression", "1") not in ("0", "false"):
            encoding = choose_encoding(ask.accepted_encodings, available=self._encodings)
        return Reply(
            request=request,
            threads=self._threads,
            version=self._identity.version,
            tag=tag,
            encoding=encoding,
            headers={**headers, "X-ClickHouse-Exception-Tag": tag},
        )

    def _body(self, source: StreamReader | _Nothing, ask: Ask) -> Body:
        decoder = None
        if ask.content_encoding is not None and not ask.is_multipart:
            decoder = Decoder(ask.content_encoding, available=self._encodings)
        return Body(source, decoder=decoder, threads=self._threads)

    async def _read_form(
        self, request: web.Request, ask: Ask
    ) -> tuple[Ask, list[tuple[ExternalTable, bytes]]]:
        """The fields of a form, and the data of its files."""
        fields: list[tuple[str, str]] = []
        files: list[tuple[str, bytes]] = []
        budget = MAX_FORM_BYTES
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise refusal(Code.BAD_ARGUMENTS, "A part of the form has no name")
            content = bytearray()
            while chunk := await part.read_chunk(1 << 16):
                content += chunk
                budget -= len(chunk)
                if budget < 0:
                    raise refusal(
                        Code.QUERY_IS_TOO_LARGE,
                        f"The form holds more than {MAX_FORM_BYTES} bytes;"
                        " insert the data into a table instead",
                    )
            if part.filename is None:
                fields.append((part.name, content.decode("utf-8", "surrogateescape")))
            else:
                files.append((part.name, bytes(content)))
        ask = with_fields(ask, fields)
        return ask, [(external_table(ask, name), data) for name, data in files]


class _Nothing:
    """A body without bytes."""

    async def readany(self) -> bytes:
        """The end."""
        return b""


async def _read_statement(ask: Ask, body: Body) -> tuple[Statement, bytes]:
    """The statement of a request, and the data of an INSERT as far as it has been read with it."""
    head = await body.head(HEAD_BYTES)
    text = ask.query + b"\n" + head if ask.query and head else ask.query or head
    statement = parse_statement(text)
    if statement.kind == "insert" and statement.data_start is not None:
        body.drop_head()
        return statement, text[statement.data_start :]
    rest = bytearray()
    body.drop_head()
    async for piece in body.pieces():
        rest += piece
        if len(text) + len(rest) > MAX_STATEMENT_BYTES:
            raise refusal(
                Code.QUERY_IS_TOO_LARGE, f"The statement is longer than {MAX_STATEMENT_BYTES} bytes"
            )
    return (parse_statement(text + bytes(rest)) if rest else statement), b""


def _checked_format(name: str) -> str:
    if not _FORMAT_NAME.match(name):
        raise refusal(Code.UNKNOWN_FORMAT, f"Unknown format {name}")
    return name


def _check_origin(request: web.Request) -> None:
    """Keep pages of other sites, which a browser on this machine shows, from reaching an account
    without password."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).hostname not in _LOOPBACK_NAMES:
        raise refusal(Code.ACCESS_DENIED, f"Pages of {origin} may not use this server")
