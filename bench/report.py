"""What did a run find? For a person, for a program, and for `docs/benchmarks.md`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from rich.table import Table

from bench.figure import Figure
from bench.machine import Machine
from bench.profile import Size

HEADINGS: Final = ("figure", "what", "measured", "target", "verdict", "made of")
_STYLES: Final = {True: "green", False: "bold red", None: "dim"}

METHOD: Final = """\
Each figure is a ratio of things that ran on the same machine in the same run, in turn (A B C, C B
A …), after a round that warms up; the ratio is taken within each round, and the median of the
rounds counts. Servers are started for the run: nats-server with `sync_interval: always`, the
embedded ClickHouse with fsync on our tables. Every contender is a process of its own, and
`bench/` says of each what it does; whoever we are compared with is given the better
setting where there is a choice.

Tasks are empty. A cycle is one of them submitted by a client process, executed in a worker process,
and its end recorded by the contender's own store; as many are submitted at once as there are
workers. Ganglion: one overseer, the workers in one process, each finishing a task and claiming the
next in one request (`Worker.finish_and_claim`). Celery: late acknowledgement, prefetch 1, results
on; processes, and threads above 16 workers. procrastinate: its asynchronous worker, 20 connections.
taskiq-nats: a pulled durable consumer, results in the object store. `bench/peers/` holds their
programs, and `make bench-peers-setup` installs them apart from everything else.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run."""

    machine: Machine
    measured_at: datetime
    seconds: float
    size: Size
    figures: tuple[Figure, ...]

    @property
    def missed(self) -> int:
        """How many targets were not reached, or could not be measured."""
        return sum(figure.met is False for figure in self.figures)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "machine": asdict(self.machine),
            "measured_at": self.measured_at.isoformat(),
            "seconds": round(self.seconds, 1),
            "size": asdict(self.size),
            "figures": [{**asdict(figure), "met": figure.met} for figure in self.figures],
        }

    def table(self) -> Table:
        """For a terminal."""
        table = Table(title=self.machine.sentence, title_style="dim", header_style="bold")
        table.add_column("figure", no_wrap=True)
        table.add_column("what, and what it is made of")
        table.add_column("measured", justify="right", no_wrap=True)
        table.add_column("target", justify="right", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        for figure in self.figures:
            verdict = f"[{_STYLES[figure.met]}]{figure.verdict}[/]"
            what = f"{figure.what}\n[dim]{figure.detail}[/]"
            table.add_row(figure.name, what, figure.shown, figure.shown_target, verdict)
        return table

    def markdown(self) -> str:
        """`docs/benchmarks.md`, but for the sections that people write below."""
        versions = ", ".join(f"{name} {number}" for name, number in self.machine.versions.items())
        rows = [
            (
                f"`{each.name}`",
                each.what,
                each.shown,
                each.shown_target,
                each.verdict,
                each.detail,
            )
            for each in self.figures
        ]
        lines = [
            "# Benchmarks",
            "",
            "Written by `python -m bench --write docs/benchmarks.md`; `make bench` prints the same"
            " for your machine.",
            "",
            METHOD,
            f"Measured on {self.measured_at:%Y-%m-%d %H:%M} UTC in {self.seconds:.0f} s:"
            f" {self.machine.sentence}.",
            f"{versions}.",
            "",
            f"| {' | '.join(HEADINGS)} |",
            f"|{' --- |' * len(HEADINGS)}",
            *(
                f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
                for row in rows
            ),
            "",
        ]
        return "\n".join(lines)
