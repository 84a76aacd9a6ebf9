"""On which subject does an event belong, and which filter holds one aggregate?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Final, cast

from enchanted.events.v1.command_pb2 import CommandIssued
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_ARCHITECT,
    ROLE_CODER,
    ROLE_GOVERNOR,
    ROLE_GUARDIAN,
    ROLE_INGESTOR,
    ROLE_MISSION_CONTROL,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    ROLE_REVIEWER,
    ROLE_SUPERVISOR,
    ROLE_WORKER,
    AgentRole,
)
from nervous_system.contract.event import Event
from nervous_system.contract.payload import KINDS, Payload, PayloadKind
from nervous_system.ids import subject_key
from nervous_system.names import EVENTS, INBOX

_SOURCES = {role: AgentRole.Name(role).removeprefix("ROLE_").lower() for role in AgentRole.values()}
EMERGENCY: Final = KINDS[CommandIssued].lane
"""The <kind> of a command that must not wait behind others."""

_SERVICES = (ROLE_OVERSEER, ROLE_GOVERNOR, ROLE_GUARDIAN, ROLE_INGESTOR)
_PARENTS = (ROLE_MISSION_CONTROL, ROLE_SUPERVISOR)
_OF_SERVICES = tuple(
    f"{EVENTS}.{source}."
    for source in sorted(
        {_SOURCES[each] for each in (*_SERVICES, *_PARENTS)}
        | {kind.source for kind in KINDS.values()} - {"", _SOURCES[ROLE_WORKER]}
    )
)
_AGGREGATES = frozenset(kind.source for kind in KINDS.values() if kind.aggregate)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}").fullmatch


def _key_reader(fields: tuple[str, ...]) -> Callable[[Payload], str]:
    read = attrgetter(*fields)
    if len(fields) == 1:
        return cast(Callable[[Payload], str], read)
    return lambda payload: subject_key(*filter(None, read(payload)))


_KEYS = {each: _key_reader(kind.key_fields) for each, kind in KINDS.items() if kind.key_fields}


def source_of(role: AgentRole.ValueType) -> str:
    """The <source> token of a role: ROLE_CODER is `coder`; a number this version does not know is
    `role<number>`."""
    return _SOURCES.get(role) or f"role{int(role)}"


PERSONS: Final = tuple(map(source_of, (ROLE_OPERATOR, ROLE_MISSION_CONTROL)))
"""Sources of what people order."""

AGENTS: Final = tuple(map(source_of, (ROLE_ARCHITECT, ROLE_CODER, ROLE_REVIEWER, ROLE_WORKER)))
"""Sources of those who decide and do, and are none of the services."""


def token(text: str) -> str:
    """`text` as one subject token: itself where it is plain and short, its key where it is not."""
    return text if _TOKEN(text) else subject_key(text)


def inbox_prefix(owner: str) -> str:
    """The subject below which a connection of `owner` gets its replies, whatever he is called."""
    return f"{INBOX}_{token(owner)}"


def subject_for(event: Event, *, key: str | None = None) -> str:
    """`swarm.events.<source>.<kind>[.<key>]`.

    What the payload itself is about comes before `key`; a state change's key is its resource's.
    """
    read = _KEYS.get(type(event.payload))
    if read is not None:
        key = read(event.payload) or key
    subject = template_of(event)
    return f"{subject}.{token(key)}" if key else subject


def template_of(event: Event) -> str:
    """The subject without its key: what a span is named after."""
    payload, kind = event.payload, event.kind
    urgent = kind.lane and getattr(payload, kind.lane)
    word = kind.lane if urgent else kind.subject_word
    return template_for(kind, role=event.agent_role, word=word)


def template_for(kind: PayloadKind, *, role: AgentRole.ValueType, word: str) -> str:
    """The same for a kind, of this role, and with the word that stands for the kind."""
    return f"{EVENTS}.{kind.source or source_of(role)}.{word}"


def is_named_by(subject: str, event: Event) -> bool:
    """Whether the subject says of which kind the event is, and whose, as `subject_for` does: who
    may publish one kind must not pass another off as it."""
    template = template_of(event)
    return subject == template or subject.startswith(f"{template}.")


def aggregate_filter(event: Event) -> str | None:
    """The one filter behind whose last event this one is appended; None where it needs nobody's
    agreement."""
    kind = event.kind
    if not kind.aggregate:
        return None
    return f"{EVENTS}.{kind.source}.*.{token(_KEYS[type(event.payload)](event.payload))}"


def resource_key(target_type: str, target_resource: str, *, workspace: str = "") -> str:
    """The key of a resource in a subject: 26 characters of base32, fixed by the contracts."""
    if workspace:
        return subject_key(workspace, target_type, target_resource)
    return subject_key(target_type, target_resource)


def chain_filter(key: str) -> str:
    """The one filter of a resource's chain, whoever changes it.

    `key` is a resource key.
    """
    return f"{EVENTS}.*.state_change.{key}"


def is_of_services(subject: str) -> bool:
    """Whether only services, and whoever orders them about, have something to say there."""
    return subject.startswith(_OF_SERVICES)


def leadership_subject(*, service: str, scope: str) -> str:
    """Where the terms of one leadership stand; nothing else is ever published there."""
    return f"{EVENTS}.{service}.leadership_taken.{token(scope)}"


def covers(wide: str, narrow: str) -> bool:
    """Whether every subject of the filter `narrow`, or the subject `narrow`, is on `wide`."""
    ours, theirs = wide.split("."), narrow.split(".")
    for number, each in enumerate(ours):
        if each == ">":
            return len(theirs) > number
        if number >= len(theirs) or theirs[number] == ">" or each not in ("*", theirs[number]):
            return False
    return len(ours) == len(theirs)


def on_any(filters: Iterable[str]) -> Callable[[str], object]:
    """Tells whether a subject is on one of these filters; made once, asked for every event."""
    shapes = (
        re.escape(each).replace(re.escape("*"), "[^.]+").replace(re.escape(">"), ".+")
        for each in filters
    )
    return re.compile("|".join(shapes)).fullmatch


def overlap(one: str, other: str) -> bool:
    """Whether a subject could be on both filters."""
    ours, theirs = one.split("."), other.split(".")
    for mine, yours in zip(ours, theirs, strict=False):
        if ">" in (mine, yours):
            return True
        if mine != yours and "*" not in (mine, yours):
            return False
    return len(ours) == len(theirs)


def aggregate_of(subject: str) -> str | None:
    """The filter of the aggregate that `subject` belongs to; None where it belongs to none."""
    tokens = subject.split(".")
    if len(tokens) == 5 and tokens[2] in _AGGREGATES:
        return f"{EVENTS}.{tokens[2]}.*.{tokens[4]}"
    return None
