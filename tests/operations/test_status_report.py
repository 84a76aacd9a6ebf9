"""Does the report say what is wrong, and count the lag from the log itself?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_mesh.home import Home
from local_mesh.supervisor.mesh_file import MeshRecord, ProcessRecord, ProcessState
from local_mesh.supervisor.recording import HeldUp, RecordingStatus, ServiceHealth, recording_line
from nervous_system.contract.stored import StreamState
from nervous_system.phrases import moment
from operations.queries.status_report import LogFound, StatusReport, assemble
from operations.queries.system_mode import LastPulse

STREAM = StreamState(
    created="2026-11-21T09:00:00Z",
    first_sequence=1,
    last_sequence=120,
    messages=120,
    bytes=9000,
    max_bytes=10**9,
)
WELL = ServiceHealth(ok=True, sentence="", facts={"watermark": 100, "lag": 3})
STUCK = ServiceHealth(ok=False, sentence="no progress for 90 s", facts={})


def report(
    *,
    state: ProcessState = "running",
    health: ServiceHealth = WELL,
    stream: StreamState | None = STREAM,
    problem: str = "",
) -> StatusReport:
    process = ProcessRecord(
        name="ingestor",
        state=state,
        pid=9,
        address="http://127.0.0.1:1",
        health_url="http://127.0.0.1:1/healthz",
        log="/x",
        attempt=2,
        last_exit_code=-9,
    )
    mesh = MeshRecord(
        pid=8,
        state="running",
        started_at="2026-11-21T09:00:00+00:00",
        nats_url="nats://127.0.0.1:1",
        nats_monitor_url=None,
        clickhouse_url="http://127.0.0.1:2",
        processes=(process,),
    )
    return assemble(
        Home.at(Path("/h")), mesh, healths=[health], log=LogFound(stream=stream, problem=problem)
    )


def test_all_is_well() -> None:
    found = report()
    assert found.problems == ()
    assert (found.watermark, found.lag) == (100, 20)
    document = found.document()
    assert document["lag"] == 20
    assert document["healthy"] is True
    assert document["stream"]["first_sequence"] == 1
    assert document["stream"]["last_sequence"] == 120
    assert document["processes"][0]["name"] == "ingestor"


def test_without_the_log_the_ingestors_own_word_counts() -> None:
    found = report(stream=None, problem="the log: nobody answers")
    assert found.lag == 3
    assert found.problems == ("the log: nobody answers",)


KILLED = "it was killed by signal 9 (SIGKILL)"


@pytest.mark.parametrize(
    ("state", "health", "problem"),
    [
        ("running", STUCK, "ingestor: no progress for 90 s"),
        ("restarting", STUCK, f"ingestor: {KILLED}; it is started again soon"),
        ("starting", STUCK, "ingestor: it is not ready yet"),
        ("stopped", STUCK, "ingestor: it is stopped"),
    ],
)
def test_what_is_wrong_is_said(state: ProcessState, health: ServiceHealth, problem: str) -> None:
    found = report(state=state, health=health)
    assert found.problems == (f"{problem} → see /x",)
    assert found.lag is None
    assert found.document()["healthy"] is False


SINCE = datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_one_that_is_alive_and_gets_nothing_done_is_not_ok() -> None:
    refused = HeldUp(
        work="inserting",
        since=SINCE.isoformat(),
        sentence="ClickHouse says no",
        remedy="make room",
    )
    found = report(health=replace(WELL, held_up=(refused,)))
    assert found.processes[0].health == "held up"
    assert found.problems == (
        f"ingestor: inserting since {moment(SINCE)}: ClickHouse says no → make room",
    )


@pytest.mark.parametrize(
    ("seconds", "started_before", "late"),
    [(80, 500, False), (100, 500, True), (5_000, 20, False)],
)
def test_pulses_that_do_not_come_are_a_problem(
    *, seconds: int, started_before: int, late: bool
) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    process = ProcessRecord(
        name="overseer", state="running", pid=9, address="", health_url="", log="/x", attempt=1
    )
    mesh = MeshRecord(
        pid=8,
        state="running",
        started_at=(now - timedelta(seconds=started_before)).isoformat(),
        nats_url="nats://127.0.0.1:1",
        nats_monitor_url=None,
        clickhouse_url="http://127.0.0.1:2",
        processes=(process,),
    )
    pulse = LastPulse(recorded_at=now - timedelta(seconds=seconds), interval_seconds=60)
    log = LogFound(stream=STREAM, pulse=pulse)
    found = assemble(Home.at(Path("/h")), mesh, healths=[WELL], log=log, now=now)
    assert any("no pulse since 2026-11-2" in problem for problem in found.problems) is late


def test_a_full_log_is_a_problem() -> None:
    (problem,) = report(stream=replace(STREAM, bytes=10**9 - 10)).problems
    assert "the log: it is full (100.0 %) and refuses events" in problem
    assert report(stream=replace(STREAM, bytes=95 * 10**7)).problems == ()


def test_one_that_waits_for_its_turn_does_not_say_how_far_it_is() -> None:
    facts = {"state": "waiting for the lease", "watermark": None, "lag": None}
    found = report(health=ServiceHealth(ok=True, sentence="", facts=facts))
    assert (found.watermark, found.lag) == (None, None)


def test_the_recording_line() -> None:
    now, before = RecordingStatus(watermark=12_000, lag=5), RecordingStatus(watermark=10_000, lag=0)
    assert recording_line(now, before=before, seconds=2.0) == (
        "recorded 12,000 events · lag 5 · 1,000/s"
    )
    assert recording_line(now, before=None, seconds=2.0).endswith("· 0/s")
