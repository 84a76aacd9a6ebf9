"""Who is behind what an agent says, beyond its role and its name: how is that given?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from enchanted.events.v1.attribution_pb2 import Attribution
from nervous_system.contract.check import MAX_LABEL_NAME_BYTES, MAX_LABELS, MAX_TEXT_BYTES
from nervous_system.contract.given import Given


class AttributionFields(TypedDict, total=False):
    """Each at most 256 bytes. The names are those of OpenTelemetry's `gen_ai.*`, if it has one."""

    role_name: str  # what the agent calls its role, beside the fixed one: "tester", "planner"
    model: str  # that answered, or was asked
    provider_name: str  # "anthropic", "openai" …
    conversation_id: str  # the session of an agent; it may have many runs
    run_id: str  # one run of an agent, or of a workflow of agents
    prompt_id: str  # what a person asked
    response_id: str  # of the model's: decisions that came in one response have one id
    tool_call_id: str  # the call that was decided, made, or answered
    labels: Mapping[str, str]  # at most 16, their names at most 64 bytes


_TEXTS: Final = tuple(name for name in AttributionFields.__annotations__ if name != "labels")


def attribution_of(
    given: Given, fields: Mapping[str, Any], *, usual: Attribution | None = None
) -> Attribution | None:
    """What is given, over what is `usual`: of labels those of both. None if nothing is said."""
    if not fields:
        return usual
    given.problems += [
        f"{str(name)[:40]} is nothing that is said here: {', '.join([*_TEXTS, 'labels'])} are"
        for name in fields
        if name not in AttributionFields.__annotations__
    ]
    said = Attribution()
    if usual is not None:
        said.CopyFrom(usual)
    for name in _TEXTS:
        if name in fields:
            setattr(said, name, given.text(name, fields[name], max_bytes=MAX_TEXT_BYTES))
    labels = fields.get("labels", {})
    if not isinstance(labels, Mapping):
        given.problems.append(f"labels is of type {type(labels).__name__}, and it has to be a dict")
        labels = {}
    for number, (name, value) in enumerate(labels.items()):
        known = given.text(f"label {number}", name, say="name it", max_bytes=MAX_LABEL_NAME_BYTES)
        said.labels[known] = given.text(f"labels[{known!r}]", value, max_bytes=MAX_TEXT_BYTES)
    if len(said.labels) > MAX_LABELS:
        given.problems.append(f"there are {len(said.labels)} labels, and at most {MAX_LABELS}")
    return said if said.ListFields() else None
