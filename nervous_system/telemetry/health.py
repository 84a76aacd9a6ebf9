"""Is this service getting on with its work?

A loop that is silent for too long is stuck.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from nervous_system.clock import Clock, Stopwatch, stopwatch, system_clock
from nervous_system.telemetry.metric_catalogue import PROGRESS_SILENCE_SECONDS
from nervous_system.telemetry.metrics import Metrics

Fact = str | int | float | bool | None


class Progress:
    """The pulse of one loop.

    It is marked every round, also where there was nothing to do.
    """

    def __init__(
        self, name: str, *, maximum_silence_seconds: float, clock: Clock, watch: Stopwatch
    ) -> None:
        self.name = name
        self.maximum_silence_seconds = maximum_silence_seconds
        self._clock = clock
        self._watch = watch
        self._doing = "starting"
        self._marked = watch()
        self._marked_at = clock()

    def mark(self, doing: str = "") -> None:
        """Work went on.

        `doing` says what comes next, for the sentence when it never ends.
        """
        self._doing = doing
        self._marked = self._watch()
        self._marked_at = self._clock()

    @property
    def silence_seconds(self) -> float:
        """Since the last mark, or since it was made."""
        return self._watch() - self._marked

    def check(self) -> Check:
        """How it stands now."""
        silence = self.silence_seconds
        stuck = silence > self.maximum_silence_seconds
        sentence = ""
        if stuck:
            sentence = (
                f"the {self.name} loop has made no progress for {silence:.0f} s"
                f" (at most {self.maximum_silence_seconds:g} s)"
            )
            if self._doing:
                sentence += f"; the last it said was: {self._doing}"
        return Check(
            ok=not stuck, since=self._marked_at, silence_seconds=silence, sentence=sentence
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How one loop stands."""

    ok: bool
    since: datetime  # its last sign of life, UTC
    silence_seconds: float
    sentence: str  # empty when all is well


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """How a service stands."""

    service: str
    checks: Mapping[str, Check]
    facts: Mapping[str, Fact]

    @property
    def ok(self) -> bool:
        """Whether every loop makes progress."""
        return all(check.ok for check in self.checks.values())

    def document(self) -> dict[str, object]:
        """The JSON of `/healthz`."""
        return {
            "status": "ok" if self.ok else "stuck",
            "service": self.service,
            "checks": {
                name: {
                    "ok": check.ok,
                    "since": check.since.isoformat(),
                    "silence_seconds": round(check.silence_seconds, 3),
                    **({} if check.ok else {"sentence": check.sentence}),
                }
                for name, check in self.checks.items()
            },
            "facts": dict(self.facts),
        }


class Health:
    """What one service says about itself."""

    def __init__(
        self,
        *,
        service: str,
        metrics: Metrics,
        clock: Clock = system_clock,
        watch: Stopwatch = stopwatch,
    ) -> None:
        self.service = service
        self._silence = metrics.gauge(PROGRESS_SILENCE_SECONDS)
        self._clock = clock
        self._watch = watch
        self._progress: dict[str, Progress] = {}
        self._facts: dict[str, Callable[[], Fact]] = {}

    def progress(self, name: str, *, maximum_silence_seconds: float) -> Progress:
        """A new pulse to be marked by the loop `name`; it counts from now on."""
        if name in self._progress:
            raise ValueError(f"the loop '{name}' already has a pulse; give each loop its own name")
        made = Progress(
            name,
            maximum_silence_seconds=maximum_silence_seconds,
            clock=self._clock,
            watch=self._watch,
        )
        self._progress[name] = made
        self._silence.labels(check=name).set_function(lambda: made.silence_seconds)
        return made

    def fact(self, name: str, read: Callable[[], Fact]) -> None:
        """Show `read()` under `name`: where the service stands, not whether it is well."""
        self._facts[name] = read

    def stuck(self) -> list[str]:
        """One sentence for each loop that makes no progress; safe to ask from another thread."""
        checks = [progress.check() for progress in list(self._progress.values())]
        return [check.sentence for check in checks if not check.ok]

    def report(self) -> HealthReport:
        """How the service stands now."""
        return HealthReport(
            service=self.service,
            checks={name: progress.check() for name, progress in self._progress.items()},
            facts={name: read() for name, read in self._facts.items()},
        )
