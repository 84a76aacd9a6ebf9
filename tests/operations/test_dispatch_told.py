"""Do `ganglion status` and `ganglion doctor` say what the overseer says of dispatch?"""

from __future__ import annotations

from pathlib import Path

import pytest

from local_mesh.home import Home
from local_mesh.supervisor.mesh_file import MeshRecord, ProcessRecord
from local_mesh.supervisor.recording import ServiceHealth
from operations.doctor.mesh import examine_dispatch, examine_tasks
from operations.queries.status_report import LogFound, SwarmStatus, assemble

SAID = {"held": "", "slowed": "", "waits": "", "aside": "", "dismissed": "", "overridden": ""}
COUNTS = {"workers": 2, "objectives": 1, "tasks_waiting": 3, "tasks_claimed": 0, "pulse": 7}


def swarm(**said: str) -> SwarmStatus:
    """As `status` makes it of what the overseer answers."""
    overseer = ProcessRecord(
        name="overseer",
        state="running",
        pid=9,
        address="http://127.0.0.1:1",
        health_url="http://127.0.0.1:1/healthz",
        log="/x",
        attempt=1,
        last_exit_code=None,
    )
    mesh = MeshRecord(
        pid=8,
        state="running",
        started_at="2026-11-21T09:00:00+00:00",
        nats_url="nats://127.0.0.1:1",
        nats_monitor_url=None,
        clickhouse_url="http://127.0.0.1:2",
        processes=(overseer,),
    )
    health = ServiceHealth(ok=True, sentence="", facts={**COUNTS, **SAID, **said})
    found = assemble(Home.at(Path("/h")), mesh, healths=[health], log=LogFound()).swarm
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("said", "ok", "sentence"),
    [
        ({}, True, "tasks are handed out"),
        ({"slowed": "CPU of h is at 97 %"}, True, "CPU of h is at 97 %"),
        ({"overridden": "oskar overrides the limits"}, True, "oskar overrides the limits"),
        ({"held": "dispatch is halted: lunch", "waits": "x"}, False, "dispatch is halted: lunch"),
        ({"waits": "a waits: no worker is there"}, False, "a waits: no worker is there"),
    ],
)
def test_the_sentence_of_the_overseer_is_the_doctors(
    said: dict[str, str], ok: bool, sentence: str
) -> None:
    finding = examine_dispatch(swarm(**said))
    assert (finding.ok, finding.sentence) == (ok, sentence)
    assert bool(finding.remedy) is not ok


def test_what_was_set_aside_is_not_well() -> None:
    assert examine_tasks(swarm()).ok
    found = examine_tasks(swarm(aside="a waits: it is set aside"))
    assert (found.ok, found.sentence) == (False, "a waits: it is set aside")
    assert found.remedy
