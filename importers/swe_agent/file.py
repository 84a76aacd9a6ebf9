"""
What does a document of the SWE-agent say?

Two shapes are read: `trajectory` (one entry per step) and, where that is missing, `history` (the
messages between model and environment, from which the steps are put together). A run that was
tried several times has `attempts`, each such a document; beside them the chosen one stands again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from importers.swe_agent import trajectory_value as part
from importers.swe_agent.trajectory import Trajectory, TrajectoryStep

_CURRENT_DIRECTORY: Final = re.compile(r"^\(Current directory: (/[^)\r\n]+)\)", re.MULTILINE)
_PLACES_OF_ALL: Final = frozenset({"/", "/testbed", "/root", "/repo", "/workspace", "/home", "n/a"})
"""Working directories that say nothing about what was worked on."""


def documents(document: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    """Each attempt with what it is called, empty for the only one."""
    attempts = part.list_of(document, "attempts", name)
    best = part.object_of(document, "info", name).get("best_attempt_idx")
    found = []
    for number, attempt in enumerate(attempts):
        if not isinstance(attempt, dict):
            raise part.wrong(name, f"attempt {number + 1} is {part.kind(attempt)}, not an object")
        chosen = ", which was chosen" if best == number and not isinstance(best, bool) else ""
        found.append((f"attempt {number + 1} of {len(attempts)}{chosen}", attempt))
    own = document.get("trajectory") or document.get("history")
    if not attempts or (
        own and not any(own in (each.get("trajectory"), each.get("history")) for each in attempts)
    ):
        found.append(("", document))
    return found


def trajectory_of(
    document: dict[str, Any], *, content_hash: str, attempt: str, name: str
) -> Trajectory:
    """One attempt. Raises ImportRefused where it holds no step."""
    history = part.list_of(document, "history", name)
    entries = part.list_of(document, "trajectory", name)
    steps = tuple(_step(entry, number, name) for number, entry in enumerate(entries, 1))
    if not steps:
        steps = _steps_of_history(history, name)
    if not steps:
        raise part.wrong(name, "there is no step in its `trajectory` or `history`")
    info = part.object_of(document, "info", name)
    statistics = part.object_of(info, "model_stats", f"{name}: info")
    return Trajectory(
        content_hash=content_hash,
        instance=_instance(document, entries, history) or content_hash[:12],
        task=_task(history, name),
        steps=steps,
        exit_status=part.text(info.get("exit_status"), "the exit_status", name),
        submission=part.text(info.get("submission"), "the submission", name),
        cost_usd=part.amount(statistics.get("instance_cost"), "instance_cost", name),
        input_tokens=part.count(statistics.get("tokens_sent"), "tokens_sent", name),
        output_tokens=part.count(statistics.get("tokens_received"), "tokens_received", name),
        api_calls=part.count(statistics.get("api_calls"), "api_calls", name),
        model=_model(document),
        attempt=attempt,
    )


def _model(document: dict[str, Any]) -> str:
    agent = part.embedded_object(part.embedded_object(document.get("replay_config")).get("agent"))
    return part.word(part.embedded_object(agent.get("model")).get("name"))


def _step(entry: Any, number: int, name: str) -> TrajectoryStep:
    where = f"step {number}"
    if not isinstance(entry, dict):
        raise part.wrong(name, f"{where} is {part.kind(entry)}, not an object")
    if not {"action", "thought", "response", "observation"} & entry.keys():
        raise part.wrong(name, f"{where} has neither thought, action nor observation")
    return TrajectoryStep(
        thought=part.text(entry.get("thought"), f"the thought of {where}", name)
        or part.text(entry.get("response"), f"the response of {where}", name),
        action=part.text(entry.get("action"), f"the action of {where}", name),
        observation=part.text(entry.get("observation"), f"the observation of {where}", name),
        duration_seconds=part.amount(
            entry.get("execution_time"), f"the execution_time of {where}", name
        ),
    )


def _steps_of_history(history: list[Any], name: str) -> tuple[TrajectoryStep, ...]:
    """
    Each message of the assistant is a step.

    What comes until its next message is what it observed.
    """
    steps: list[TrajectoryStep] = []
    for number, message in enumerate(history, 1):
        where = f"message {number} of the history"
        if not isinstance(message, dict):
            raise part.wrong(name, f"{where} is {part.kind(message)}, not an object")
        if message.get("is_demo"):
            continue
        content = part.text(message.get("content"), f"the content of {where}", name)
        if message.get("role") == "assistant":
            action = part.text(message.get("action"), f"the action of {where}", name)
            steps.append(
                TrajectoryStep(
                    thought=part.text(message.get("thought"), f"the thought of {where}", name)
                    or content,
                    action=action or part.calls(message.get("tool_calls"), where, name),
                    observation="",
                )
            )
        elif steps and message.get("role") in ("user", "tool"):
            step = steps[-1]
            observed = f"{step.observation}\n{content}" if step.observation else content
            steps[-1] = replace(step, observation=observed)
    return tuple(steps)


def _task(history: list[Any], name: str) -> str:
    """What the agent was told to do: the first message of the user that is not a demonstration."""
    for message in history:
        if (
            isinstance(message, dict)
            and message.get("role") == "user"
            and not message.get("is_demo")
        ):
            return part.text(message.get("content"), "the task in the history", name)
    return ""


def _instance(document: dict[str, Any], entries: list[Any], history: list[Any]) -> str:
    """What was worked on, by the content alone: a file's name would change with every copy."""
    configuration = part.embedded_object(document.get("replay_config"))
    for section, key in (("problem_statement", "id"), ("agent", "name")):
        named = part.embedded_object(configuration.get(section)).get(key)
        if isinstance(named, str) and named.strip():
            return part.one_line(named)
    places = [part.embedded_object(entry.get("state")).get("working_dir") for entry in entries[:1]]
    for message in history:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, str):
            places += _CURRENT_DIRECTORY.findall(content)[-1:]
    for place in places:
        if isinstance(place, str) and place.rstrip("/") and place not in _PLACES_OF_ALL:
            return part.one_line(place.rstrip("/").rpartition("/")[2])
    return ""
