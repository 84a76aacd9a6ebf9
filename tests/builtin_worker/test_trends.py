"""Do the trends show the pulses that are on record, and nothing else?"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from builtin_worker.action import ActionContext
from builtin_worker.actions import ACTIONS
from enchanted.events.v1.pulse_pb2 import KeyIndicator, PulseCompleted
from nervous_system.bus import Bus
from nervous_system.errors import Permanent
from tests.builtin_worker.mesh_of_worker import NOW, Ingesting, do, job, publish, tree

CHARTS = {"uptime.svg", "tes.svg", "memory.svg", "ingest_lag.svg"}


async def pulsed(bus: Bus, ingesting: Ingesting, *pulses: PulseCompleted) -> None:
    """These pulses are on record."""
    last = 0
    for pulse in pulses:
        last = await publish(bus, pulse)
    ingesting.start()
    await ingesting.until(last)


def pulse(number: int, *, scored: bool = True, measured: bool = True) -> PulseCompleted:
    return PulseCompleted(
        number=number,
        interval_seconds=240,
        system_mode="halted" if number == 7 else "operational",
        memory_percent=40 + number,
        ingest_lag=100 * number,
        mean_tool_efficacy_score=90 + number / 10 if scored else None,
        indicators=[
            KeyIndicator(name="mean_tes", value=1, target=96),
            KeyIndicator(name="uptime_percent", value=100 - number, target=95),
        ]
        if measured
        else [],
    )


def folder_of(home: Path) -> Path:
    (folder,) = (home / "reports" / "trends").iterdir()
    return folder


async def test_the_last_pulses_as_charts_and_a_table(
    whole_place: ActionContext, bus: Bus, ingesting: Ingesting
) -> None:
    await pulsed(bus, ingesting, *(pulse(number) for number in range(1, 13)))
    work = job("report.trends", task_id="t-9", payload={"pulses": 10})
    done = await do(work, whole_place)
    folder = folder_of(whole_place.home)
    assert folder.name == "2026-11-21-t-9"
    assert {each.name for each in folder.iterdir()} == {"trends.md", *CHARTS}
    assert set(done.changed_files) == {
        f"reports/trends/2026-11-21-t-9/{name}" for name in ("trends.md", *CHARTS)
    }
    assert (folder / "trends.md").read_text() == done.output
    assert "10 pulses: number 3 at" in done.output
    rows = dict(re.findall(r"^\| ([^|]+) \| (.*) \|$", done.output, flags=re.M))
    assert rows["memory, %"].startswith("43.00 | 52.00 | 43.00 | 47.50 | 52.00 | +")
    assert rows["uptime, %"].startswith("97.00 | 88.00 | 88.00 | 92.50 | 97.00 | -")
    assert rows["ingest lag, positions"].startswith("300.00 | 1,200.00 |")
    assert rows["TES, 0 to 100"].startswith("90.30 | 91.20 |")
    for name in CHARTS:
        assert f"]({name})" in done.output
        drawing = (folder / name).read_text()
        dots = [
            each
            for each in ElementTree.fromstring(drawing).iter("{http://www.w3.org/2000/svg}circle")
            if each.get("class", "").startswith("dot")
        ]
        assert len(dots) == 10
        assert "<script" not in drawing  # it needs nothing from anywhere
        assert "xlink:href" not in drawing


async def test_what_no_pulse_measured_is_left_out_or_derived(
    whole_place: ActionContext, bus: Bus, ingesting: Ingesting
) -> None:
    pulses = (pulse(number, scored=False, measured=False) for number in range(6, 10))
    await pulsed(bus, ingesting, *pulses)
    done = await do(job("report.trends"), whole_place)
    assert "50 were asked for; there are no more" in done.output
    assert "there is no TES" in done.output
    assert "| uptime, % | 100.00 | 75.00 | 50.00 |" in done.output
    present = {each.name for each in folder_of(whole_place.home).iterdir()}
    assert present == {"trends.md", *CHARTS} - {"tes.svg"}


async def test_one_pulse_is_drawn_without_a_trend(
    whole_place: ActionContext, bus: Bus, ingesting: Ingesting
) -> None:
    await pulsed(bus, ingesting, pulse(1))
    done = await do(job("report.trends"), whole_place)
    assert "one moment only" in done.output
    assert {each.name for each in folder_of(whole_place.home).iterdir()} == {"trends.md", *CHARTS}


async def test_without_a_pulse_it_says_so(whole_place: ActionContext, ingesting: Ingesting) -> None:
    ingesting.start()
    await ingesting.until(0)
    done = await do(job("report.trends"), whole_place)
    assert "No pulse is on record yet" in done.output
    assert [each.name for each in folder_of(whole_place.home).iterdir()] == ["trends.md"]


async def test_another_attempt_a_day_later_makes_no_second_report(
    whole_place: ActionContext, bus: Bus, ingesting: Ingesting
) -> None:
    await pulsed(bus, ingesting, pulse(1), pulse(2))
    await do(job("report.trends", task_id="b", key="first"), whole_place)
    (whole_place.home / "reports" / "trends" / "2026-11-20-a-b").mkdir()  # of another task
    before = tree(whole_place.home)
    later = replace(whole_place, clock=lambda: NOW + timedelta(days=1))
    await do(job("report.trends", task_id="b", key="first"), later)
    assert tree(whole_place.home) == before
    (whole_place.home / "worker" / "finished").rename(whole_place.home / "forgotten")
    await do(job("report.trends", task_id="b", key="first"), later)
    trends = whole_place.home / "reports" / "trends"
    assert {each.name for each in trends.iterdir()} == {"2026-11-20-a-b", "2026-11-21-b"}


@pytest.mark.parametrize("pulses", [0, -1, 10_000, "many", True, 1.5, None, [3]])
async def test_a_number_that_is_of_no_use_is_refused(
    whole_place: ActionContext, pulses: object
) -> None:
    work = job("report.trends", payload={"pulses": pulses})
    with pytest.raises(Permanent, match=r"task task-1 .* pulses .* from 1 to 2000"):
        await do(work, whole_place)


async def test_without_tables_it_says_what_to_do(
    whole_place: ActionContext, place: ActionContext
) -> None:
    with pytest.raises(Permanent, match="ganglion migrate"):
        await do(job("report.trends"), whole_place)
    with pytest.raises(Permanent, match="CLICKHOUSE_URL"):
        await do(job("report.trends"), place)


def test_a_worker_that_draws_nothing_does_not_load_the_charts() -> None:
    assert "report.trends" in ACTIONS
    code = (
        "import sys, builtin_worker.actions;"
        " sys.exit('pygal' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
