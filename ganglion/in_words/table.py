"""What does a payload say, in the words a person looks for first?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.json_format import MessageToDict

from ganglion.in_words.agents import AGENTS
from ganglion.in_words.incidents import INCIDENTS
from ganglion.in_words.members import MEMBERS
from ganglion.in_words.objectives import OBJECTIVES
from ganglion.in_words.requests import REQUESTS
from ganglion.in_words.rules import RULES
from ganglion.in_words.tasks import TASKS
from nervous_system.contract.payload import Payload, PayloadKind

SENTENCES: Final[Mapping[type[Payload], Callable[[Any], str]]] = MappingProxyType(
    {**AGENTS, **TASKS, **REQUESTS, **OBJECTIVES, **MEMBERS, **RULES, **INCIDENTS}
)


def in_words(payload: Payload) -> str:
    """Its sentence; of a kind that has none, its fields as JSON."""
    sentence = SENTENCES.get(type(payload))
    if sentence is not None:
        return sentence(payload)
    fields = MessageToDict(payload, preserving_proto_field_name=True)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def kind_in_words(kind: PayloadKind) -> str:
    """`task_claimed` is `task claimed`."""
    return kind.field.replace("_", " ")
