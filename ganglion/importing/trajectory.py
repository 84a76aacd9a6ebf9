"""
What does a SWE-agent trajectory file say?

From its bytes to frozen types, or one sentence why not.

Two shapes are read: `trajectory` (one entry per step) and, where that is missing, `history` (the
messages between model and environment, from which the steps are put together).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ganglion.importing.bounded import MAX_NAME_BYTES, marked, valid_text
from ganglion.importing.foreign_file import read_foreign
from ganglion.importing.refusal import ImportRefused

MAX_FILE_BYTES: Final = 200 * 1024**2
_MAX_DURATION_SECONDS: Final = 100 * 365 * 86400.0
_MAX_TOKENS: Final = 2**64 - 1
_CURRENT_DIRECTORY: Final = re.compile(r"^\(Current directory: (/[^)\r\n]+)\)", re.MULTILINE)
_PLACES_OF_ALL: Final = frozenset({"/", "/testbed", "/root", "/repo", "/workspace", "/home", "n/a"})
"""Working directories that say nothing about what was worked on."""


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: what the agent thought, what it did, what the environment answered."""

    thought: str
    action: str
    observation: str
    duration_seconds: float | None


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One run of the agent. Texts are whole here; they are bounded when they become events."""

    content_hash: str  # SHA-256 of the file's bytes
    instance: str  # what it worked on, as the content names it
    task: str
    steps: tuple[Step, ...]  # at least one
    exit_status: str
    submission: str
    cost_usd: float | None
    input_tokens: int | None
    output_tokens: int | None
    api_calls: int | None


def read_trajectory(path: Path) -> Trajectory:
    """
    The trajectory in a file of at most 200 MiB.

    Raises ImportRefused with a sentence that names the file.
    """
    name = valid_text(str(path))
    if path.is_dir():
        raise ImportRefused(f"{name} is a folder; name the .traj files in it")
    data = read_foreign(path, most_bytes=MAX_FILE_BYTES, follow_link=True)
    if data is None:
        raise ImportRefused(f"{name} cannot be read: No such file; check the path")
    return parse_trajectory(data, name=name)


def parse_trajectory(data: bytes, *, name: str) -> Trajectory:
    """The trajectory in these bytes; `name` begins the sentence of an ImportRefused."""
    document = _json(data, name)
    if not isinstance(document, dict):
        raise _shape(name, f"the file holds {_kind(document)}, not an object")
    history = _list(document, "history", name)
    entries = _list(document, "trajectory", name)
    steps = tuple(_step(entry, number, name) for number, entry in enumerate(entries, 1))
    if not steps:
        steps = _steps_of_history(history, name)
    if not steps:
        raise _shape(name, "there is no step in its `trajectory` or `history`")
    if math.fsum(step.duration_seconds or 0.0 for step in steps) > _MAX_DURATION_SECONDS:
        raise _shape(name, "its execution times add up to more than a hundred years")
    info = _object(document, "info", name)
    statistics = _object(info, "model_stats", f"{name}: info")
    content_hash = hashlib.sha256(data).hexdigest()
    return Trajectory(
        content_hash=content_hash,
        instance=_instance(document, entries, history) or content_hash[:12],
        task=_task(history, name),
        steps=steps,
        exit_status=_text(info.get("exit_status"), "the exit_status", name),
        submission=_text(info.get("submission"), "the submission", name),
        cost_usd=_amount(statistics.get("instance_cost"), "instance_cost", name),
        input_tokens=_count(statistics.get("tokens_sent"), "tokens_sent", name),
        output_tokens=_count(statistics.get("tokens_received"), "tokens_received", name),
        api_calls=_count(statistics.get("api_calls"), "api_calls", name),
    )


def _json(data: bytes, name: str) -> Any:
    if not data.strip():
        raise ImportRefused(f"{name} is empty; there is nothing to import")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ImportRefused(
            f"{name} is not UTF-8 at byte {error.start}; it is not a trajectory or is damaged"
        ) from error
    except json.JSONDecodeError as error:
        raise ImportRefused(
            f"{name} is not JSON at line {error.lineno}, column {error.colno}: {error.msg};"
            " the file is damaged or was cut off"
        ) from error
    except RecursionError as error:
        raise ImportRefused(f"{name} is nested too deeply to be a trajectory") from error
    except ValueError as error:
        raise ImportRefused(f"{name} is not JSON that can be read: {error}") from error


def _step(entry: Any, number: int, name: str) -> Step:
    where = f"step {number}"
    if not isinstance(entry, dict):
        raise _shape(name, f"{where} is {_kind(entry)}, not an object")
    if not {"action", "thought", "response", "observation"} & entry.keys():
        raise _shape(name, f"{where} has neither thought, action nor observation")
    return Step(
        thought=_text(entry.get("thought"), f"the thought of {where}", name)
        or _text(entry.get("response"), f"the response of {where}", name),
        action=_text(entry.get("action"), f"the action of {where}", name),
        observation=_text(entry.get("observation"), f"the observation of {where}", name),
        duration_seconds=_amount(
            entry.get("execution_time"), f"the execution_time of {where}", name
        ),
    )


def _steps_of_history(history: list[Any], name: str) -> tuple[Step, ...]:
    """
    Each message of the assistant is a step.

    What comes until its next message is what it observed.
    """
    steps: list[Step] = []
    for number, message in enumerate(history, 1):
        where = f"message {number} of the history"
        if not isinstance(message, dict):
            raise _shape(name, f"{where} is {_kind(message)}, not an object")
        if message.get("is_demo"):
            continue
        content = _text(message.get("content"), f"the content of {where}", name)
        if message.get("role") == "assistant":
            action = _text(message.get("action"), f"the action of {where}", name)
            steps.append(
                Step(
                    thought=_text(message.get("thought"), f"the thought of {where}", name)
                    or content,
                    action=action or _calls(message.get("tool_calls"), where, name),
                    observation="",
                    duration_seconds=None,
                )
            )
        elif steps and message.get("role") in ("user", "tool"):
            step = steps[-1]
            observed = f"{step.observation}\n{content}" if step.observation else content
            steps[-1] = Step(step.thought, step.action, observed, None)
    return tuple(steps)


def _calls(calls: Any, where: str, name: str) -> str:
    """Tool calls as a person would write them: `name arguments`, one per line."""
    if calls is None:
        return ""
    if not isinstance(calls, list):
        raise _shape(name, f"the tool_calls of {where} are {_kind(calls)}, not a list")
    lines: list[str] = []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise _shape(name, f"a tool call of {where} names no function")
        called = _text(function.get("name"), f"a function's name in {where}", name)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = "" if arguments is None else json.dumps(arguments, sort_keys=True)
        lines.append(f"{called} {valid_text(arguments)}".strip())
    return "\n".join(lines)


def _task(history: list[Any], name: str) -> str:
    """What the agent was told to do: the first message of the user that is not a demonstration."""
    for message in history:
        if (
            isinstance(message, dict)
            and message.get("role") == "user"
            and not message.get("is_demo")
        ):
            return _text(message.get("content"), "the task in the history", name)
    return ""


def _instance(document: dict[str, Any], entries: list[Any], history: list[Any]) -> str:
    """What was worked on, by the content alone: a file's name would change with every copy."""
    configuration = _embedded(document.get("replay_config"))
    for part, key in (("problem_statement", "id"), ("agent", "name")):
        named = _embedded(configuration.get(part)).get(key)
        if isinstance(named, str) and named.strip():
            return _one_line(named)
    places = [_embedded(entry.get("state")).get("working_dir") for entry in entries[:1]]
    for message in history:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, str):
            places += _CURRENT_DIRECTORY.findall(content)[-1:]
    for place in places:
        if isinstance(place, str) and place.rstrip("/") and place not in _PLACES_OF_ALL:
            return _one_line(place.rstrip("/").rpartition("/")[2])
    return ""


