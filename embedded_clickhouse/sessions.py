"""Which connection serves a request: a fresh one, or the one that its `session_id` has kept?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from embedded_clickhouse.access import OWNER
from embedded_clickhouse.engine import Engine, EngineConnection
from embedded_clickhouse.exceptions import ClickHouseError, Code, refusal
from embedded_clickhouse.request import ClickHouseRequest
from embedded_clickhouse.session_setup import limiting_statements, restoring_statements
from embedded_clickhouse.sql import Statement
from embedded_clickhouse.threads import Threads, wait_settled
from embedded_clickhouse.users import User

MAX_SET_BYTES = 256 * 1024
"""How long the SET statements are together that a session remembers."""
PUT_AWAY_SECONDS = 1.0
"""How long a request waits for the one before it in its session."""


@dataclass(slots=True)
class Session:
    """A connection, and what its client made of it. One without `session_id` lives for one
    request."""

    connection: EngineConnection
    is_kept: bool
    database: str = "default"
    own_settings: list[str] = field(default_factory=list)
    """SET statements that the client ran in this session; they outlive the settings of a
    request."""
    is_readonly: bool = False
    is_busy: bool = True
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    expiry: asyncio.TimerHandle | None = None

    def check_memory(self, statement: Statement) -> None:
        """Refuse a SET that this session could not remember. Raises `ClickHouseError` (290)."""
        if self._keeps(statement):
            others = (each for each in self.own_settings if each != _text(statement))
            if statement.end + sum(map(len, others)) > MAX_SET_BYTES:
                raise refusal(
                    Code.LIMIT_EXCEEDED,
                    f"This session has run SET statements of {MAX_SET_BYTES} bytes, and remembers"
                    " no more; close it, and open another one",
                )

    def remember(self, statement: Statement) -> None:
        """Keep what a finished statement changed for those that follow it."""
        if self._keeps(statement):
            text = _text(statement)
            if text in self.own_settings:
                self.own_settings.remove(text)  # the same again comes last
            self.own_settings.append(text)

    def _keeps(self, statement: Statement) -> bool:
        is_set = statement.words[:1] == ("SET",) and statement.words[1:2] != ("ROLE",)
        return self.is_kept and is_set


def _text(statement: Statement) -> str:
    return statement.text[: statement.end].decode("utf-8", "replace")


class Sessions:
    """All sessions, by account and `session_id`."""

    def __init__(self, *, engine: Engine, threads: Threads, limit: int) -> None:
        self._engine = engine
        self._threads = threads
        self._limit = limit
        self._sessions: dict[tuple[str, str], Session] = {}
        self._closing: set[asyncio.Future[None]] = set()

    @asynccontextmanager
    async def lease(self, user: User, ask: ClickHouseRequest) -> AsyncIterator[Session]:
        """The session of a request, for it alone. Raises `ClickHouseError` (372 not found, 373 in
        use)."""
        if ask.session_id is None:
            session = await self._open(user, is_kept=False)
            try:
                yield session
            finally:
                await self._threads.run(session.connection.close)
            return
        key = (user.name, ask.session_id)
        session = await self._find(key, user, ask)
        try:
            yield session
        finally:
            restored = self._threads.start(_restore, session, user, ask)
            try:
                await wait_settled(restored)
            finally:
                self._put_back(key, session, ask, is_sound=restored.exception() is None)

    async def close(self) -> None:
        """Close all sessions. None may be in use."""
        for key, session in tuple(self._sessions.items()):
            self._drop(key, session)
        if self._closing:
            await asyncio.wait(self._closing)

    async def _find(self, key: tuple[str, str], user: User, ask: ClickHouseRequest) -> Session:
        session = self._sessions.get(key)
        if session is not None:
            if not await _is_free_soon(session):
                raise refusal(
                    Code.SESSION_IS_LOCKED,
                    f"Session {key[1]} is locked by a concurrent client;"
                    " give each client its own session_id",
                )
            session.is_busy = True
            session.freed.clear()
            if session.expiry is not None:
                session.expiry.cancel()
            return session
        if ask.session_must_exist:
            raise refusal(Code.SESSION_NOT_FOUND, f"Session {key[1]} not found or expired")
        self._make_room()
        session = await self._open(user, is_kept=True)
        if self._sessions.setdefault(key, session) is not session:  # the same new id twice at once
            self._close(session)
            raise refusal(
                Code.SESSION_IS_LOCKED, f"Session {key[1]} is locked by a concurrent client"
            )
        return session

    def _put_back(
        self, key: tuple[str, str], session: Session, ask: ClickHouseRequest, *, is_sound: bool
    ) -> None:
        """Keep a session for its next request. Nothing here waits, so no cancelled request leaves
        it locked."""
        session.is_busy = False
        session.freed.set()
        if ask.closes_session or not is_sound:
            self._drop(key, session)
            return
        loop = asyncio.get_running_loop()
        session.expiry = loop.call_later(ask.session_timeout_seconds, self._expire, key, session)

    def _expire(self, key: tuple[str, str], session: Session) -> None:
        if self._sessions.get(key) is session and not session.is_busy:
            self._drop(key, session)

    def _make_room(self) -> None:
        """When there are too many, drop an idle session of the account that has most of them: the
        one that would end first. Nobody's go because another opens many."""
        if len(self._sessions) < self._limit:
            return
        counts = Counter(name for name, _ in self._sessions)
        idle = [(key, session) for key, session in self._sessions.items() if not session.is_busy]
        if idle:
            self._drop(
                *min(
                    idle,
                    key=lambda item: (
                        -counts[item[0][0]],
                        item[1].expiry.when() if item[1].expiry else 0.0,
                    ),
                )
            )

    def _drop(self, key: tuple[str, str], session: Session) -> None:
        self._sessions.pop(key, None)
        if session.expiry is not None:
            session.expiry.cancel()
        self._close(session)

    def _close(self, session: Session) -> None:
        closing = self._threads.start(session.connection.close)
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _open(self, user: User, *, is_kept: bool) -> Session:
        """A session with a fresh connection. Whoever is cancelled meanwhile leaves none behind."""
        opening = self._threads.start(self._connect, user, is_kept=is_kept)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await wait_settled(opening)
            if opening.exception() is None:
                self._close(opening.result())
            raise

    def _connect(self, user: User, *, is_kept: bool) -> Session:
        connection = self._engine.connect()
        if user.rights.role != OWNER:  # of what chDB gives to every connection, it keeps its own
            connection.become(user.rights.role)
        run_all(connection, limiting_statements(user))
        return Session(connection, is_kept)


async def _is_free_soon(session: Session) -> bool:
    """Whether a session is free, or gets free while its last request is being put away.

    A client that has seen the end of its rows, or has left its stream, asks again at once.
    """
    if session.is_busy:
        try:
            async with asyncio.timeout(PUT_AWAY_SECONDS):
                await session.freed.wait()
        except TimeoutError:
            return False
    return not session.is_busy


def run_all(connection: EngineConnection, statements: Iterable[str]) -> None:
    """Run `statements` one after the other. Raises `ClickHouseError`."""
    for statement in statements:
        connection.run(statement.encode("utf-8", "surrogateescape"))


def _restore(session: Session, user: User, ask: ClickHouseRequest) -> None:
    """Take the request's settings back. One that the engine refused to set can't be taken back and
    need not be."""
    for statement in restoring_statements(
        user, ask, database=session.database, own=session.own_settings
    ):
        try:
            session.connection.run(statement.encode("utf-8", "surrogateescape"))
        except ClickHouseError as error:
            if error.code not in _WAS_NEVER_SET:
                raise


_WAS_NEVER_SET = frozenset({Code.UNKNOWN_SETTING, Code.READONLY})
