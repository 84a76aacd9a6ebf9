"""How does the mesh stand? Every part that can be read, and the names of those that cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from builtin_worker.action import Action, ActionContext, ActionProgress, ActionRequest, ActionResult
from builtin_worker.atomic_write import file_name, write_atomically
from builtin_worker.jetstream import nats
from builtin_worker.machine import capacity, disk, machine, memory
from builtin_worker.processes import processes
from builtin_worker.section import Section
from builtin_worker.thread import in_thread
from builtin_worker.warehouse import clickhouse, ingest
from nervous_system.errors import GanglionError

LOOK_SECONDS: Final = 30.0
"""How long one part may take: what takes longer counts as not to be read."""

REPORTS: Final = Path("reports") / "diagnostics"


@dataclass(frozen=True, slots=True)
class ReportPart:
    """One thing to look at."""

    name: str
    look: Callable[[ActionContext], Awaitable[Section]]


MACHINE: Final = (
    ReportPart("the machine", machine),
    ReportPart("the capacity on record", capacity),
)
MEMORY: Final = (ReportPart("memory", memory),)
DISK: Final = (ReportPart("the disks", disk),)
PROCESSES: Final = (ReportPart("the processes", processes),)
NATS: Final = (ReportPart("NATS", nats),)
CLICKHOUSE: Final = (ReportPart("ClickHouse", clickhouse), ReportPart("the ingest", ingest))
EVERYTHING: Final = (*MACHINE, *MEMORY, *DISK, *PROCESSES, *NATS, *CLICKHOUSE)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was read, and why the rest was not."""

    sections: tuple[Section, ...]
    unread: tuple[tuple[str, str], ...]  # the part's name, and the reason

    @property
    def concerns(self) -> tuple[str, ...]:
        """What somebody should look at."""
        of_sections = (concern for section in self.sections for concern in section.concerns)
        return (*of_sections, *(f"{name} could not be read" for name, _ in self.unread))

    def markdown(self, *, title: str, line: str) -> str:
        """The whole report."""
        parts = [f"# {title}\n\n{line}\n"]
        if self.concerns:
            listed = "\n".join(f"- {concern}" for concern in self.concerns)
            parts.append(f"## To look at\n\n{listed}\n")
        parts += [section.markdown for section in self.sections]
        if self.unread:
            listed = "\n".join(f"- {name}: {reason}" for name, reason in self.unread)
            parts.append(f"## Could not be read\n\n{listed}\n")
        return "\n".join(parts)


async def look(
    place: ActionContext, parts: Sequence[ReportPart], *, progress: ActionProgress
) -> Findings:
    """Read the parts one after the other; one that fails costs only itself."""
    sections, unread = [], []
    for number, part in enumerate(parts):
        await progress(number / len(parts), f"looking at {part.name}")
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                sections.append(await part.look(place))
        except TimeoutError:
            unread.append((part.name, f"it took longer than {LOOK_SECONDS:g} s"))
        except (GanglionError, OSError, psutil.Error) as error:
            unread.append((part.name, " ".join(str(error).split())[:500]))
    return Findings(tuple(sections), tuple(unread))


def diagnose(*parts: ReportPart) -> Action:
    """An action that looks at these parts and changes nothing."""

    async def diagnosed(
        job: ActionRequest, place: ActionContext, progress: ActionProgress
    ) -> ActionResult:
        findings = await look(place, parts, progress=progress)
        return ActionResult.within_limits(_report(findings, job, place), notes=findings.concerns)

    return diagnosed


async def diagnose_report(
    job: ActionRequest, place: ActionContext, progress: ActionProgress
) -> ActionResult:
    """Look at everything; the report also goes to `reports/diagnostics/<task id>.md`."""
    findings = await look(place, EVERYTHING, progress=progress)
    report = _report(findings, job, place)
    path = REPORTS / f"{file_name(job.task_id)}.md"
    await progress(0.95, f"writing {path}")
    await in_thread(lambda _: write_atomically(place.home / path, report.encode()))
    return ActionResult.within_limits(report, changed_files=[str(path)], notes=findings.concerns)


def _report(findings: Findings, job: ActionRequest, place: ActionContext) -> str:
    when = f"{place.clock():%Y-%m-%d %H:%M:%S} UTC"
    line = f"Task {file_name(job.task_id)}, made at {when} for the mesh in {place.home}."
    return findings.markdown(title=f"Diagnosis: {job.action}", line=line)
