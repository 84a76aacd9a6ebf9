"""When is a process started again: how long after it died, when it is silent,
and when it answers with bad news?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from local_mesh.supervisor.recording import ServiceHealth, ask_health
from local_mesh.supervisor.specification import ProcessSpecification
from nervous_system.clock import Stopwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartVerdict:
    """What follows from one look."""

    restart: bool = False  # start it again now
    sentence: str = ""  # what is wrong and what is waited for, empty when it is well


class Wellbeing:
    """How one run of a process has been so far."""

    def __init__(
        self,
        specification: ProcessSpecification,
        *,
        earlier_failures: int,
        was_ready: bool,
        watch: Stopwatch,
    ) -> None:
        self._specification = specification
        self._watch = watch
        self._unwell_since: float | None = None
        self._has_waited = False
        self._patience = specification.unhealthy_seconds
        if self._patience is not None and not was_ready:
            # Recovering a large store takes its time, and a restart would begin it anew: it gets
            # as long as at a first start, and twice that the next time.
            self._patience = specification.ready_timeout_seconds * 2.0 ** min(earlier_failures, 6)

    def see(self, health: ServiceHealth) -> RestartVerdict:
        """Take one look into account; looks for an obstacle where it is not well."""
        if self._patience is None or not health.answered:
            return RestartVerdict()  # it ends itself; or it is silent, and others look after that
        if health.ok:
            self._unwell_since, self._has_waited = None, False
            return RestartVerdict()
        now = self._watch()
        self._unwell_since = now if self._unwell_since is None else self._unwell_since
        obstacle = self._specification.obstacle()
        if obstacle:
            self._has_waited = True
            return RestartVerdict(
                sentence=f"{health.sentence}; {obstacle}. Then it is started again by itself"
            )
        seconds = now - self._unwell_since
        if self._has_waited:
            return RestartVerdict(
                restart=True, sentence=f"what was in its way is gone ({health.sentence})"
            )
        if seconds < self._patience:
            return RestartVerdict(sentence=health.sentence)
        return RestartVerdict(
            restart=True, sentence=f"it has not been well for {seconds:.0f} s ({health.sentence})"
        )


ASKS_IN_A_ROW: Final = 3
"""Asked in vain this often at least: a supervisor that stood still itself blames nobody."""


async def until_silent(health_url: str, *, silent_seconds: float, stopwatch: Stopwatch) -> float:
    """Ask for the health of a process again and again, until it was silent for `silent_seconds`.

    Any answer is one, also that all is not well: only silence counts. Returns the seconds of
    silence. Never raises.
    """
    patience = silent_seconds / ASKS_IN_A_ROW
    answered, in_vain = stopwatch(), 0
    while True:
        health = await ask_health(health_url, timeout_seconds=patience)
        now = stopwatch()
        if health.answered:
            answered, in_vain = now, 0
        else:
            in_vain += 1
            if in_vain >= ASKS_IN_A_ROW and now - answered >= silent_seconds:
                return now - answered
        await asyncio.sleep(patience / 2 if health.answered else min(patience / 4, 1.0))


FIRST_SECONDS: Final = 0.25
MAX_SECONDS: Final = 5.0
"""However often it died: it is to run again within ten seconds, and takes some of them to start."""

STABLE_SECONDS: Final = 60.0
"""Who ran this long before it died is forgiven what was before."""


def count_failures(earlier: int, *, ran_seconds: float) -> int:
    """The number of failures in a row, this one included; `earlier` is the number before it."""
    return 1 if ran_seconds >= STABLE_SECONDS else earlier + 1


def restart_delay_seconds(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 0.25, 0.5, 1, 2, 4, then 5."""
    if failures < 1:
        return 0.0
    return float(min(FIRST_SECONDS * 2.0 ** min(failures - 1, 16), MAX_SECONDS))
