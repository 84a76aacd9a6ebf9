"""How do people read what was found? As `docs/outcomes.md`, which is written by this alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bench.outcomes.situation import (
    HEARTBEAT_SECONDS,
    LEASE_SECONDS,
    NEXT_SECONDS,
    SITUATIONS,
    Mark,
    Situation,
    StagedOutcome,
    mark,
    needs_reason,
)
from nervous_system.refusal import Refusal
from nervous_system.visible import visible

SIGNS: Final[Mapping[Mark, str]] = {"right": "✓", "partly": "(✓)", "wrong": "✗"}

_INTRODUCTION: Final = f"""\
# What becomes of a task

A task's code raises, exits, blocks, is cancelled, or takes its worker with it: what does each
system make of that? Every cell was staged with real workers and real servers. `make outcomes`
writes this page, in about twelve minutes; it needs `make bench-peers-setup`, redis-server and
PostgreSQL. The situations are in `bench/outcomes/`, the programs that do them in
`bench/peers/outcomes/`.

**How to read a cell.** What the system shows of the task in the end, in its own word, and after how
many seconds: from the begin of its code, or from what was done to it from outside. How often the
code ran. Whether the reason can be asked for. How soon the next task of the same queue was begun.

- ✓ the end is right, with its reason where the task is not done, and the next task is begun.
- (✓) the end is right; its reason is not kept, or no next task was begun in {NEXT_SECONDS:g} s.
- ✗ it has another end, none in time, or its code ran too often.

**The same for all.** A worker does one task at a time. One that ends is started again after half a
second, as a service manager would, except where the row says otherwise. A failed task is not tried
again; one that was lost with its worker is, where the system can. A worker counts as lost after
{LEASE_SECONDS} s, with a heartbeat every {HEARTBEAT_SECONDS} s where there is one, so that nobody
waits for an hour: the defaults are 120 s with Ganglion, 3,600 s with Celery on Redis
(`visibility_timeout`; here it looks at that every {HEARTBEAT_SECONDS} s, by default every 100 s),
and 30 s with procrastinate. What takes {LEASE_SECONDS} s here takes that long by default.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageColumn:
    """One system, and what it made of each situation."""

    name: str
    settings: str
    versions: str
    outcomes: Mapping[str, StagedOutcome | Refusal]  # by the situation's key; or why there is none

    def mark(self, situation: Situation) -> Mark | None:
        """None where there is nothing to judge."""
        outcome = self.outcomes[situation.key]
        return None if isinstance(outcome, Refusal) else mark(situation, outcome)


def page(
    columns: tuple[PageColumn, ...], *, machine: str, measured_at: datetime, seconds: float
) -> str:
    """The whole page; ours is the first column."""
    lines = [
        _INTRODUCTION,
        *(f"- **{each.name}** ({each.versions}): {each.settings}." for each in columns),
        "",
        "## The table",
        "",
        f"Run on {measured_at:%Y-%m-%d %H:%M} UTC in {seconds:.0f} s: {machine}.",
        "",
        _row("the task", *(each.name for each in columns)),
        _row(*("---" for _ in range(len(columns) + 1))),
        *(
            _row(
                f"**{each.title}**", *(cell(each, column.outcomes[each.key]) for column in columns)
            )
            for each in SITUATIONS
        ),
        _row("**as it should be**", *(_count(each) for each in columns)),
        "",
        "## What would be right, and what holds it",
        "",
        _row("the task", "right is", "tests of Ganglion"),
        _row("---", "---", "---"),
        *(
            _row(each.title, each.right, ", ".join(f"`{test}`" for test in each.held_by) or "none")
            for each in SITUATIONS
        ),
        "",
        "## Where Ganglion is not the best",
        "",
        *(_shortfalls(columns) or ["Nowhere in this run."]),
        "",
    ]
    return "\n".join(lines)


def cell(situation: Situation, outcome: StagedOutcome | Refusal) -> str:
    """One cell, in words."""
    if isinstance(outcome, Refusal):
        return f"not staged: {outcome}"
    end = f"{SIGNS[mark(situation, outcome)]} **{outcome.state}**"
    if outcome.seconds is None:
        end += f" still after {situation.max_seconds:g} s"
    else:
        end += f" after {outcome.seconds:.1f} s"
    said = [end, _runs(situation, outcome)]
    if outcome.seconds is not None and needs_reason(situation, outcome):
        said.append("reason kept" if outcome.reason.strip() else "no reason kept")
    if outcome.restarts:
        said.append(f"its worker ended {_times(outcome.restarts)}")
    following = outcome.next_seconds
    said.append(
        f"next after {following:.1f} s"
        if following is not None
        else f"next not within {NEXT_SECONDS:g} s"
    )
    return "; ".join(said)


def _runs(situation: Situation, outcome: StagedOutcome) -> str:
    ran = f"ran {_times(outcome.runs)}" if outcome.runs else "never ran"
    if situation.cut_short and outcome.came_to_its_end:
        ran += ", to its end"
    return ran


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _count(column: PageColumn) -> str:
    marks = [column.mark(each) for each in SITUATIONS]
    return f"{marks.count('right')} of {len(marks)}, {marks.count('partly')} partly"


def _shortfalls(columns: tuple[PageColumn, ...]) -> list[str]:
    ours, *others = columns
    order: list[Mark | None] = ["right", "partly", "wrong", None]
    found = []
    for each in SITUATIONS:
        better = [
            other.name
            for other in others
            if order.index(other.mark(each)) < order.index(ours.mark(each))
        ]
        if better:
            found.append(f"- {each.title}: better with {', '.join(better)}.")
        elif ours.mark(each) != "right":
            found.append(f"- {each.title}: nobody has it right.")
    return found


def _row(*cells: str) -> str:
    return f"| {' | '.join(visible(each).replace('|', chr(92) + '|') for each in cells)} |"
