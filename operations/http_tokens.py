"""Which bearer tokens open mission control, whose are they, and what may they do?

A token is 256 random bits, so its SHA-256 is all that is kept, and no slow hash is needed. The file
is read again when it has changed: a token that was revoked lets nobody in from then on.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from nervous_system.errors import BadSetting, Fatal
from nervous_system.host.files import PRIVATE, make_private, write_atomically
from nervous_system.ids import content_hash

Scope = Literal["viewer", "operator", "admin"]
"""Each may do what the one before may: look; change what the swarm does; change who gets in."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

FILE: Final = Path("keys/http_tokens")
"""In the home: `NAME SCOPE SHA-256`, a line each."""

PREFIX: Final = "ganglion_"
MAX_TOKEN_CHARACTERS: Final = 256
MAX_FILE_BYTES: Final = 1024**2
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}", re.ASCII).fullmatch
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII).fullmatch
_OPEN_TO_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in. `name` stands in each event that follows from what they do."""

    name: str
    scope: Scope

    def may(self, scope: Scope) -> bool:
        """Whether they may do what needs this scope."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


@dataclass(frozen=True, slots=True)
class _Token:
    caller: Caller
    sha256: str


class Tokens:
    """Those of one home, and perhaps one that the environment gave."""

    def __init__(self, home: Path, *, secret_token: str | None = None) -> None:
        self._path = home / FILE
        self._given = (
            (_Token(Caller("secret-token", "admin"), content_hash(secret_token)),)
            if secret_token
            else ()
        )
        self._kept: tuple[_Token, ...] = ()
        self._version: tuple[int, int, int] | None = None

    @property
    def everybody_needs_one(self) -> bool:
        """Whether programs on this machine need a token, too."""
        return bool(self._given)

    def caller(self, token: str) -> Caller | None:
        """Whose token it is; None if it is nobody's. Raises Fatal for a file that is no list of
        tokens, or that others may read."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            return None
        self._read_again()
        sha256, found = content_hash(token), None
        for each in (*self._given, *self._kept):  # all of them: the time says nothing
            if hmac.compare_digest(sha256, each.sha256):
                found = each.caller
        return found

    def add(self, name: str, scope: Scope) -> str:
        """Make a token for somebody of this name. Nothing shows it again. Raises BadSetting, Fatal,
        OSError."""
        if _NAME(name) is None:
            raise BadSetting(
                "a token's name is 1 to 100 letters, digits, '.', '_', '@' or '-', and begins with"
                " a letter or a digit"
            )
        self._read_again()
        if any(each.caller.name == name for each in self._kept):
            raise BadSetting(f"there is a token called {name}; revoke it first")
        token = PREFIX + secrets.token_urlsafe(32)
        self._write((*self._kept, _Token(Caller(name, scope), content_hash(token))))
        return token

    def revoke(self, name: str) -> bool:
        """Whether there was one of this name. Raises Fatal, OSError."""
        self._read_again()
        left = tuple(each for each in self._kept if each.caller.name != name)
        if len(left) == len(self._kept):
            return False
        self._write(left)
        return True

    def callers(self) -> list[Caller]:
        """Who has a token in the home. Raises Fatal."""
        self._read_again()
        return [each.caller for each in self._kept]

    def _write(self, tokens: tuple[_Token, ...]) -> None:
        lines = (f"{each.caller.name} {each.caller.scope} {each.sha256}\n" for each in tokens)
        make_private(self._path.parent)
        write_atomically(self._path, "".join(lines).encode(), mode=PRIVATE)

    def _read_again(self) -> None:
        try:
            stat = self._path.stat()
            version = stat.st_mtime_ns, stat.st_ino, stat.st_size
            if version == self._version:
                return
            if stat.st_mode & _OPEN_TO_OTHERS:
                raise Fatal(f"others may read {self._path}: run `chmod 600` on it")
            if stat.st_size > MAX_FILE_BYTES:
                raise Fatal(f"{self._path} is no list of tokens: it is too long")
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            self._kept, self._version = (), None
            return
        except (OSError, UnicodeDecodeError) as error:
            raise Fatal(f"the tokens in {self._path} cannot be read: {error}") from error
        self._kept = tuple(self._token(*each) for each in enumerate(text.splitlines(), start=1))
        self._version = version

    def _token(self, number: int, line: str) -> _Token:
        words = line.split(" ")
        scope = next((each for each in SCOPES if words[1:2] == [each]), None)
        if len(words) != 3 or scope is None or not (_NAME(words[0]) and _HASH(words[2])):
            raise Fatal(f"line {number} of {self._path} is no token: NAME SCOPE SHA-256")
        return _Token(Caller(words[0], scope), words[2])
