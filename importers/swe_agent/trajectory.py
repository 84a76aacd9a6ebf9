"""What does a file tell of a run, whichever agent wrote it?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectoryStep:
    """One turn: what the agent thought, what it did, what the environment answered.

    None is what the file does not say.
    """

    thought: str
    action: str
    observation: str
    duration_seconds: float | None = None
    exit_code: int | None = None
    decided_at: float | None = None  # seconds since 1970
    answered_at: float | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    reasoning_output_tokens: int | None = None
    model: str = ""  # that answered; empty: the run's
    response_id: str = ""
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """One run of an agent. Texts are whole here; they are bounded when they become events."""

    agent: str = "swe-agent"  # which program it was
    content_hash: str  # SHA-256 of the file's bytes; of an attempt, of these and its number
    instance: str  # what it worked on, as the content names it
    task: str
    steps: tuple[TrajectoryStep, ...]  # at least one
    exit_status: str
    submission: str
    cost_usd: float | None  # of all of it
    input_tokens: int | None
    output_tokens: int | None
    api_calls: int | None
    model: str = ""  # as the run was told to use it
    attempt: str = ""  # which one of several, and whether it was chosen


@dataclass(frozen=True, slots=True)
class TrajectoryFile:
    """The runs in a file."""

    trajectories: tuple[Trajectory, ...]  # at least one
    refused: tuple[str, ...] = ()  # a sentence for each attempt that cannot be read
