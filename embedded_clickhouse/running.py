"""Which statements run, whose are they, and how does KILL QUERY find them by their clients' ids?

The engine gives every statement an id of its own and runs them all as one user: who asked for what
is known here only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from embedded_clickhouse.exceptions import Code, refusal
from embedded_clickhouse.sql import Statement, parameter_value, parse_kill, quote
from embedded_clickhouse.users import User

REPLACE_SECONDS = 5.0
"""How long a statement waits for the one that it replaces: ClickHouse's own
`replace_running_query_max_wait_ms`."""
AGAIN_SECONDS = 0.2
_COLUMNS = (
    "query_id String, user String, query String, elapsed Float64, initial_query_id String,"
    " initial_user String, is_initial_query UInt8, query_kind String"
)
_STATUSES = "kill_status String, query_id String, user String, query String"


@dataclass(slots=True, eq=False)
class RunningStatement:
    """One statement, from when it was read until its answer is out."""

    query_id: str
    user: str
    text: str
    kind: str  # as `system.processes.query_kind` says it
    token: str
    """Marks its text in the engine."""
    began: float
    is_killed: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def check(self) -> None:
        """Raises `ClickHouseError` (394) where it was killed before it began."""
        if self.is_killed:
            raise refusal(Code.QUERY_WAS_CANCELLED, "Query was cancelled")


class RunningStatements:
    """All of them, by their clients' ids."""

    def __init__(self, kill: Callable[[str], Awaitable[None]]) -> None:
        """`kill` ends the statement of a token, if the engine runs it."""
        self._kill = kill
        self._by_id: dict[str, RunningStatement] = {}
        self._killing: set[asyncio.Task[None]] = set()

    @contextmanager
    def entry(
        self, user: User, query_id: str, statement: Statement, token: str
    ) -> Iterator[RunningStatement]:
        """A statement while it runs. Raises `ClickHouseError` (216) where its id is taken."""
        if query_id in self._by_id:
            raise _is_taken(query_id)
        text = statement.text[: statement.end].decode("utf-8", "replace")
        loop = asyncio.get_running_loop()
        word = statement.words[0] if statement.words else ""
        kind = "Select" if word == "WITH" else word.capitalize()
        running = RunningStatement(query_id, user.name, text, kind, token, began=loop.time())
        self._by_id[query_id] = running
        try:
            yield running
        finally:
            del self._by_id[query_id]
            running.over.set()

    async def replace(self, user: User, query_id: str) -> None:
        """End the account's own statement of this id. Raises `ClickHouseError` (216) where it is
        another's, or does not end."""
        running = self._by_id.get(query_id)
        if running is None:
            return
        if running.user != user.name:
            raise _is_taken(query_id)
        self._end(running)
        try:
            async with asyncio.timeout(REPLACE_SECONDS):
                await running.over.wait()
        except TimeoutError:
            raise _is_taken(query_id) from None

    def selection(self, user: User, kill: Statement, own: RunningStatement) -> Statement:
        """The SELECT of the ids that a KILL QUERY means, of those that the account may end. `kill`
        is as the engine writes it down, so its condition is one expression. Raises
        `ClickHouseError` (62) where it says no condition."""
        condition, _ = _parse_selection(kill)
        now = asyncio.get_running_loop().time()
        rows = [
            {
                "query_id": each.query_id,
                "user": each.user,
                "query": each.text,
                "elapsed": now - each.began,
                "initial_query_id": each.query_id,
                "initial_user": each.user,
                "is_initial_query": 1,
                "query_kind": each.kind,
            }
            for each in self._by_id.values()
            if each is not own and _may_end(user, each)
        ]
        statement = _select_from_rows("SELECT query_id FROM", _COLUMNS, rows)
        text = statement.text + b" WHERE (" + condition + b"\n)"
        parameters = {**kill.parameters, **statement.parameters}
        return Statement(text, "read", ("SELECT",), end=len(text), parameters=parameters)

    def check_others(self, user: User, kill: Statement) -> None:
        """Raises `ClickHouseError` (497) where a KILL QUERY names another account's statement."""
        condition, _ = _parse_selection(kill)
        values = set(kill.parameters.values())
        for each in self._by_id.values():
            named = quote(each.query_id).encode() in condition or each.query_id in values
            if named and not _may_end(user, each):
                raise refusal(
                    Code.ACCESS_DENIED,
                    f"{user.name}: Not enough privileges. This account may end its own statements"
                    f" only, and {each.query_id} is none",
                )

    async def kill(self, user: User, kill: Statement, query_ids: list[str]) -> Statement:
        """End the statements of these ids, as far as the account may, and wait for their end where
        that is asked for. Returns a SELECT of what became of each."""
        _, mode = _parse_selection(kill)
        found = [self._by_id[query_id] for query_id in query_ids if query_id in self._by_id]
        meant = [running for running in found if _may_end(user, running)]
        if mode != "TEST":
            for running in meant:
                self._end(running)
        if mode == "SYNC":
            for running in meant:
                await running.over.wait()
        status = {"TEST": "unknown", "SYNC": "finished"}.get(mode, "waiting")
        rows = [
            {
                "kill_status": status,
                "query_id": each.query_id,
                "user": each.user,
                "query": each.text,
            }
            for each in meant
        ]
        return _select_from_rows("SELECT * FROM", _STATUSES, rows)

    def _end(self, running: RunningStatement) -> None:
        """It may not have reached the engine yet: ask until it is over."""
        if not running.is_killed:
            running.is_killed = True
            ending = asyncio.create_task(self._ask(running), name=f"kill {running.token}")
            self._killing.add(ending)
            ending.add_done_callback(self._killing.discard)

    async def _ask(self, running: RunningStatement) -> None:
        while not running.over.is_set():
            await self._kill(running.token)
            try:
                async with asyncio.timeout(AGAIN_SECONDS):
                    await running.over.wait()
            except TimeoutError:
                continue


def is_kill(statement: Statement) -> bool:
    """Whether it is a KILL QUERY."""
    return statement.words[:2] == ("KILL", "QUERY")


def _may_end(user: User, running: RunningStatement) -> bool:
    return user.rights.may_write or running.user == user.name


def _parse_selection(kill: Statement) -> tuple[bytes, str]:
    parsed = parse_kill(kill)
    if parsed is None:
        raise refusal(
            Code.SYNTAX_ERROR,
            "Syntax error: expected KILL QUERY WHERE condition [SYNC|ASYNC|TEST]",
        )
    return parsed


def _select_from_rows(
    select: str, structure: str, rows: Sequence[Mapping[str, object]]
) -> Statement:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    text = f"{select} format(JSONEachRow, {quote(structure)}, {{_statements:String}})".encode()
    parameters = {"_statements": parameter_value(data)}
    return Statement(text, "read", ("SELECT",), end=len(text), parameters=parameters)


def _is_taken(query_id: str) -> Exception:
    return refusal(
        Code.QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
        f"Query with id = {query_id} is already running",
    )
