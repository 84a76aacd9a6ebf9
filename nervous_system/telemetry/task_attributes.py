"""Of which task is a payload? As attributes of a span, by which a trace can be searched for."""

from __future__ import annotations

from functools import cache
from typing import Final

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from nervous_system.telemetry import semantic_names
from nervous_system.telemetry.tracing import AttributeValue

MAX_CHARACTERS: Final = 200
"""Of an id, as the overseer accepts them; what is asked for may be anything."""

_ATTRIBUTES: Final = {
    "task_id": semantic_names.TASK_ID,
    "objective_id": semantic_names.OBJECTIVE_ID,
    "action": semantic_names.TASK_ACTION,
    "worker_id": semantic_names.WORKER_ID,
    "attempt": semantic_names.TASK_ATTEMPT,
}
_OF_TASKS_ONLY: Final = ("action", "attempt")
"""Others have fields of these names, too: the action of an alarm is a sentence."""


def task_attributes(*payloads: Message) -> dict[str, AttributeValue]:
    """Task, objective, action, worker and attempt, as far as the payloads name them and agree."""
    found: dict[str, AttributeValue] = {}
    differing: set[str] = set()
    waiting = list(payloads)
    while waiting:
        payload = waiting.pop()
        said, within = _fields(payload.DESCRIPTOR)
        for field in said:
            value = getattr(payload, field)
            value = value[:MAX_CHARACTERS] if isinstance(value, str) else value
            name = _ATTRIBUTES[field]
            if value and found.setdefault(name, value) != value:
                differing.add(name)
        for field in within:
            inner = getattr(payload, field)
            waiting += [inner] if isinstance(inner, Message) else inner
    return {name: value for name, value in found.items() if name not in differing}


@cache
def _fields(kind: Descriptor) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a kind of payload says of a task, and in which fields it has manifests."""
    fields = kind.fields_by_name
    said = [
        name
        for name in _ATTRIBUTES
        if name in fields and ("task_id" in fields or name not in _OF_TASKS_ONLY)
    ]
    # A grant says which attempt it is of the task in its manifest.
    if "manifest" in fields and "attempt" in fields:
        said.append("attempt")
    within = [
        name
        for name, field in fields.items()
        if field.message_type is not None and field.message_type.name == "TaskManifest"
    ]
    return tuple(said), tuple(within)
