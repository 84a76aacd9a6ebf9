"""Whose signatures count now, while a process runs? What `trusted_keys` says, read again when it
changed.

A line counts since and until moments that are written a little ahead (`COUNTS_AFTER_SECONDS`), and
a process looks more often than that. So whoever decides on a message has read the line that is
about it, and comes to the verdict to which a replay will come, too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import structlog

from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.contract.signature import TrustedKeys
from nervous_system.errors import Fatal

_log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
"""How old what a process knows of the file can be: longer is looked no sooner than at the next
message."""

COUNTS_AFTER_SECONDS: Final = 3.0
"""How far ahead the moments lie from which a new line or a revocation counts: longer than
`LOOK_SECONDS`, and than the clocks of one mesh are apart."""

_Stamp = tuple[int, int, int]


class LiveKeys:
    """The trusted keys of one home, as one process goes by them."""

    def __init__(
        self,
        trusted: TrustedKeys,
        *,
        path: Path | None = None,
        stamp: _Stamp | None = None,
        watch: Stopwatch = stopwatch,
    ) -> None:
        self._trusted = trusted
        self._path = path
        self._stamp = stamp
        self._watch = watch
        self._looked_at = watch()

    @classmethod
    def none(cls) -> Self:
        """Nothing is checked, and that stays so."""
        return cls(TrustedKeys.none())

    @classmethod
    def read(
        cls,
        path: Path,
        *,
        required: bool = False,
        max_seconds: float = 300.0,
        watch: Stopwatch = stopwatch,
    ) -> Self:
        """From a file, as `TrustedKeys.read`, whose errors it raises."""
        stamp = _stamp(path)  # before: what is written meanwhile is read again
        trusted = TrustedKeys.read(path, required=required, max_seconds=max_seconds)
        return cls(trusted, path=path, stamp=stamp, watch=watch)

    @property
    def in_force(self) -> TrustedKeys:
        """Those that count at this moment."""
        if self._path is not None and self._watch() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = self._watch()
            self._look(self._path)
        return self._trusted

    def _look(self, path: Path) -> None:
        stamp = _stamp(path)
        if stamp == self._stamp:
            return
        self._stamp = stamp  # what is wrong with it is said once
        try:
            found = TrustedKeys.read(
                path, required=self._trusted.required, max_seconds=self._trusted.max_seconds
            )
            problem = _why_not(self._trusted, found)
        except Fatal as error:
            problem = str(error)
        if problem:
            _log.error(
                "keys.kept",
                reason=problem,
                remedy=f"mend {path}, which is read again then; until then the keys count that did",
            )
            return
        _log.info("keys.read", before=len(self._trusted.keys), keys=len(found.keys))
        # What a process seals with is its own until it ends.
        self._trusted = replace(found, seal=self._trusted.seal or found.seal)


def _why_not(before: TrustedKeys, found: TrustedKeys) -> str:
    """Why what was found cannot be gone by without a new start; empty where it can."""
    if before.keys and not found.keys:
        return "no key is trusted any more, so nothing would be checked"
    gone = [
        name
        for name, each in before.of_mesh.items()
        if name not in found.of_mesh or found.of_mesh[name].key != each.key
    ]
    if gone:
        return f"the key {gone[0]}, which vouches for the services, is not in it any more"
    if found.of_mesh and not before.of_mesh:
        return "the mesh got a key of its own, and what runs has none: restart the mesh"
    return ""


def _stamp(path: Path) -> _Stamp | None:
    """What changes when a file does; None where it cannot be seen."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino
