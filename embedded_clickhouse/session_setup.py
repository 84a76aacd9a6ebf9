"""Which statements make a fresh connection fit for a request, and which make it as good as new
afterwards? Pure.

Settings never leak: they are set on a connection that serves one request, or are taken back before
the session's next one.
"""

from __future__ import annotations

from collections.abc import Sequence

from embedded_clickhouse.exceptions import Code, refusal
from embedded_clickhouse.request import ClickHouseRequest, ExternalTable
from embedded_clickhouse.sql import quote, quote_name
from embedded_clickhouse.users import User

PROFILE = "profile"
INPUT_TABLE = "_ganglion_input"
"""The temporary table that stands in for `input(…)`."""


def limiting_statements(user: User) -> list[str]:
    """The account's limits, as they are unless a request sets others within its bounds."""
    values = ", ".join(f"{name} = {value}" for name, value in user.rights.settings.items())
    return [f"SET {values}"] if values else []


def request_statements(user: User, ask: ClickHouseRequest) -> list[str]:
    """Database and settings of one request. Raises `ClickHouseError` (512)."""
    statements = []
    if set(ask.roles) - {user.rights.role}:
        raise refusal(
            Code.SET_NON_GRANTED_ROLE,
            f"{user.name}: The role {', '.join(ask.roles)} is not granted to this account",
        )
    if ask.database:
        statements.append(f"USE {quote_name(ask.database)}")
    if PROFILE in ask.settings and not user.rights.may_write:
        raise refusal(
            Code.ACCESS_DENIED,
            f"{user.name}: Not enough privileges. The profile of this account is fixed",
        )
    values = {name: value for name, value in ask.settings.items() if name != "readonly"}
    if values:
        pairs = ", ".join(f"{name} = {quote(value)}" for name, value in values.items())
        statements.append(f"SET {pairs}")
    return statements


def readonly_statement(user: User, ask: ClickHouseRequest) -> list[str]:
    """The last statement before the request's own: from here on nothing but reading. Raises
    `ClickHouseError`."""
    wanted = ask.settings.get("readonly", "0") or "0"
    if wanted not in ("0", "1", "2"):
        raise refusal(Code.BAD_ARGUMENTS, f"readonly must be 0, 1 or 2, not {wanted!r}")
    if wanted == "0" and "readonly" in ask.settings and not user.rights.may_write:
        raise refusal(Code.READONLY, "Cannot modify 'readonly' setting in readonly mode")
    if wanted == "0" and (not user.rights.may_write or ask.is_safe_method):
        wanted = "2"  # 2 and not 1: Grafana changes max_execution_time
    return [f"SET readonly = {wanted}"] if wanted != "0" else []


def restoring_statements(
    user: User, ask: ClickHouseRequest, *, database: str, own: Sequence[str]
) -> list[str]:
    """What takes a request's settings back from a session. `own` are the SET statements the session
    ran itself."""
    statements: list[str] = []
    names = [name for name in ask.settings if name != "readonly"]
    statements.extend(f"SET {name} = DEFAULT" for name in names)
    if names:
        statements.extend(limiting_statements(user))
        statements.extend(own)
    if ask.database:
        statements.append(f"USE {quote_name(database)}")
    return statements


def create_table(table: ExternalTable) -> str:
    """The statement that makes the temporary table of an external one."""
    return f"CREATE TEMPORARY TABLE {quote_name(table.name)} ({table.structure})"
