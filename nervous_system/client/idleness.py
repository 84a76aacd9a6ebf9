"""Why does a worker do nothing? Its log says it once, when it has lasted for a while."""

from __future__ import annotations

from typing import Final

import structlog

from nervous_system.clock import Stopwatch, stopwatch

_log = structlog.get_logger()

LASTED_SECONDS: Final = 5.0
"""Between two tasks nobody need say why there is none."""


class Idleness:
    """What a worker waits for, as it was told last."""

    def __init__(self, *, watch: Stopwatch = stopwatch) -> None:
        self._watch = watch
        self._reason = ""
        self._since = 0.0
        self._said = False

    def look(self, reason: str) -> None:
        """Why it does nothing at this moment; empty where it does something."""
        if reason != self._reason:
            if self._said and not reason:
                _log.info("worker.goes_on")
            self._reason, self._since, self._said = reason, self._watch(), False
        if reason and not self._said and self._watch() - self._since >= LASTED_SECONDS:
            self._said = True
            _log.info("worker.waits", reason=reason)
