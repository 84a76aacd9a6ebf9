"""Where is the password of an account that nobody configured? A file, made at the first start."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from nervous_system.errors import Fatal
from nervous_system.host.files import PRIVATE, create_atomically, make_private, write_atomically

_BYTES = 24
_MARK = "gch_"
"""Passwords begin so: whatever looks for secrets in a text knows one when it sees it."""


class PasswordError(Fatal):
    """A password can't be made or read. The sentence says where and what to do."""


def own_passwords(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The password of each account, from its file in `folder`; one that has none gets one, which
    only this user can read. Raises `PasswordError`."""
    try:
        make_private(folder)
        return {name: _password(folder / name) for name in names}
    except OSError as error:
        raise PasswordError(
            f"Cannot keep passwords in {folder}: {error.strerror} ({error.filename})."
        ) from error


def write_hashes(folder: Path, passwords: Mapping[str, str]) -> None:
    """For a server elsewhere, which needs no more to know who asks: the SHA-256 of each account's
    password, in hex, as the file `<account>` in `folder`. Raises `PasswordError`."""
    try:
        for name, password in passwords.items():
            digest = hashlib.sha256(password.encode()).hexdigest()
            write_atomically(folder / name, digest.encode(), mode=PRIVATE)
    except OSError as error:
        raise PasswordError(
            f"Cannot write the hashes of passwords to {folder}: {error.strerror}"
            f" ({error.filename})."
        ) from error


def _password(file: Path) -> str:
    if not file.exists():
        # Of two processes that start at the same time both go by what one of them made.
        create_atomically(file, f"{_MARK}{secrets.token_urlsafe(_BYTES)}\n".encode(), mode=PRIVATE)
    password = file.read_text(encoding="utf-8").strip()
    if not password:
        raise PasswordError(f"{file} holds no password; remove it, and the next start makes one.")
    return password
