"""What did agents change, how did one resource come to be what it is, and who brought each line?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nervous_system.contract.resource import FILE_SYSTEM
from nervous_system.errors import NoSuch
from operations.queries.blame import blame
from operations.queries.record import Record, Row
from operations.queries.state.file_chain import Link, NotRebuilt, rebuilt
from operations.queries.state.recorded_moment import RecordedMoment, recorded_moment

MAX_STEPS: Final = 5_000
MAX_DIFF_BYTES: Final = 4 * 1024**2
"""Of the diffs in one answer; those of the last steps come first."""
MAX_SHOWN_BYTES: Final = 4 * 1024**2
"""Of a file's content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedResource:
    """A file, a variable, a schema …, and its last change."""

    workspace: str  # the repository or folder it is in; empty: none
    type: str
    name: str
    steps: int
    agent_id: str
    agent_role: str
    event_id: str
    state_hash: str  # empty: it is gone
    epoch: int
    position: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """Some of them, in the order of workspace, type and name."""

    resources: list[ChangedResource]
    last: tuple[int, int] | None  # epoch and position of the last, if there are more
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyChanged:
    """The decision that led to a change."""

    event_id: str
    chosen_action: str
    rationale: str
    rejected_alternatives: list[str]
    confidence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStep:
    """One change of one resource."""

    number: int  # 0 is the first that is shown
    epoch: int
    position: int
    recorded_at: datetime
    event_id: str
    trace_id: str
    agent_id: str
    agent_role: str
    model: str
    decision: WhyChanged | None
    previous_hash: str  # empty: it did not exist
    new_hash: str  # empty: it exists no longer
    follows: bool  # whether it begins where the step before ended
    diff: str | None  # of a variable its new value as JSON; None: it is too much for one answer
    truncated: bool  # nothing of it was recorded but the hashes
    external: bool  # nobody in the swarm did it


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """How a resource came to be what it was at a moment."""

    workspace: str
    type: str
    name: str
    steps: list[ChainStep]
    steps_left_out: bool  # whether there are earlier ones
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What was in a file at a moment, and which step brought each line."""

    workspace: str
    name: str
    state_hash: str
    exists: bool
    text: str | None  # None: `why_not` says why
    why_not: str
    is_text: bool  # whether all of it is UTF-8; what is not is shown by a sign
    size_bytes: int
    blame: list[int]  # of each line the number of its step
    blame_ends: str  # why lines of the first of these steps may be older; empty: they are not
    steps: list[ChainStep]  # those that brought a line; without diffs
    as_of: int


def resources(
    record: Record,
    *,
    at: str,
    workspace: str | None,
    prefix: str,
    after: tuple[int, int] = (0, 0),
    limit: int,
) -> ResourcePage:
    """Up to a moment. Raises NoSuch, NotRunning, QueryRefused."""
    as_of = record.as_of()
    place = recorded_moment(record, at or "now")
    rows = record.rows(
        "resource_page",
        epoch=place.epoch,
        position=place.position,
        anywhere=workspace is None,
        workspace=workspace or "",
        prefix=prefix,
        after_epoch=after[0],
        after_seq=after[1],
        most=limit + 1,
    )
    page = [ChangedResource(**row) for row in rows[:limit]]
    last = (page[-1].epoch, page[-1].position) if len(rows) > limit else None
    return ResourcePage(page, last, as_of)


def chain(record: Record, *, at: str, workspace: str, type_: str, name: str) -> Chain:
    """Up to a moment. Raises NoSuch if nobody had changed it by then; NotRunning, QueryRefused."""
    as_of = record.as_of()
    rows = _rows(record, recorded_moment(record, at or "now"), workspace, type_, name)
    return Chain(
        workspace=workspace,
        type=type_,
        name=name,
        steps=_steps(rows[-MAX_STEPS:], max_diff_bytes=MAX_DIFF_BYTES),
        steps_left_out=len(rows) > MAX_STEPS,
        as_of=as_of,
    )


def content(record: Record, *, at: str, workspace: str, name: str) -> Content:
    """Of a file, up to a moment. Raises as `chain`."""
    as_of = record.as_of()
    rows = _rows(record, recorded_moment(record, at or "now"), workspace, FILE_SYSTEM, name)[
        -MAX_STEPS:
    ]
    links = [_link(row) for row in rows]
    steps = _steps(rows, max_diff_bytes=0)
    wanted = links[-1].new_hash
    found, why = b"", ""
    if wanted:
        try:
            found = rebuilt(wanted, links)
        except NotRebuilt as error:
            why = str(error)
    if len(found) > MAX_SHOWN_BYTES:
        why = f"it has {len(found):,} bytes; up to {MAX_SHOWN_BYTES:,} are shown"
    shown = bool(wanted) and not why
    told = blame(found, links) if shown else None
    text = found.decode(errors="replace")
    return Content(
        workspace=workspace,
        name=name,
        state_hash=wanted,
        exists=bool(wanted),
        text=text if shown else None,
        why_not=why if wanted else "it did not exist then",
        is_text=text.encode() == found,
        size_bytes=len(found),
        blame=told.lines if told is not None else [],
        blame_ends=told.ends if told is not None else "",
        steps=[steps[each] for each in sorted(set(told.lines))] if told is not None else [],
        as_of=as_of,
    )


def _rows(
    record: Record, place: RecordedMoment, workspace: str, type_: str, name: str
) -> list[Row]:
    rows = record.rows(
        "chain",
        epoch=place.epoch,
        position=place.position,
        workspace=workspace,
        type=type_,
        resource=name,
        most=MAX_STEPS + 1,
    )
    if not rows:
        raise NoSuch(f"nobody had changed {type_} {name[:200]} of workspace {workspace!r} by then")
    return rows


def _steps(rows: Sequence[Row], *, max_diff_bytes: int) -> list[ChainStep]:
    left = max_diff_bytes
    found = []
    for number in range(len(rows) - 1, -1, -1):
        row = rows[number]
        left -= len(row["diff"])
        found.append(
            ChainStep(
                number=number,
                epoch=row["epoch"],
                position=row["position"],
                recorded_at=row["recorded_at"],
                event_id=row["event_id"],
                trace_id=row["trace_id"],
                agent_id=row["agent_id"],
                agent_role=row["agent_role"],
                model=row["model"],
                decision=_why(row),
                previous_hash=row["previous_hash"],
                new_hash=row["new_hash"],
                follows=not number or row["previous_hash"] == rows[number - 1]["new_hash"],
                diff=row["diff"] if left >= 0 else None,
                truncated=row["truncated"],
                external=row["external"],
            )
        )
    return found[::-1]


def _why(row: Row) -> WhyChanged | None:
    if not row["chosen_action"]:
        return None
    return WhyChanged(
        event_id=row["causation_id"],
        chosen_action=row["chosen_action"],
        rationale=row["rationale"],
        rejected_alternatives=row["rejected_alternatives"],
        confidence=row["confidence"],
    )


def _link(row: Row) -> Link:
    return Link(
        previous_hash=row["previous_hash"],
        new_hash=row["new_hash"],
        diff=row["diff"],
        truncated=row["truncated"],
        external=row["external"],
    )
