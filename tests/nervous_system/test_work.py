"""Is work that does not get done told, since when, and not sooner than it matters?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nervous_system.telemetry.health import Health, Work
from nervous_system.telemetry.metrics import Metrics

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Time:
    """A stopwatch and a clock that the test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self) -> float:
        return self.seconds

    def clock(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


def test_it_is_told_after_the_grace_and_since_the_first_time() -> None:
    time = Time()
    work = Work(grace_seconds=3.0, clock=time.clock, watch=time.watch)
    assert work.hindrance() is None
    work.held_up("refused", remedy="make room")
    time.seconds = 2.0
    work.held_up("refused again", remedy="make room")
    assert work.hindrance() is None
    time.seconds = 3.0
    hindrance = work.hindrance()
    assert hindrance is not None
    assert (hindrance.since, hindrance.sentence) == (START, "refused again")
    work.goes_on()
    assert work.hindrance() is None
    work.held_up("anew", remedy="")
    assert work.hindrance() is None, "it is counted from here"


def test_a_service_that_moves_and_does_nothing_is_alive_and_says_so() -> None:
    metrics, reason = Metrics(), ""
    health = Health(service="overseer", metrics=metrics)
    health.progress("fold", maximum_silence_seconds=60)
    health.work("dispatch", lambda: (reason, "resume" if reason else ""), grace_seconds=0.0)
    assert health.report().document()["status"] == "ok"
    assert metrics.value("ganglion_work_held_up", work="dispatch") == 0
    reason = "halted"
    report = health.report()
    assert report.ok, "to start it again would not help"
    document = report.document()
    assert document["status"] == "held up"
    told = document["held_up"]
    assert isinstance(told, dict)
    assert told["dispatch"]["sentence"] == "halted"
    assert told["dispatch"]["remedy"] == "resume"
    assert metrics.value("ganglion_work_held_up", work="dispatch") == 1
    reason = ""
    assert health.report().document()["held_up"] == {}
