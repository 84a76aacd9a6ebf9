"""
How does a run of the SWE-agent, or of mini-swe-agent, become events?

One decision and one outcome per step, one unit per run: a file has one, or one for each attempt.

What the file does not say is not claimed:

- SWE-agent has no clock. Events start at 1970-01-01T00:00:00Z, which every reader takes for
  "unknown", and go on by the execution times that were measured, one microsecond per event where
  none was; so order and durations are right, and the same bytes give the same events for ever.
  When it was imported is the log's own time. The clock of mini-swe-agent is taken where it goes
  forward.
- Exit codes are mini-swe-agent's only. A step's outcome has no status, as a command that finds
  nothing has not failed; the last one gets the run's, from `exit_status`. `submitted` counts as
  success because the agent ended by its own decision; whether the patch is right nobody knows here.
- What the run cost beyond what its steps did is in the last outcome, so that they add up to it.
- Files were changed in a sandbox of this run alone, so they are resources in its workspace:
  `swe-agent:<12 hex digits of the content>`.
- What a run cost is an estimate: both agents reckon it from the tokens, by LiteLLM's prices.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from enchanted.events.v1.action_outcome_pb2 import (
    COST_ESTIMATED,
    COST_UNSPECIFIED,
    OUTCOME_CANCELLED,
    OUTCOME_FAILED,
    OUTCOME_SUCCEEDED,
    OUTCOME_UNSPECIFIED,
    ActionOutcome,
    OutcomeStatus,
)
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.attribution_pb2 import Attribution
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from importers.bounded import (
    MAX_ACTION_BYTES,
    MAX_DIFF_BYTES,
    MAX_NAME_BYTES,
    MAX_OUTPUT_BYTES,
    MAX_RATIONALE_BYTES,
    MAX_TRIGGER_BYTES,
    cut,
    distinct,
    mark_cut,
)
from importers.origin import Origin
from importers.refusal import ImportRefused
from importers.swe_agent import mini_swe_agent_file
from importers.swe_agent.trajectory import Trajectory, TrajectoryStep
from importers.swe_agent.trajectory_file import read_trajectories
from importers.unified_diff import FileDiff, file_diffs, without_terminal_returns
from importers.unit import ImportSource, ImportUnit
from nervous_system.contract.event import Event
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import Payload
from nervous_system.contract.truncation import recordable
from nervous_system.ids import content_hash

UNKNOWN_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
PRICE_TABLE: Final = "LiteLLM's"
_MAX_NAMED: Final = 20
_TICK: Final = timedelta(microseconds=1)


async def open_trajectories(paths: Sequence[Path]) -> ImportSource:
    """
    Read every file once, so that it is known what is in them, then again, one by one.

    One that cannot be imported is named in `refused`, and the others are. Raises ImportRefused
    where none can.
    """
    if not paths:
        raise ImportRefused("no trajectory was named; give at least one .traj file")
    readable, total = [], 0
    refused: list[str] = []
    for path in paths:
        try:
            found = await asyncio.to_thread(read_trajectories, path)
        except ImportRefused as error:
            refused.append(str(error))
            continue
        readable.append(path)
        total += len(found.trajectories)
        refused += found.refused
    if not readable:
        more = f"; and {len(refused) - _MAX_NAMED:,} more" if len(refused) > _MAX_NAMED else ""
        raise ImportRefused("; ".join(refused[:_MAX_NAMED]) + more)
    name = recordable(str(paths[0])) if len(paths) == 1 else f"{len(paths)} trajectories"
    return ImportSource(name, total, _units(readable, refused), refused=refused, noun="run")


async def _units(paths: Sequence[Path], refused: list[str]) -> AsyncGenerator[ImportUnit, None]:
    for path in paths:
        try:
            found = await asyncio.to_thread(read_trajectories, path)
        except ImportRefused as error:  # somebody changed it meanwhile
            refused.append(str(error))
            continue
        for trajectory in found.trajectories:
            which = f" ({trajectory.attempt})" if trajectory.attempt else ""
            yield trajectory_unit(trajectory, name=f"{recordable(path.name)}{which}")


def trajectory_unit(trajectory: Trajectory, *, name: str) -> ImportUnit:
    """
    All events of one run.

    Pure: the same trajectory gives the same events; `name` is not in them.
    """
    return _RunBuilder(trajectory).unit(name)


class _RunBuilder:
    """
    The events of one run while they are put together.

    Their envelope and the clock that only this run has.
    """

    def __init__(self, trajectory: Trajectory) -> None:
        self._trajectory = trajectory
        short = trajectory.content_hash[:12]
        agent = trajectory.agent
        self._origin = Origin(f"{agent}:{trajectory.content_hash}")
        self._agent_id = distinct(f"{agent}:{trajectory.instance}", MAX_NAME_BYTES)
        self._key = f"{agent}-{short}"
        self._world = f"{agent}:{short}"
        self._now = UNKNOWN_TIME
        self._attribution_of_step = Attribution()
        self._entries: list[Entry] = []

    def unit(self, name: str) -> ImportUnit:
        steps = self._trajectory.steps
        reacted_to = self._trajectory.task or None
        cause = ""
        for number, step in enumerate(steps, 1):
            self._not_before(step.decided_at)
            self._attribution_of_step = self._attribution(step)
            decision = self._add(
                f"decision {number}", number, cause, _decision(step, reacted_to=reacted_to)
            )
            last = number == len(steps)
            if last:
                for position, change in enumerate(self._changes(), 1):
                    self._add(f"change {position}", number, decision, change)
            if step.duration_seconds is not None:
                self._now += timedelta(seconds=step.duration_seconds)
            self._not_before(step.answered_at)
            outcome = self._final_outcome(step) if last else _outcome(step)
            outcome.decision_event_id = decision
            cause = self._add(f"outcome {number}", number, decision, outcome)
            reacted_to = step.observation
        return ImportUnit(name, tuple(self._entries))

    def _not_before(self, seconds: float | None) -> None:
        """What the file's clock says, where it goes forward."""
        if seconds is not None:
            self._now = max(self._now, UNKNOWN_TIME + timedelta(seconds=seconds))

    def _add(self, label: str, number: int, causation_id: str, payload: Payload) -> str:
        event = Event(
            event_id=self._origin.event_id(label),
            timestamp=self._now,
            agent_role=ROLE_CODER,
            agent_id=self._agent_id,
            payload=payload,
            trace_id=self._origin.trace_id,
            span_id=self._origin.span_id(f"step {number}"),
            causation_id=causation_id,
            correlation_id=self._key,
            attribution=self._attribution_of_step,
        )
        self._entries.append(Entry(event=event, key=self._key))
        self._now += _TICK
        return event.event_id

    def _attribution(self, step: TrajectoryStep) -> Attribution:
        asked = self._trajectory.model  # LiteLLM's name of it: the provider comes first, if at all
        provider = asked.partition("/")[0] if "/" in asked else ""
        return Attribution(
            model=step.model or asked,
            provider_name=provider,
            run_id=self._key,
            response_id=step.response_id,
            tool_call_id=step.tool_call_id,
        )

    def _final_outcome(self, step: TrajectoryStep) -> ActionOutcome:
        """The last step's outcome, which also tells how the run ended and what it cost."""
        trajectory = self._trajectory
        outcome = _outcome(step)
        outcome.status = (
            _status_of_mini(trajectory.exit_status)
            if trajectory.agent == mini_swe_agent_file.AGENT
            else _status(trajectory.exit_status)
        )
        if trajectory.exit_status:
            ending = mark_cut(trajectory.exit_status, MAX_TRIGGER_BYTES)
            calls = "" if trajectory.api_calls is None else f", {trajectory.api_calls} API calls"
            outcome.output += f"\n[exit status: {ending}{calls}]"
        if trajectory.attempt:
            outcome.output += f"\n[{trajectory.attempt}]"
        if trajectory.cost_usd is not None:
            others = sum(each.cost_usd or 0.0 for each in trajectory.steps[:-1])
            outcome.cost_usd = max(trajectory.cost_usd - others, step.cost_usd or 0.0)
            outcome.cost_provenance = COST_ESTIMATED
            outcome.price_table = PRICE_TABLE
        if trajectory.input_tokens is not None:
            outcome.input_tokens = trajectory.input_tokens
        if trajectory.output_tokens is not None:
            outcome.output_tokens = trajectory.output_tokens
        return outcome

    def _changes(self) -> list[StateChange]:
        """The submission, file by file."""
        text = self._trajectory.submission
        if not text.strip():
            last = self._trajectory.steps[-1]
            if last.action.strip() != "submit":
                return []
            # A history alone keeps the submission only as the answer to `submit`.
            return self._file_changes(last.observation)
        changes = self._file_changes(text)
        return changes or [_unreadable_submission(text, self._world)]

    def _file_changes(self, text: str) -> list[StateChange]:
        return [
            change
            for file_diff in file_diffs(without_terminal_returns(text))
            for change in _file_change(file_diff, self._world)
        ]


