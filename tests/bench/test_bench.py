"""Does `python -m bench` run, and say what its figures are made of? Nothing here is timed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.events import entries, payloads
from bench.figure import Figure, measured
from bench.machine import describe_machine
from bench.profile import QUICK
from bench.report import Report
from bench.rounds import interleave
from nervous_system.contract.codec import encode
from nervous_system.errors import StartFailed
from tests.real_servers import RealProcess, wait_until

BENCH = [sys.executable, "-m", "bench", "--quick"]


@pytest.mark.parametrize(
    "name",
    [
        "ingest",
        "publish",
        "tracing",
        "fold",
        "state",
        "tasks",
        pytest.param("idle", marks=pytest.mark.long),
    ],
)
def test_each_benchmark_runs_and_its_figures_are_positive(name: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.md"
    kept.write_text("# Of an earlier run\n\n## Why\n\nBecause.\n")
    ended = subprocess.run(
        [*BENCH, "--json", "--only", name, "--write", str(kept)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path), "GANGLION_BENCH_PEERS": str(tmp_path / "no")},
    )
    assert ended.returncode == 0, ended.stderr
    figures = json.loads(ended.stdout)["figures"]
    assert figures
    for figure in figures:
        assert figure["name"].startswith(f"{name}.")
        if figure["value"] is None:  # a peer that is not there
            assert figure["detail"] == "not installed: run `make bench-peers-setup` in a checkout"
        else:
            # What tracing or an idle mesh adds may be nothing in so short a run.
            assert figure["value"] > 0 or figure["unit"] in ("%", "MB")
        assert f"`{figure['name']}`" in kept.read_text()
    assert kept.read_text().endswith("|\n\n## Why\n\nBecause.\n")
    assert "earlier run" not in kept.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["kept.md"], "its folder is gone"


def test_a_name_that_does_not_exist_is_refused_with_those_that_do() -> None:
    ended = subprocess.run(
        [*BENCH, "--only", "speed"], capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 2
    assert "idle, ingest, publish, tracing, fold, state, tasks" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_when_it_is_stopped_its_servers_stop_too(number: signal.Signals, tmp_path: Path) -> None:
    bench = RealProcess(
        [*BENCH, "--only", "ingest"], log=tmp_path / "log", environment={"TMPDIR": str(tmp_path)}
    )
    wait_until(lambda: len(_processes_in(tmp_path)) >= 2, "two servers")
    os.kill(bench.pid, number)
    bench.wait()
    wait_until(lambda: not _processes_in(tmp_path), "nothing left running")
    if number != signal.SIGKILL:
        assert [each.name for each in tmp_path.iterdir()] == ["log"]


class Nobody:
    """Shows nothing."""

    def expect(self, steps: int) -> None: ...

    def step(self, what: str) -> None: ...

    def done(self) -> None: ...


def _processes_in(folder: Path) -> list[int]:
    """Pids whose command line or working folder names the folder of the measurement."""
    word = f"{folder}/ganglion-bench-"
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            where = f"{(process / 'cmdline').read_text()} {(process / 'cwd').readlink()}"
        except OSError:
            continue
        if word in where:
            found.append(int(process.name))
    return found


async def test_rounds_turn_the_order_round_and_ratios_are_taken_within_a_round() -> None:
    order: list[str] = []
    speeds = {"ours": iter([9.0, 10.0, 30.0]), "theirs": iter([9.0, 5.0, 10.0])}

    def contender(name: str):  # type: ignore[no-untyped-def]
        async def measure() -> float:
            order.append(name)
            await asyncio.sleep(0)
            return next(speeds[name])

        return measure

    found = await interleave(
        {name: contender(name) for name in speeds},
        rounds=2,
        warm_up=True,
        max_seconds=60.0,
        show=Nobody(),
    )
    assert order == ["theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert found.ratio("ours", "theirs").values == (2.0, 3.0)
    assert found.ratio("ours", "theirs").median == 2.5
    assert found.median("ours") == 20.0


async def test_no_round_is_begun_that_would_end_too_late() -> None:
    moment = 0.0

    async def ten_seconds() -> float:
        nonlocal moment
        moment += 10.0
        return 1.0

    async def rounds_within(seconds: float) -> int:
        found = await interleave(
            {"ours": ten_seconds},
            rounds=5,
            warm_up=True,
            max_seconds=seconds,
            show=Nobody(),
            watch=lambda: moment,
        )
        return len(found.values["ours"])

    assert await rounds_within(45.0) == 3
    assert await rounds_within(1.0) == 1
    assert await rounds_within(1000.0) == 5


def test_a_target_is_a_floor_or_a_ceiling_or_nothing() -> None:
    assert _figure(5.0, target=5.0, at_least=True).met is True
    assert _figure(4.9, target=5.0, at_least=True).met is False
    assert _figure(1.3, target=1.3, at_least=False).met is True
    assert _figure(1.4, target=1.3, at_least=False).met is False
    assert _figure(9.0, target=None, at_least=True).met is None


def test_the_document_names_machine_date_and_verdicts() -> None:
    report = Report(
        machine=describe_machine(),
        measured_at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
        seconds=1.0,
        size=QUICK,
        figures=(_figure(4.9, target=5.0, at_least=True),),
    )
    text = report.markdown()
    assert "2026-11-21 12:00 UTC" in text
    assert "| `a.b` | ours over theirs | 4.90 x | ≥ 5.00 x | MISSED | 49 and 10 |" in text
    assert report.missed == 1


async def test_a_part_that_fails_is_a_figure_that_says_why() -> None:
    async def fails() -> list[Figure]:
        raise StartFailed("the overseer did not answer")

    async def works() -> list[Figure]:
        return [_figure(5.0, target=5.0, at_least=True)]

    assert (await measured("a", "both", works))[0].verdict == "met"
    (failed,) = await measured("a", "both", fails)
    assert (failed.verdict, failed.shown, failed.met) == ("FAILED", "—", False)
    assert failed.detail == "the overseer did not answer"


def test_measured_events_keep_the_contract_and_are_not_tiny() -> None:
    sizes = [len(encode(entry.event)) for entry in entries(payloads(2_000))]
    assert 300 <= sum(sizes) / len(sizes) <= 450


def _figure(value: float, *, target: float | None, at_least: bool) -> Figure:
    return Figure(
        name="a.b",
        what="ours over theirs",
        value=value,
        unit="x",
        target=target,
        at_least=at_least,
        detail="49 and 10",
    )
