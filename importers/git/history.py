"""
How does a git history become events?

Each commit a unit: its author's decision, a change per file, the outcome.

- Ids derive from commit ids and paths, so that every clone gives the same events, with or without
  `--since`.
- A file is a resource in the workspace `git:<12 hex digits of the oldest commit>`. The oldest
  commit of the first-parent history is the one name of a repository that clones share and nobody
  can change; a folder's name or a remote's address is not. Agents who work in a clone are in
  another workspace: their links have other hashes.
- State hashes are git's blob ids. Along one first-parent history they chain: what a commit finds is
  what the last one left. Two branches imported one after the other share their resources, and the
  chain shows the fork.
- Where a commit of that history is lost, nobody can say which one was its first. What came after it
  is a history of its own, named after the oldest commit that is there, with ids of its own: a whole
  clone that is imported later meets none of it.
- The timestamp is the committer's clock; a moment before 1900 or after 2261 becomes the nearest one
  that can be stored.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from enchanted.events.v1.action_outcome_pb2 import OUTCOME_SUCCEEDED, ActionOutcome
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from importers.bounded import (
    MAX_ACTION_BYTES,
    MAX_NAME_BYTES,
    MAX_RATIONALE_BYTES,
    MAX_TRIGGER_BYTES,
    distinct,
    mark_cut,
)
from importers.git.log import SUBMODULE_MODE, Commit, FileChange
from importers.git.repository import GitRepository
from importers.on_demand import MAX_IN_MEMORY, OnDemand
from importers.origin import Origin
from importers.unit import ImportSource, ImportUnit
from nervous_system.contract.check import EARLIEST_SECONDS, LATEST_SECONDS
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import Payload
from nervous_system.contract.truncation import recordable
from nervous_system.phrases import pluralize

OF_HISTORY: Final = "git:"
"""How the workspace of an imported history begins; the oldest commit's id follows."""

_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def open_history(path: Path, *, since: str | None = None) -> ImportSource:
    """
    The first-parent history of the repository at `path`, after the commit `since` where that is
    given.

    The history up to HEAD at this moment, what is lost of it left out and named. Raises
    ImportRefused where there is none to import.
    """
    repository = await GitRepository.open(path, since=since)
    return ImportSource(
        recordable(str(path)),
        await repository.count(),
        _units(repository),
        refused=repository.refused,
        remark=repository.remark,
        noun="commit",
    )


async def _units(repository: GitRepository) -> AsyncGenerator[ImportUnit, None]:
    async with aclosing(repository.commits()) as commits:
        async for commit, line, gap in commits:
            lost = line.before[0] if line.before else ""
            yield commit_unit(commit, root=line.root, gap=gap, lost=lost)


def commit_unit(commit: Commit, *, root: str, gap: str = "", lost: str = "") -> ImportUnit:
    """All events of one commit. Pure. `root` is the id of the oldest commit of its history that is
    there, `lost` of the one before it, `gap` what of the commit is not there."""
    origin = _origin(commit.commit_id, lost)
    history = f"git-{root[:12]}"
    timestamp = _moment(commit.committed_at)
    trace_id = origin.trace_id
    span_id = origin.span_id("commit")
    agent_id = distinct(f"{commit.author_name} <{commit.author_email}>", MAX_NAME_BYTES)

    def entry(label: str, causation_id: str, payload: Payload) -> Entry:
        event = Event(
            event_id=origin.event_id(label),
            timestamp=timestamp,
            agent_role=ROLE_CODER,
            agent_id=agent_id,
            payload=payload,
            trace_id=trace_id,
            span_id=span_id,
            causation_id=causation_id,
            correlation_id=history,
        )
        return Entry(event=event, key=history)

    parent = commit.parents[0] if commit.parents else None
    cause = _origin(parent, lost).event_id("outcome") if parent and parent != lost else ""
    decision = entry("decision", cause, _decision(commit))
    decision_id = decision.event.event_id
    outcome = ActionOutcome(
        decision_event_id=decision_id,
        status=OUTCOME_SUCCEEDED,
        output=f"{_summary(commit)}\n[not whole: {gap}]" if gap else _summary(commit),
        output_truncated=bool(gap),
    )
    ending = entry("outcome", decision_id, outcome)

    def made(place: int) -> Entry:
        if place == 0:
            return decision
        if place > len(commit.changes):
            return ending
        change = commit.changes[place - 1]
        label = f"change {change.quoted_path}" + (f"\n{change.repeat}" if change.repeat else "")
        return entry(label, decision_id, _state_change(change, root=root))

    events = len(commit.changes) + 2
    subject = "".join(sign if sign.isprintable() else "?" for sign in commit.subject[:60])
    return ImportUnit(
        f"{commit.commit_id[:12]} {subject}",
        OnDemand(events, made) if events > MAX_IN_MEMORY else tuple(map(made, range(events))),
        reference=commit.commit_id[:12],
        gap=gap,
    )


def _summary(commit: Commit) -> str:
    files = len(commit.changes)
    return commit.summary or (
        pluralize(files, "file") + " changed" if files else "no files changed"
    )


def _origin(commit_id: str, lost: str) -> Origin:
    return Origin(f"git:{commit_id} after {lost}" if lost else f"git:{commit_id}")


def _decision(commit: Commit) -> AgentDecision:
    merged = commit.parents[1:]
    return AgentDecision(
        context_hash=commit.parents[0] if commit.parents else "",
        input_trigger=mark_cut(f"merge of {', '.join(merged)}", MAX_TRIGGER_BYTES)
        if merged
        else "",
        rationale=mark_cut(commit.message, MAX_RATIONALE_BYTES),
        chosen_action=mark_cut(commit.subject, MAX_ACTION_BYTES),
    )


def _state_change(change: FileChange, *, root: str) -> StateChange:
    patch = ""
    reversible = False
    if change.diff is not None:
        try:
            patch = change.diff.decode()
            # A submodule's commit is not in this repository: no patch brings it back.
            reversible = SUBMODULE_MODE not in (change.previous_mode, change.new_mode)
        except UnicodeDecodeError:
            # Readable, but no longer the bytes of the file.
            patch = change.diff.decode(errors="backslashreplace")
    return StateChange(
        target_type="FILE_SYSTEM",
        target_resource=change.path,
        previous_state_hash=change.previous_hash,
        new_state_hash=change.new_hash,
        diff_patch=patch,
        is_reversible=reversible,
        truncated=change.diff is None,
        workspace=f"{OF_HISTORY}{root[:12]}",
    )


def _moment(seconds: int) -> datetime:
    return _1970 + timedelta(seconds=min(max(seconds, EARLIEST_SECONDS), LATEST_SECONDS - 1))