def _decision(step: TrajectoryStep, *, reacted_to: str | None) -> AgentDecision:
    return AgentDecision(
        context_hash=content_hash(reacted_to),
        input_trigger=mark_cut(reacted_to or "", MAX_TRIGGER_BYTES),
        rationale=mark_cut(step.thought, MAX_RATIONALE_BYTES),
        chosen_action=mark_cut(step.action, MAX_ACTION_BYTES),
    )


def _outcome(step: TrajectoryStep) -> ActionOutcome:
    output, left_out = cut(step.observation, MAX_OUTPUT_BYTES)
    return ActionOutcome(
        output=output,
        output_truncated=left_out > 0,
        exit_code=step.exit_code,
        duration_seconds=_duration(step),
        cost_usd=step.cost_usd,
        cost_provenance=COST_UNSPECIFIED if step.cost_usd is None else COST_ESTIMATED,
        price_table="" if step.cost_usd is None else PRICE_TABLE,
        input_tokens=step.input_tokens,
        output_tokens=step.output_tokens,
        cache_read_input_tokens=step.cache_read_input_tokens,
        reasoning_output_tokens=step.reasoning_output_tokens,
    )


def _duration(step: TrajectoryStep) -> float | None:
    if step.duration_seconds is None and step.decided_at and step.answered_at:
        return max(step.answered_at - step.decided_at, 0.0)
    return step.duration_seconds


