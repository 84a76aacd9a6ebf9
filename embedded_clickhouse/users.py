"""Who may ask, and what may they do? Pure, except for reading the file that says so."""

from __future__ import annotations

import hashlib
import hmac
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, get_args

from embedded_clickhouse.access import RIGHTS, Access, Rights
from embedded_clickhouse.exceptions import Code, refusal

OWN_ACCOUNTS: Final[Mapping[str, Access]] = MappingProxyType(
    {"default": "full", "ganglion": "record", "services": "observe", "analyst": "read"}
)
"""`default` is the operator, `ganglion` the ingestor, `services` the others, `analyst` everybody
else."""


class UsersFileError(Exception):
    """The users file can't be used. The sentence says where and what to do."""


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    name: str
    access: Access
    password_sha256: str
    """Hex. The hash of nothing where the account needs no password."""

    @property
    def rights(self) -> Rights:
        """What it may do and take."""
        return RIGHTS[self.access]


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


def users_with(passwords: Mapping[str, str]) -> Users:
    """The accounts that are there without being configured, each with its password."""
    return Users(
        {
            name: User(name, access, _sha256(passwords[name]))
            for name, access in OWN_ACCOUNTS.items()
        }
    )


def read_users(path: Path, own: Users) -> Users:
    """`own`, and the accounts in the TOML file at `path`: `[users.<name>]` with `access` and
    `password` or `password_sha256`. An own one that is named there is as the file says. Raises
    `UsersFileError`."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsersFileError(f"Cannot read the users file {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsersFileError(f"The users file {path} is not TOML: {error}.") from error
    users = dict(own.by_name)
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
    access = account.get("access", OWN_ACCOUNTS.get(name, "read"))
    if access not in get_args(Access):
        known = ", ".join(get_args(Access))
        raise UsersFileError(f"{where}: access must be one of {known}, not {access!r}.")
    password, hashed = account.get("password"), account.get("password_sha256")
    if isinstance(hashed, str) and password is None:
        if len(hashed) != 64 or set(hashed.lower()) - set("0123456789abcdef"):
            raise UsersFileError(f"{where}: password_sha256 must be 64 hex digits.")
        return User(name, access, hashed.lower())
    if isinstance(password, str) and hashed is None:
        return User(name, access, _sha256(password))
    raise UsersFileError(f"{where} needs either password or password_sha256, a string.")


def _sha256(text: str) -> str:
    """Of what is no text, too: a byte of a password that is not UTF-8 comes as half a character."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
