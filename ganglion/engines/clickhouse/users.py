"""Who may ask, and what may they do? Pure, except for reading the file that says so."""

from __future__ import annotations

import hashlib
import hmac
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ganglion.engines.clickhouse.exceptions import Code, refusal
from ganglion.engines.clickhouse.sql import Statement

Access = Literal["full", "read"]
"""`full` may do everything the engine can; `read` sees every table, changes nothing and reaches no
file or network."""

_READERS_MAY_NOT_CALL = frozenset({"file", "python"})
"""Functions that the engine grants to everybody and that reach out of the database."""
_READERS_MAY_NOT_SAY = frozenset({("SET", "ROLE"), ("SET", "DEFAULT"), ("EXECUTE",), ("KILL",)})
"""Statements with which a session could take back what it was given, or end those of others."""


class UsersFileError(Exception):
    """The users file can't be used. The sentence says where and what to do."""


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    name: str
    access: Access
    password_sha256: str
    """Hex. The hash of nothing where the account needs no password."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a request says that it comes from."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Users:
    """All accounts by name."""

    by_name: Mapping[str, User] = field(default_factory=dict)

    def authenticate(self, credentials: Credentials) -> User:
        """The account of `credentials`. Raises `ClickHouseError` (516) where name or password are
        wrong."""
        user = self.by_name.get(credentials.user)
        given = _sha256(credentials.password)
        if user is None or not hmac.compare_digest(given, user.password_sha256):
            raise refusal(
                Code.AUTHENTICATION_FAILED,
                f"{credentials.user}: Authentication failed: password is incorrect,"
                " or there is no user with such name",
            )
        return user


def default_users() -> Users:
    """`default` with every right, `analyst` who may only read; neither has a password, because this
    server listens on the loopback only."""
    nothing = _sha256("")
    return Users(
        {
            "default": User("default", "full", nothing),
            "analyst": User("analyst", "read", nothing),
        }
    )


def read_users(path: Path) -> Users:
    """The accounts in the TOML file at `path`: `[users.<name>]` with `access` and `password` or
    `password_sha256`.

    `default` and `analyst` are there without being named; name one to give it a password. Raises
    `UsersFileError`.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsersFileError(f"Cannot read the users file {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsersFileError(f"The users file {path} is not TOML: {error}.") from error
    users = dict(default_users().by_name)
    accounts = document.get("users", {})
    if not isinstance(accounts, dict):
        raise UsersFileError(f"The users file {path} needs tables named [users.<name>].")
    for name, account in accounts.items():
        users[name] = _user(name, account, path)
    return Users(users)


def _user(name: str, account: object, path: Path) -> User:
    where = f"[users.{name}] in {path}"
    if not isinstance(account, dict):
        raise UsersFileError(f"{where} must be a table with access and password.")
    unknown = sorted(set(account) - {"access", "password", "password_sha256"})
    if unknown:
        raise UsersFileError(f"{where} has unknown keys: {', '.join(unknown)}.")
    access = account.get("access", "full" if name == "default" else "read")
    if access not in ("full", "read"):
        raise UsersFileError(f'{where}: access must be "full" or "read", not {access!r}.')
    password, hashed = account.get("password"), account.get("password_sha256")
    if isinstance(hashed, str) and password is None:
        if len(hashed) != 64 or set(hashed.lower()) - set("0123456789abcdef"):
            raise UsersFileError(f"{where}: password_sha256 must be 64 hex digits.")
        return User(name, access, hashed.lower())
    if isinstance(password, str) and hashed is None:
        return User(name, access, _sha256(password))
    raise UsersFileError(f"{where} needs either password or password_sha256, a string.")


def check_allowed(user: User, statement: Statement) -> None:
    """Refuse what the engine's own grants and `readonly` would let a reader do. Raises
    `ClickHouseError` (497)."""
    if user.access == "full":
        return
    called = statement.functions & _READERS_MAY_NOT_CALL
    said = [words for words in _READERS_MAY_NOT_SAY if statement.words[: len(words)] == words]
    if called or said:
        what = f"the function {min(called)}" if called else f"the statement {' '.join(said[0])}"
        raise refusal(
            Code.ACCESS_DENIED,
            f"{user.name}: Not enough privileges. {what} is not for an account with access 'read'",
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
