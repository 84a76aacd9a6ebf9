"""
What does a document of mini-swe-agent say?

`messages` between model and environment, in three dialects that differ in where an action stands:
`extra.actions` beside the message, a call of a tool, or a block of shell in its text. Each action
is a step; several of one message share its thought, and the first has its cost. What the
environment answered has the same call's id, or comes next.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from importers.swe_agent import trajectory_value as part
from importers.swe_agent.trajectory import Trajectory, TrajectoryStep
from nervous_system.contract.check import LATEST_SECONDS

AGENT: Final = "mini-swe-agent"
_END: Final = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
_BLOCK: Final = re.compile(r"^```(?:bash|sh|mswea_bash_command)[ \t]*\n(.*?)\n```", re.M | re.S)
_TAG: Final = re.compile(r"<mswea_bash_command>(.*?)</mswea_bash_command>", re.S)
_RETURN_CODE: Final = re.compile(
    r"\s*(?:<exception>.*?</exception>\s*)?<returncode>(-?\d{1,10})<", re.S
)


def trajectory_of(document: dict[str, Any], *, content_hash: str, name: str) -> Trajectory:
    """The run. Raises ImportRefused where no message is an answer of the model."""
    messages = part.list_of(document, "messages", name)
    info = part.object_of(document, "info", name)
    statistics = part.object_of(info, "model_stats", f"{name}: info")
    run = _Run(name)
    for number, message in enumerate(messages, 1):
        run.add(message, f"message {number}")
    if not run.steps:
        raise part.wrong(name, "no one of its messages is an answer of a model")
    instance = document.get("instance_id")
    return Trajectory(
        agent=AGENT,
        content_hash=content_hash,
        instance=(part.one_line(instance) if isinstance(instance, str) else "")
        or content_hash[:12],
        task=run.task,
        steps=tuple(run.steps),
        exit_status=part.text(info.get("exit_status"), "the exit_status", name) or run.exit_status,
        submission=part.text(info.get("submission"), "the submission", name) or run.submission,
        cost_usd=part.amount(statistics.get("instance_cost"), "instance_cost", name),
        input_tokens=None,
        output_tokens=None,
        api_calls=part.count(statistics.get("api_calls"), "api_calls", name),
        model=part.word(
            part.embedded_object(part.embedded_object(info.get("config")).get("model")).get(
                "model_name"
            )
        ),
    )


class _Run:
    """The steps while the messages are gone through."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: dict[int, str] = {}  # steps without an answer, with their calls' ids
        self._task_is_known = False
        self.steps: list[TrajectoryStep] = []
        self.task = ""
        self.exit_status = ""
        self.submission = ""

    def add(self, message: Any, where: str) -> None:
        """The next message."""
        name = self._name
        if not isinstance(message, dict):
            raise part.wrong(name, f"{where} is {part.kind(message)}, not an object")
        extra = part.object_of(message, "extra", f"{name}: {where}")
        role = message.get("role")
        if role == "assistant" or message.get("object") == "response":
            self._answer_of_model(message, extra, where)
            return
        said = message.get("output" if "output" in message else "content")
        content = part.text(said, f"the content of {where}", name)
        if role == "exit":
            self.exit_status = part.text(extra.get("exit_status"), f"the end in {where}", name)
            self.submission = part.text(extra.get("submission"), f"the end in {where}", name)
        elif self.steps and role != "system":
            self._answer_of_environment(message, extra, content)
        elif role == "user" and not self._task_is_known:
            self._task_is_known, self.task = True, content

    def _answer_of_model(self, message: dict[str, Any], extra: dict[str, Any], where: str) -> None:
        name = self._name
        output = part.list_of(message, "output", f"{name}: {where}")
        said = [each for each in output if isinstance(each, dict)]
        thought = part.text(message.get("content"), f"the content of {where}", name)
        for each in said:
            thought += part.text(each.get("content"), f"the content of {where}", name)
        if not thought.strip():
            thought = part.text(message.get("reasoning_content"), f"the reasoning of {where}", name)
        response = part.object_of(extra, "response", f"{name}: {where}")
        usage = part.embedded_object(message.get("usage") or response.get("usage"))
        first = TrajectoryStep(
            thought=thought,
            action="",
            observation="",
            decided_at=_moment(extra.get("timestamp")),
            cost_usd=part.amount(extra.get("cost"), f"the cost of {where}", name),
            input_tokens=_tokens(usage, "prompt_tokens", "input_tokens"),
            output_tokens=_tokens(usage, "completion_tokens", "output_tokens"),
            cache_read_input_tokens=_tokens(
                part.embedded_object(
                    usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
                ),
                "cached_tokens",
            ),
            reasoning_output_tokens=_tokens(
                part.embedded_object(
                    usage.get("completion_tokens_details") or usage.get("output_tokens_details")
                ),
                "reasoning_tokens",
            ),
            model=part.word(response.get("model") or message.get("model")),
            response_id=part.word(response.get("id") or message.get("id")),
        )
        further = replace(
            first,
            cost_usd=None,
            input_tokens=None,
            output_tokens=None,
            cache_read_input_tokens=None,
            reasoning_output_tokens=None,
        )
        self._waiting = {}
        for number, (action, call) in enumerate(self._actions(message, extra, said, where)):
            self._waiting[len(self.steps)] = call
            step = replace(further if number else first, action=action)
            step = replace(step, tool_call_id=part.word(call))
            self.steps.append(step)

    def _actions(
        self, message: dict[str, Any], extra: dict[str, Any], said: list[Any], where: str
    ) -> list[tuple[str, str]]:
        """What was to be done, each with its call's id; one that is empty where nothing was."""
        name = self._name
        listed = extra.get("actions")
        if isinstance(listed, list) and listed:
            return [
                (
                    part.text(
                        action.get("command", action.get("action")), f"an action of {where}", name
                    ),
                    str(action.get("tool_call_id") or ""),
                )
                for action in (
                    each if isinstance(each, dict) else {"command": each} for each in listed
                )
            ]
        calls = message.get("tool_calls") or [
            {"function": each, "id": each.get("call_id")}
            for each in said
            if each.get("type") == "function_call"
        ]
        if calls:
            if not isinstance(calls, list):
                raise part.wrong(name, f"the tool_calls of {where} are {part.kind(calls)}")
            ids = [str(each.get("id") or "") if isinstance(each, dict) else "" for each in calls]
            return [
                (part.calls([each], where, name), call)
                for each, call in zip(calls, ids, strict=True)
            ]
        thought = part.text(message.get("content"), f"the content of {where}", name)
        blocks = _BLOCK.findall(thought) or _TAG.findall(thought)
        return [("\n".join(block.strip() for block in blocks), "")]

    def _answer_of_environment(
        self, message: dict[str, Any], extra: dict[str, Any], content: str
    ) -> None:
        call = str(message.get("tool_call_id") or message.get("call_id") or "")
        place = next(
            (each for each, own in self._waiting.items() if own == call),
            next(iter(self._waiting), len(self.steps) - 1),
        )
        step = self.steps[place]
        self._waiting.pop(place, None)
        code = extra.get("returncode")
        if code is None and (found := _RETURN_CODE.match(content)):
            code = int(found[1])
        self.steps[place] = replace(
            step,
            observation=f"{step.observation}\n{content}" if step.observation else content,
            exit_code=_exit_code(code) if step.exit_code is None else step.exit_code,
            answered_at=_moment(extra.get("timestamp")) or step.answered_at,
        )
        if _END in step.action and code is None and not self.exit_status:
            # Without a document around it, the answer to the last command is what was handed in.
            self.exit_status, self.submission = "Submitted", content


def _exit_code(code: Any) -> int | None:
    """As 32 bits have it; Windows counts without a sign."""
    if isinstance(code, bool) or not isinstance(code, int) or not -(2**31) <= code < 2**32:
        return None
    return code if code < 2**31 else code - 2**32


def _moment(seconds: Any) -> float | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return float(seconds) if 0 < seconds < LATEST_SECONDS else None


def _tokens(usage: dict[str, Any], *names: str) -> int | None:
    """Some models say nothing, some what is no number: it is only what a step took of the whole."""
    for each in names:
        found = usage.get(each)
        if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**64:
            return found
    return None
