"""How does ClickHouse's HTTP interface look from outside? The shell: a request comes in, a
statement runs, an answer leaves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import replace

from aiohttp import web

from embedded_clickhouse.admission import Admission
from embedded_clickhouse.body import Body, Unpacker
from embedded_clickhouse.budget import Budget, BudgetShare
from embedded_clickhouse.compression import choose_encoding
from embedded_clickhouse.connections import Connections
from embedded_clickhouse.exceptions import ClickHouseError, Code, refusal
from embedded_clickhouse.execution import Execution, check_single
from embedded_clickhouse.form import read_form
from embedded_clickhouse.frames import FrameDecoder
from embedded_clickhouse.limits import Limits
from embedded_clickhouse.meter import Meter
from embedded_clickhouse.native import NATIVE, ROWS_FORMAT, in_format, is_select, rows_statement
from embedded_clickhouse.reply import ResponseWriter, StreamBrokenError
from embedded_clickhouse.request import (
    DEFAULT_OUTPUT_FORMAT,
    ClickHouseRequest,
    ExternalTable,
    checked_format,
    external_table,
    is_flag,
    read_request,
    with_fields,
)
from embedded_clickhouse.response import ServerIdentity, base_headers, exception_tag
from embedded_clickhouse.running import RunningStatement, RunningStatements, is_kill
from embedded_clickhouse.scrutiny import Scrutiny
from embedded_clickhouse.session_setup import readonly_statement, request_statements
from embedded_clickhouse.sessions import Session, Sessions
from embedded_clickhouse.spool import Spool, Spools
from embedded_clickhouse.sql import Bounds, Statement, TooMuchSqlError, parse_statement
from embedded_clickhouse.threads import Threads
from embedded_clickhouse.unpacking import Decoder
from embedded_clickhouse.users import User, Users
from nervous_system.browsers import METHODS, asks_for_another, comes_from_another_site

HEAD_BYTES = 256 * 1024
"""How much of a body is looked at to find where the data of an INSERT begins: ClickHouse's own
`max_query_size`."""
PARSED_AT_ONCE_BYTES = 4096
"""A shorter text is cut sooner than a thread would begin."""
HOST_REMEDY = "Ask it as 127.0.0.1, or name it in GANGLION_CLICKHOUSE_HOSTS."
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_TOO_MUCH_SQL = {
    "max_tokens": ("The statement has too many words and marks", Code.TOO_BIG_AST),
    "max_nesting": ("The statement is nested too deeply", Code.TOO_DEEP_RECURSION),
}
_KEEPS_READONLY = frozenset({"SET", "USE", "CHECK"})


class ClickHouseServer:
    """ClickHouse's HTTP interface over one engine."""

    def __init__(
        self,
        *,
        users: Users,
        names: Collection[str],
        admission: Admission,
        sessions: Sessions,
        execution: Execution,
        threads: Threads,
        intake: Threads,
        spools: Spools,
        connections: Connections,
        limits: Limits,
        encodings: frozenset[str],
        identity: ServerIdentity,
        scrutiny: Scrutiny,
        new_id: Callable[[], str],
    ) -> None:
        self._users = users
        self._names = names
        self._admission = admission
        self._sessions = sessions
        self._execution = execution
        self._threads = threads
        self._intake = intake
        self._spools = spools
        self._connections = connections
        self._limits = limits
        self._bounds = Bounds(max_tokens=limits.max_tokens, max_nesting=limits.max_nesting)
        self._held = Budget(
            limits.max_held_bytes,
            refuse=lambda: limits.exceeded(
                "max_held_bytes",
                "The statements of all requests take too much memory; try again later",
                code=Code.TOO_MANY_SIMULTANEOUS_QUERIES,
            ),
        )
        self._encodings = encodings
        self._identity = identity
        self._scrutiny = scrutiny
        self._new_id = new_id
        self._running = RunningStatements(execution.kill)
        self._is_draining = False

    def application(self) -> web.Application:
        """The routes, for aiohttp to serve."""
        application = web.Application(middlewares=[self._only_for_us])
        application.router.add_get("/ping", self._ping)
        application.router.add_get("/replicas_status", self._ping)
        application.router.add_route("*", "/{path:.*}", self._handle)
        return application

    @property
    def version(self) -> str:
        """The engine's."""
        return self._identity.version

    def start_draining(self) -> None:
        """Refuse new statements from now on."""
        self._is_draining = True

    @web.middleware
    async def _only_for_us(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer what this server is asked, and in a way that it is asked in."""
        self._connections.head_is_whole(request.transport)
        if request.method not in METHODS:
            allow = ", ".join(METHODS)
            text = f"This server is asked by {allow}, not {request.method[:20]!r}.\n"
            return web.Response(status=405, headers={"Allow": allow}, text=text)
        if not request.raw_path.startswith("/"):
            text = "This server is no proxy: name a path, such as /, not a whole address.\n"
            return web.Response(status=400, text=text)
        elsewhere = asks_for_another(request.headers.getall("Host", []), self._names)
        if elsewhere:
            return web.Response(status=421, text=f"{elsewhere} {HOST_REMEDY}\n")
        return await handler(request)

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
            problem = comes_from_another_site(
                host=request.headers.get("Host", ""),
                origins=request.headers.getall("Origin", []),
                sites=request.headers.getall("Sec-Fetch-Site", []),
            )
            if problem:
                raise refusal(Code.ACCESS_DENIED, problem)
            ask = read_request(
                method=request.method,
                query_string=request.raw_path.partition("?")[2],
                headers=request.headers,
                limits=self._limits,
            )
            if ask.is_safe_method and not ask.query:
                return await self._ping(request)
            user = self._users.authenticate(ask.credentials)
            if self._is_draining:
                raise refusal(
                    Code.ABORTED, "This server is about to stop; try again when it is back"
                )
            with ExitStack() as held:
                begins = held.enter_context(self._connections.request(request.transport))
                share = held.enter_context(self._held.share(user.rights.part))
                source = Meter(request.content, limits=self._limits)
                tables: list[tuple[ExternalTable, Spool]] = []
                if ask.is_multipart:
                    ask, tables = await self._read_form(request, ask, source, share, held)
                    body = self._body(None, ask, share)
                else:
                    body = self._body(source, ask, share)
                reply = self._reply(request, ask, ask.query_id or query_id, part=share.part)
                statement, data = await self._read_statement(user, ask, body, share)
                check_single(statement)
                spool: Spool | None = None
                if statement.kind == "insert":
                    spool = held.enter_context(self._spools.open(share.part))
                    if not body.is_over:
                        await self._check_insert(user, ask, statement, spool)
                    await spool.write(data)
                    await body.pour(spool)
                begins()
                own_id = ask.query_id or query_id
                if is_flag(ask.settings.get("replace_running_query")):
                    await self._running.replace(user, own_id)
                own = held.enter_context(
                    self._running.entry(user, own_id, statement, self._new_id())
                )
                if is_kill(statement):
                    return await self._kill(user, ask, statement, own, reply)
                async with self._lease(user, ask, tables, statement) as session:
                    response = await self._run(session, ask, statement, spool, reply, own)
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

    @asynccontextmanager
    async def _lease(
        self,
        user: User,
        ask: ClickHouseRequest,
        tables: list[tuple[ExternalTable, Spool]],
        statement: Statement,
        *,
        kills: bool = False,
    ) -> AsyncIterator[Session]:
        """A place, and a session that is fit for a request."""
        places = self._admission.kill_places(user) if kills else self._admission.places(user)
        async with places.take(), self._sessions.lease(user, ask) as session:
            connection = session.connection
            await self._execution.prepare(connection, request_statements(user, ask))
            external = [table for table, _ in tables]
            only_reads = not user.rights.may_write or ask.is_safe_method
            if only_reads or not self._scrutiny.knows(statement, external):
                check = self._scrutiny.check_reads if only_reads else self._scrutiny.check_writes
                async with AsyncExitStack() as reading:
                    if statement.end >= PARSED_AT_ONCE_BYTES:
                        await reading.enter_async_context(
                            self._admission.reading_places(user).take()
                        )
                    await self._threads.run(check, connection, user, statement, external)
            async with AsyncExitStack() as held:
                for table, data in tables:
                    await held.enter_async_context(
                        self._execution.temporary_table(connection, table, data)
                    )
                await self._restrict(session, user, ask, statement)
                yield session

    async def _kill(
        self,
        user: User,
        ask: ClickHouseRequest,
        statement: Statement,
        own: RunningStatement,
        reply: ResponseWriter,
    ) -> web.StreamResponse:
        """End what a KILL QUERY means, and answer. Raises `ClickHouseError`."""
        if ask.is_safe_method:
            raise refusal(
                Code.READONLY, f"{user.name}: Cannot execute query in readonly mode: KILL by GET"
            )
        plain = await self._execution.written_down(statement)
        if not is_kill(plain):
            raise refusal(Code.SYNTAX_ERROR, "Syntax error: expected KILL QUERY")
        selection = self._running.selection(user, plain, own)
        async with self._lease(user, ask, [], selection, kills=True) as session:
            found = await self._execution.run(
                session.connection, selection, "JSONCompactColumns", token=own.token
            )
        query_ids = [query_id for column in json.loads(found.body) for query_id in column]
        if not query_ids:
            self._running.check_others(user, plain)
            if user.rights.may_write:  # by an id or a text of the engine's own
                async with self._lease(user, ask, [], statement, kills=True) as session:
                    return await self._run(session, ask, statement, None, reply, own)
        ended = await self._running.kill(user, plain, query_ids)
        output_format = statement.format or ask.default_format or DEFAULT_OUTPUT_FORMAT
        async with self._lease(user, ask, [], ended, kills=True) as session:
            answers = replace(ask, default_format=output_format)
            return await self._run(session, answers, ended, None, reply, own)

    async def _check_insert(
        self, user: User, ask: ClickHouseRequest, statement: Statement, empty: Spool
    ) -> None:
        """Insert nothing: who may not, or where nothing could be inserted, is told so before the
        data is taken. Raises `ClickHouseError`."""
        asks_again = replace(ask, closes_session=False)
        async with self._lease(user, asks_again, [], statement) as session:
            await self._execution.insert(
                session.connection,
                statement,
                empty,
                DEFAULT_OUTPUT_FORMAT,
                token=self._new_id(),
            )

    async def _restrict(
        self, session: Session, user: User, ask: ClickHouseRequest, statement: Statement
    ) -> None:
        """Keep a request from writing that must not. Raises `ClickHouseError` (164)."""
        readonly = readonly_statement(user, ask)
        if readonly and session.is_kept and user.rights.may_write:
            # The engine never lets go of readonly, and this connection has other requests to serve.
            if statement.kind != "read" and statement.words[0] not in _KEEPS_READONLY:
                raise refusal(Code.READONLY, f"{user.name}: Cannot execute query in readonly mode")
        elif readonly and not session.is_readonly:
            await self._execution.prepare(session.connection, readonly)
            session.is_readonly = True

    async def _run(
        self,
        session: Session,
        ask: ClickHouseRequest,
        statement: Statement,
        spool: Spool | None,
        reply: ResponseWriter,
        own: RunningStatement,
    ) -> web.StreamResponse:
        """Run `statement` and answer. Raises `ClickHouseError` where it failed before anything was
        sent."""
        own.check()
        session.check_memory(statement)
        connection = session.connection
        output_format = ask.default_format or DEFAULT_OUTPUT_FORMAT
        if spool is not None:
            input_format = checked_format(statement.format or ask.default_format or "Values")
            answer = await self._execution.insert(
                connection, statement, spool, input_format, token=own.token
            )
            return await reply.whole(answer, output_format=DEFAULT_OUTPUT_FORMAT)
        output_format = checked_format((statement.format or output_format).strip('`"'))
        is_native = output_format.lower() == NATIVE.lower()
        if statement.kind == "other" or (is_native and not is_select(statement)):
            run_format = output_format
            if is_native:
                run_format = ROWS_FORMAT
                statement = in_format(statement, run_format) if statement.format else statement
            answer = await self._execution.run(connection, statement, run_format, token=own.token)
            if not is_native or not answer.body:
                return await reply.whole(answer, output_format=output_format)
            statement = rows_statement(answer.body)
        if is_native:
            reads = self._execution.read_native(
                connection, statement, version=ask.protocol_version, token=own.token
            )
        else:
            reads = self._execution.read(connection, statement, output_format, token=own.token)
        async with reads as reading:
            return await reply.rows(
                reading,
                output_format=output_format,
                waits_for_end=ask.waits_for_end,
                reports_early=ask.settings.get("send_progress_in_http_headers") == "1",
            )

    def _reply(
        self,
        request: web.Request,
        ask: ClickHouseRequest | None,
        query_id: str,
        *,
        part: float = 0.0,
    ) -> ResponseWriter:
        settings = {} if ask is None else ask.settings
        tag = exception_tag(self._new_id())
        headers = base_headers(
            self._identity, query_id=query_id, timezone=settings.get("session_timezone")
        )
        encoding = None
        packs_frames = ask is not None and ask.packs_frames
        if (
            ask is not None
            and not packs_frames
            and settings.get("enable_http_compression", "1") not in ("0", "false")
        ):
            encoding = choose_encoding(ask.accepted_encodings, available=self._encodings)
        return ResponseWriter(
            request=request,
            threads=self._threads,
            spools=self._spools,
            limits=self._limits,
            version=self._identity.version,
            part=part,
            tag=tag,
            encoding=encoding,
            packs_frames=packs_frames,
            headers={**headers, "X-ClickHouse-Exception-Tag": tag},
        )

    def _body(self, source: Meter | None, ask: ClickHouseRequest, share: BudgetShare) -> Body:
        decoder: Unpacker | None = None
        if source is not None and ask.unpacks_frames:
            decoder = FrameDecoder(limits=self._limits, share=share)
        elif source is not None and ask.content_encoding is not None:
            decoder = Decoder(ask.content_encoding, available=self._encodings, limits=self._limits)
        return Body(source, decoder=decoder, threads=self._intake, limits=self._limits)

    async def _read_form(
        self,
        request: web.Request,
        ask: ClickHouseRequest,
        source: Meter,
        share: BudgetShare,
        files: ExitStack,
    ) -> tuple[ClickHouseRequest, list[tuple[ExternalTable, Spool]]]:
        """What a request asks for with the fields of its form, and its external tables."""
        form = await read_form(
            request.headers,
            source,
            limits=self._limits,
            spools=self._spools,
            share=share,
            files=files,
        )
        ask = with_fields(ask, form.fields, limits=self._limits)
        return ask, [(external_table(ask, name), data) for name, data in form.files]

    async def _read_statement(
        self, user: User, ask: ClickHouseRequest, body: Body, share: BudgetShare
    ) -> tuple[Statement, bytes]:
        """The statement of a request, and the data of an INSERT as far as it has been read with
        it."""
        head = await body.head(HEAD_BYTES)
        text = ask.query + b"\n" + head if ask.query and head else ask.query or head
        share.take(len(text))
        statement = await self._parse(user, text, ask)
        body.drop_head()
        if statement.kind == "insert" and statement.data_start is not None:
            return statement, text[statement.data_start :]
        rest = bytearray()
        async for piece in body.pieces():
            share.take(len(piece))
            rest += piece
            if len(text) + len(rest) > self._limits.max_statement_bytes:
                raise self._limits.exceeded(
                    "max_statement_bytes",
                    "The statement is too long",
                    code=Code.QUERY_IS_TOO_LARGE,
                )
        if rest:
            statement = await self._parse(user, text + bytes(rest), ask)
        return statement, b""

    async def _parse(self, user: User, text: bytes, ask: ClickHouseRequest) -> Statement:
        """`text`, cut. A long one is read beside the event loop, and one of an account at a
        time."""
        try:
            if len(text) < PARSED_AT_ONCE_BYTES:
                statement = parse_statement(text, self._bounds)
            else:
                async with self._admission.reading_places(user).take():
                    statement = await self._intake.run(parse_statement, text, self._bounds)
        except TooMuchSqlError as error:
            what, code = _TOO_MUCH_SQL[error.limit]
            raise self._limits.exceeded(error.limit, what, code=code) from error
        return replace(statement, parameters=ask.parameters)
