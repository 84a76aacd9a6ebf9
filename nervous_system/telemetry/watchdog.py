"""Who ends a service that no longer gets on? It ends itself, and whoever runs it starts it again.

A thread of its own looks, because a blocked event loop cannot.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Final

import structlog

from nervous_system.clock import Stopwatch, stopwatch
from nervous_system.telemetry.health import Health
from nervous_system.visible import visible

_log = structlog.get_logger()

STUCK: Final = 70
"""Exit code of a service that made no progress; its last line says which loop stood still."""


class Watchdog:
    """Looks after one service's health while the block runs."""

    def __init__(
        self,
        health: Health,
        *,
        patience_seconds: float,
        watch: Stopwatch = stopwatch,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._health = health
        self._patience_seconds = patience_seconds
        self._watch = watch
        self._end = end
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)

    def __enter__(self) -> None:
        if self._patience_seconds > 0:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def _look(self) -> None:
        stuck_since: float | None = None
        while not self._stop.wait(min(5.0, self._patience_seconds / 4)):
            sentences = self._health.stuck()
            if not sentences:
                stuck_since = None
                continue
            stuck_since = self._watch() if stuck_since is None else stuck_since
            if self._watch() - stuck_since >= self._patience_seconds:
                reason = "; ".join(sentences)
                _log.error(
                    "watchdog.exit",
                    reason=reason,
                    remedy="none needed: whoever runs the service starts it again",
                )
                sentence = f"it is stuck and ends itself: {visible(reason)}"
                sys.stderr.write(f"{sentence}\n")  # noqa: TID251 - a service has no other
                sys.stderr.flush()
                self._end(STUCK)
                return
