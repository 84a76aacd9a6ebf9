"""When is a process that answers with bad news only started again?"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from enchanted.events.v1.process_pb2 import ProcessExited
from local_mesh.home import Home
from local_mesh.supervisor.mesh_file import read_mesh
from local_mesh.supervisor.recording import ServiceHealth
from local_mesh.supervisor.restarting import Wellbeing
from tests.command_line import FreePort
from tests.local_mesh.stub_mesh import Observed, make_supervisor, stub
from tests.local_mesh.test_supervisor import until, until_ready

WELL = ServiceHealth(ok=True, sentence="", facts={})
BAD = ServiceHealth(ok=False, sentence="write error", facts={})
SILENT = ServiceHealth(ok=False, sentence="nobody answers", facts={}, answered=False)


@pytest.mark.parametrize(
    ("was_ready", "failures", "looks", "restarts"),
    [
        (True, 0, {0: WELL, 10: BAD, 15: BAD}, False),
        (True, 0, {0: WELL, 10: BAD, 16: BAD}, True),
        (True, 0, {0: BAD, 5: WELL, 6: BAD, 11: BAD}, False),  # it recovered in between
        (True, 0, {0: SILENT, 100: SILENT}, False),  # others look after silence
        (False, 0, {0: BAD, 119: BAD}, False),  # it may be recovering
        (False, 0, {0: BAD, 120: BAD}, True),
        (False, 1, {0: BAD, 239: BAD}, False),  # and longer the next time
        (False, 1, {0: BAD, 240: BAD}, True),
    ],
)
def test_bad_news_is_borne_for_a_while(
    *, was_ready: bool, failures: int, looks: dict[int, ServiceHealth], restarts: bool
) -> None:
    now = 0.0
    specification = replace(stub("a", port=1, ready_timeout_seconds=120.0), unhealthy_seconds=6.0)
    wellbeing = Wellbeing(
        specification, earlier_failures=failures, was_ready=was_ready, watch=lambda: now
    )
    verdicts = []
    for moment, health in looks.items():
        now = float(moment)
        verdicts.append(wellbeing.see(health).restart)
    assert verdicts[-1] is restarts
    assert not any(verdicts[:-1])


async def test_one_that_is_not_well_is_started_again_once_nothing_is_in_its_way(
    home: Path, tmp_path: Path, free_port: FreePort
) -> None:
    unwell, obstacle = tmp_path / "unwell", tmp_path / "obstacle"
    observed = Observed()
    specification = replace(
        stub("store", "--unwell-while", str(unwell), port=free_port()),
        unhealthy_seconds=0.2,
        obstacle=lambda: "no space: make room" if obstacle.exists() else "",
    )
    supervisor = make_supervisor(
        [specification], home=Home.at(home), observed=observed, look_seconds=0.05
    )
    running = await until_ready(supervisor)
    obstacle.touch()
    unwell.touch()
    await until(observed, "trouble store")
    mesh = read_mesh(Home.at(home).mesh_file)
    assert mesh is not None
    assert "no space: make room" in mesh.processes[0].trouble
    assert mesh.processes[0].attempt == 1, "while it is in the way, starting again helps nobody"
    said = [line for line in observed.lines if "make room" in line]
    assert len(said) == 1, "it is said once"
    obstacle.unlink()
    await until(observed, "died store")
    unwell.unlink()
    await until(observed, "ready store 2")
    assert supervisor.mesh.processes[0].trouble == ""
    supervisor.ask_to_stop()
    await running
    exited = next(fact for fact in observed.facts if isinstance(fact, ProcessExited))
    assert exited.exit_code == 0, "it was asked, not killed"


def test_who_has_no_descriptors_left_blames_nobody(tmp_path: Path) -> None:
    """A supervisor that cannot ask must not take that for silence, and kill what works."""
    program = (
        "import asyncio, os, resource\n"
        "from local_mesh.supervisor.recording import ask_health\n"
        "async def main():\n"
        "    await ask_health('http://127.0.0.1:1/')\n"  # everything is loaded and open
        "    open_now = len(os.listdir('/proc/self/fd')) - 1\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now, open_now))\n"
        "    health = await ask_health('http://127.0.0.1:1/')\n"
        "    print(health.ok, health.answered, health.sentence)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "False True nobody could be asked: Too many open files here; see `ulimit -n`\n"
    )
