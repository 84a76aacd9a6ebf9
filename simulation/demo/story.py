"""What happens in the story that `ganglion demo` plays? `story.yaml`, as types."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from nervous_system.contract.words import Status
from nervous_system.yaml_text import YamlText


class Part(BaseModel):
    """Whatever stands in the story has the fields that are meant for it, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(Part):
    """One of the agents."""

    role: str
    role_name: str
    model: str
    provider_name: str


class Decision(Part):
    """As `Agent.decide` takes it."""

    rationale: str
    chosen: str
    alternatives: tuple[str, ...] = ()
    confidence: float
    trigger: str = ""


class Change(Part):
    """Of a file, which then holds `after`."""

    resource: str
    after: str


class Outcome(Part):
    """As `Agent.outcome` takes it."""

    status: Status
    output: str
    exit_code: int | None = None
    cost_usd: float
    input_tokens: int
    output_tokens: int


class Progress(Part):
    """As `ClaimedTask.progress` takes it."""

    fraction: float
    note: str


class Step(Part):
    """One of these, or a pause in seconds."""

    decide: Decision | None = None
    change: Change | None = None
    outcome: Outcome | None = None
    progress: Progress | None = None
    pause: float = 0.0


class Finish(Part):
    """As `ClaimedTask.finish` takes it."""

    output: str
    changed_files: tuple[str, ...] = ()


class Attempt(Part):
    """What is done at one attempt, and how it ends: finished, or failed for a reason."""

    steps: tuple[Step, ...]
    finish: Finish | None = None
    fail: str = ""


class TaskStory(Part):
    """Who does a task, and what happens at each attempt."""

    agent: str
    attempts: tuple[Attempt, ...]


class Opening(Part):
    """What an agent does before there is anything to do."""

    agent: str
    steps: tuple[Step, ...]


class Goal(Part):
    """An objective with its tasks."""

    description: str
    priority: int
    tasks: tuple[dict[str, Any], ...]


class Release(Goal):
    """An objective that an agent proposes and a person has to say yes to."""

    agent: str


class Story(Part):
    """The whole of it."""

    workspace: str
    agents: Mapping[str, Member]
    opening: Opening
    objective: Goal
    tasks: Mapping[str, TaskStory]  # by action
    release: Release


def read_story() -> Story:
    """The story that comes with this version."""
    text = (files("simulation.demo") / "story.yaml").read_text(encoding="utf-8")
    return Story.model_validate(YamlText(text).found)
