"""Is this service getting on with its work?

Two questions. Does each loop move? One that is silent for too long is stuck, and the service ends
itself. And does the work get done that the loop is for? A loop that asks in vain again and again
moves, and nothing comes of it: that is held up, and said, and starting again would not help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nervous_system.clock import Clock, Stopwatch, stopwatch, system_clock
from nervous_system.telemetry.metric_catalogue import PROGRESS_SILENCE_SECONDS, WORK_HELD_UP
from nervous_system.telemetry.metrics import Metrics

GRACE_SECONDS: Final = 3.0
"""So long work may be held up before that is told."""

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


class Work:
    """One kind of work, by what comes of it. Marked by whoever does it.

    What holds it up is told after `grace_seconds`: what is over by itself sooner is nobody's
    business.
    """

    def __init__(
        self,
        name: str = "",
        *,
        grace_seconds: float = GRACE_SECONDS,
        clock: Clock = system_clock,
        watch: Stopwatch = stopwatch,
    ) -> None:
        self.name = name
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._watch = watch
        self._since: tuple[datetime, float] | None = None
        self._sentence = ""
        self._remedy = ""

    def held_up(self, sentence: str, *, remedy: str) -> None:
        """It does not get done at this moment; since when is remembered from the first time."""
        if self._since is None:
            self._since = self._clock(), self._watch()
        self._sentence, self._remedy = sentence, remedy

    def goes_on(self) -> None:
        """Something came of it."""
        self._since = None

    def hindrance(self) -> Hindrance | None:
        """What holds it up, None where nothing does, or not for long yet."""
        if self._since is None or self._watch() - self._since[1] < self._grace_seconds:
            return None
        return Hindrance(since=self._since[0], sentence=self._sentence, remedy=self._remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """What keeps a service from one kind of its work."""

    since: datetime  # UTC
    sentence: str
    remedy: str  # what helps


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
    hindrances: Mapping[str, Hindrance]  # by kind of work; empty where all gets done

    @property
    def ok(self) -> bool:
        """Whether every loop makes progress."""
        return all(check.ok for check in self.checks.values())

    @property
    def status(self) -> str:
        """In one word."""
        if not self.ok:
            return "stuck"
        return "held up" if self.hindrances else "ok"

    def document(self) -> dict[str, object]:
        """The JSON of `/healthz`."""
        return {
            "status": self.status,
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
            "held_up": {
                name: {"since": each.since.isoformat(), **_words(each)}
                for name, each in self.hindrances.items()
            },
            "facts": dict(self.facts),
        }


def _words(hindrance: Hindrance) -> dict[str, str]:
    return {"sentence": hindrance.sentence, "remedy": hindrance.remedy}


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
        self._work: dict[str, Work] = {}
        self._looks: list[tuple[Work, Callable[[], tuple[str, str]]]] = []
        self._facts: dict[str, Callable[[], Fact]] = {}
        self._held_up = metrics.gauge(WORK_HELD_UP)

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

    def work(
        self,
        name: str,
        look: Callable[[], tuple[str, str]] | None = None,
        *,
        grace_seconds: float = GRACE_SECONDS,
    ) -> Work:
        """A new kind of work, to be marked by whoever does it.

        Or with `look`, asked at every report: what holds it up and what helps, both empty where
        nothing does.
        """
        if name in self._work:
            raise ValueError(f"the work '{name}' is there already; give each kind its own name")
        made = Work(name, grace_seconds=grace_seconds, clock=self._clock, watch=self._watch)
        self._work[name] = made
        if look is not None:
            self._looks.append((made, look))
        gauge = self._held_up.labels(work=name)
        gauge.set_function(lambda: float(made.hindrance() is not None))
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
        for work, look in self._looks:
            sentence, remedy = look()
            if sentence:
                work.held_up(sentence, remedy=remedy)
            else:
                work.goes_on()
        found = {name: work.hindrance() for name, work in self._work.items()}
        return HealthReport(
            service=self.service,
            checks={name: progress.check() for name, progress in self._progress.items()},
            facts={name: read() for name, read in self._facts.items()},
            hindrances={name: each for name, each in found.items() if each is not None},
        )
