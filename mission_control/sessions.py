"""How does a person's browser get in? By a key in the address that is good for one browser, which
gets a cookie for it.

The key stands behind `#` in the address, which no browser sends anywhere and no page of another
site can read. Whoever reads it in a log later finds that it is used up. Cookies are shared by all
ports of a machine's name, so the cookie's own has the port in it.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path
from typing import Final

from local_mesh.home import Home
from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.host.files import PRIVATE, make_private, write_atomically
from nervous_system.ids import content_hash
from operations.http_tokens import Caller

MAX_SESSIONS: Final = 64
IDLE_SECONDS: Final = 12 * 3600.0
"""A browser that asked nothing for so long has to be let in again."""


class Sessions:
    """The browsers that were let in since this process began."""

    def __init__(self, home: Path, *, caller: Caller, watch: Stopwatch = stopwatch) -> None:
        self._path = Home.at(home).http_key
        self._caller = caller
        self._watch = watch
        self._key = ""
        self._seen: dict[str, float] = {}  # by the hash of the cookie; the last seen at the end

    def new_key(self) -> None:
        """Make the key that lets the next browser in. Raises OSError."""
        self._key = secrets.token_urlsafe(32)
        make_private(self._path.parent)
        write_atomically(self._path, self._key.encode(), mode=PRIVATE)

    def open(self, key: str) -> str | None:
        """The cookie for whoever has the key, which is used up by that; None for another one.
        Raises OSError."""
        if not self._key or not hmac.compare_digest(content_hash(key), content_hash(self._key)):
            return None
        self.new_key()
        cookie = secrets.token_urlsafe(32)
        self._seen[content_hash(cookie)] = self._watch()
        while len(self._seen) > MAX_SESSIONS:
            del self._seen[next(iter(self._seen))]
        return cookie

    def caller(self, cookie: str) -> Caller | None:
        """Who has this cookie; None if it is none of ours, or no longer."""
        sha256, now = content_hash(cookie), self._watch()
        seen = self._seen.pop(sha256, None)
        if seen is None or now - seen > IDLE_SECONDS:
            return None
        self._seen[sha256] = now
        return self._caller

    def close(self, cookie: str) -> None:
        """This browser is not let in any more."""
        self._seen.pop(content_hash(cookie), None)