def _one_line(text: str) -> str:
    return marked(" ".join(valid_text(text).split()), MAX_NAME_BYTES)


def _embedded(value: Any) -> dict[str, Any]:
    """
    An object that some versions write as such and some as a string of JSON.

    Empty where it is neither.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}  # it only would have given a nicer name
    return value if isinstance(value, dict) else {}


def _list(document: dict[str, Any], key: str, name: str) -> list[Any]:
    value = document.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _shape(name, f"its `{key}` is {_kind(value)}, not a list")
    return value


def _object(document: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _shape(name, f"its `{key}` is {_kind(value)}, not an object")
    return value


def _text(value: Any, what: str, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, list) and all(isinstance(part, dict) for part in value):
        # The parts of a message that can also hold pictures; only text is kept, a picture is named.
        texts = [
            part["text"] if isinstance(part.get("text"), str) else f"[{part.get('type', 'part')}]"
            for part in value
        ]
        return valid_text("\n".join(texts))
    raise _shape(name, f"{what} is {_kind(value)}, not a text")


def _amount(value: Any, what: str, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _shape(name, f"{what} is {_kind(value)}, not a number")
    if not 0 <= value <= 1e300:  # which is false for a NaN too
        raise _shape(name, f"{what} is not a finite number from 0 up")
    return float(value)


def _count(value: Any, what: str, name: str) -> int | None:
    amount = _amount(value, what, name)
    if amount is None:
        return None
    if not amount.is_integer() or int(value) > _MAX_TOKENS:
        raise _shape(name, f"{what} is not a whole number of 64 bits")
    return int(value)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "empty" if value is None else kinds.get(type(value), "a number")


def _shape(name: str, what: str) -> ImportRefused:
    return ImportRefused(f"{name} is not a SWE-agent trajectory: {what}; nothing of it is imported")
