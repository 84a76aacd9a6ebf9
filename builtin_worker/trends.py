"""How did uptime, TES, memory and ingest lag go over the last pulses? Charts and a report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from builtin_worker.action import ActionContext, ActionProgress, ActionRequest, ActionResult
from builtin_worker.atomic_write import file_name, write_atomically
from builtin_worker.chart import svg
from builtin_worker.section import table
from builtin_worker.thread import Halt, in_thread
from builtin_worker.trend import PulsePoint, Series, series_of
from builtin_worker.warehouse import warehouse_of

REPORTS: Final = Path("reports") / "trends"
DEFAULT_PULSES: Final = 50
MAX_PULSES: Final = 2_000


async def report_trends(
    job: ActionRequest, place: ActionContext, progress: ActionProgress
) -> ActionResult:
    """The last `pulses` (50) of them, into `reports/trends/<date>-<task id>/`."""
    wanted = job.integer_argument(
        "pulses", default=DEFAULT_PULSES, min_value=1, max_value=MAX_PULSES
    )
    await progress(0.1, f"reading the last {wanted} pulses")
    rows = await warehouse_of(place).rows("pulses", pulses=wanted)
    pulses = [_pulse(row) for row in reversed(rows)]
    every = [series for series in series_of(pulses) if series.measurements]
    await progress(0.4, f"drawing {len(every)} charts of {len(pulses)} pulses")
    folder = await in_thread(lambda _: _folder(job, place))
    report = _report(pulses, every, wanted=wanted, now=place.clock())
    files = await in_thread(lambda halt: _write(place.home / folder, report, every, halt))
    return ActionResult.within_limits(
        report,
        changed_files=[str(folder / name) for name in files],
        notes=[f"{len(pulses)} pulses; the report and its charts are in {folder}"],
    )


def _pulse(row: Sequence[Any]) -> PulsePoint:
    at, number, mode, interval, memory, lag, score, uptime = row
    return PulsePoint(
        at=datetime.fromtimestamp(at / 1e9, UTC),
        number=int(number),
        system_mode=str(mode),
        interval_seconds=float(interval),
        memory_percent=float(memory),
        ingest_lag=int(lag),
        tool_efficacy_score=None if score is None else float(score),
        uptime_percent=None if uptime is None else float(uptime),
    )


def _folder(job: ActionRequest, place: ActionContext) -> Path:
    """Relative to the home. An attempt on the next day goes on in the folder of the first."""
    name = file_name(job.task_id)
    own = re.compile(rf"\d{{4}}-\d\d-\d\d-{re.escape(name)}")
    there = place.home / REPORTS
    before = [each.name for each in there.iterdir()] if there.is_dir() else []
    found = sorted(each for each in before if own.fullmatch(each))
    return REPORTS / (found[0] if found else f"{place.clock():%Y-%m-%d}-{name}")


def _write(folder: Path, report: str, every: Sequence[Series], halt: Halt) -> list[str]:
    names = ["trends.md"]
    for series in every:
        halt.check()
        write_atomically(folder / _chart_name(series), svg(series))
        names.append(_chart_name(series))
    # Last: whoever finds the report finds its charts.
    write_atomically(folder / "trends.md", report.encode())
    return names


def _report(
    pulses: Sequence[PulsePoint], every: Sequence[Series], *, wanted: int, now: datetime
) -> str:
    title = f"# Trends\n\nMade at {now:%Y-%m-%d %H:%M:%S} UTC"
    if not pulses:
        return (
            f"{title}.\n\nNo pulse is on record yet, so there is nothing to draw. The overseer"
            " records one per interval; ClickHouse has it once the ingestor has caught up.\n"
        )
    first, last = pulses[0], pulses[-1]
    fewer = f" {wanted} were asked for; there are no more." if len(pulses) < wanted else ""
    parts = [
        f"{title} from {len(pulses)} pulses: number {first.number} at {first.at:%Y-%m-%d %H:%M}"
        f" to number {last.number} at {last.at:%Y-%m-%d %H:%M} UTC.{fewer}\n",
        table(
            ("measure", "first", "last", "lowest", "mean", "highest", "trend over this time"),
            [_row(series) for series in every],
        ),
    ]
    if not any(series.name == "TES" for series in every):
        parts.append("\nNo task was finished in this time, so there is no TES.")
    if all(pulse.uptime_percent is None for pulse in pulses):
        parts.append("\nThese pulses measured no uptime: it is the operational share of the time.")
    parts += [f"\n![{series.name}]({_chart_name(series)})" for series in every]
    return "\n".join(parts) + "\n"


def _row(series: Series) -> tuple[str, ...]:
    values, line = series.values, series.line()
    name = f"{series.name}, {series.unit}" if series.unit else series.name
    shown = (values[0], values[-1], min(values), sum(values) / len(values), max(values))
    trend = f"{line.last - line.first:+,.2f}" if line is not None else "one moment only"
    return (name, *(f"{value:,.2f}" for value in shown), trend)


def _chart_name(series: Series) -> str:
    return f"{series.name.lower().replace(' ', '_')}.svg"
