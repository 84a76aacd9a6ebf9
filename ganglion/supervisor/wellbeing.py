"""When is a process that answers with bad news only started again, and what is waited for first?

A server whose disk was full goes on refusing after there is room again, until it is started anew.
While there is none, starting it again helps nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from ganglion.supervisor.recording import ServiceHealth
from ganglion.supervisor.specification import ProcessSpecification
from nervous_system.clock import Stopwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
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
        self._waited = False
        self._patience = specification.unhealthy_seconds
        if self._patience is not None and not was_ready:
            # Recovering a large store takes its time, and a restart would begin it anew: it gets
            # as long as at a first start, and twice that the next time.
            self._patience = specification.ready_timeout_seconds * 2.0 ** min(earlier_failures, 6)

    def see(self, health: ServiceHealth) -> Verdict:
        """Take one look into account; looks for an obstacle where it is not well."""
        if self._patience is None or not health.answered:
            return Verdict()  # it ends itself; or it is silent, and others look after that
        if health.ok:
            self._unwell_since, self._waited = None, False
            return Verdict()
        now = self._watch()
        self._unwell_since = now if self._unwell_since is None else self._unwell_since
        obstacle = self._specification.obstacle()
        if obstacle:
            self._waited = True
            return Verdict(
                sentence=f"{health.sentence}; {obstacle}. Then it is started again by itself"
            )
        seconds = now - self._unwell_since
        if self._waited:
            return Verdict(
                restart=True, sentence=f"what was in its way is gone ({health.sentence})"
            )
        if seconds < self._patience:
            return Verdict(sentence=health.sentence)
        return Verdict(
            restart=True, sentence=f"it has not been well for {seconds:.0f} s ({health.sentence})"
        )