def _status(exit_status: str) -> OutcomeStatus.ValueType:
    """How the run ended, by the names that SWE-agent gives it."""
    if exit_status == "submitted":
        return OUTCOME_SUCCEEDED
    if exit_status in ("early_exit", "skipped"):
        return OUTCOME_CANCELLED
    if exit_status.startswith(("exit_", "submitted (")):  # a limit, an error, a forfeit ended it
        return OUTCOME_FAILED
    return OUTCOME_UNSPECIFIED


def _status_of_mini(exit_status: str) -> OutcomeStatus.ValueType:
    """As `_status`, where it is the name of the exception that ended the run."""
    if not exit_status:
        return OUTCOME_UNSPECIFIED
    if exit_status == "Submitted":
        return OUTCOME_SUCCEEDED
    return OUTCOME_CANCELLED if "Interrupt" in exit_status else OUTCOME_FAILED


def _file_change(file_diff: FileDiff, world: str) -> list[StateChange]:
    """One change per path: a rename is the end of one file and the beginning of another."""
    truncated = len(file_diff.text.encode()) > MAX_DIFF_BYTES
    renamed = file_diff.renamed_from is not None
    change = StateChange(
        target_type="FILE_SYSTEM",
        target_resource=file_diff.path,
        previous_state_hash="" if renamed else file_diff.previous_hash,
        new_state_hash=file_diff.new_hash,
        diff_patch="" if truncated else file_diff.text,
        is_reversible=file_diff.whole and not truncated,
        truncated=truncated,
        workspace=world,
    )
    if not renamed:
        return [change]
    ended = StateChange(
        target_type="FILE_SYSTEM",
        target_resource=file_diff.renamed_from or "",
        previous_state_hash=file_diff.previous_hash,
        truncated=True,  # the diff is in the event of the new path
        workspace=world,
    )
    return [ended, change]


def _unreadable_submission(text: str, world: str) -> StateChange:
    """A submission in which no diff was found is kept as the text it is."""
    value = json.dumps(text, ensure_ascii=False)
    truncated = len(value.encode()) > MAX_DIFF_BYTES
    return StateChange(
        target_type="SUBMISSION",
        target_resource=world,
        new_state_hash=content_hash(text),
        diff_patch="" if truncated else value,
        truncated=truncated,
    )
