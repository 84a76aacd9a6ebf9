"""On which subject does an event belong, and which filter holds one aggregate?"""

from __future__ import annotations

import re

from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from nervous_system.event import Event
from nervous_system.ids import subject_key
from nervous_system.names import EVENTS

_SOURCES = {role: AgentRole.Name(role).removeprefix("ROLE_").lower() for role in AgentRole.values()}
_TOKEN = re.compile(r"^[A-Za-z0-9_-]+$")


def source_of(role: AgentRole.ValueType) -> str:
    """The <source> token of a role: ROLE_CODER is `coder`; a number this version does not know is
    `role<number>`."""
    return _SOURCES.get(role) or f"role{int(role)}"


def token(text: str) -> str:
    """`text` as one subject token: itself where it is plain, its key where it is not."""
    return text if _TOKEN.match(text) else subject_key(text)


def subject_for(event: Event, *, key: str | None = None) -> str:
    """`swarm.events.<source>.<kind>[.<key>]`; a state change's key is always its resource's."""
    if isinstance(event.payload, StateChange):
        key = resource_key(event.payload.target_type, event.payload.target_resource)
    subject = template_of(event)
    return f"{subject}.{token(key)}" if key else subject


def template_of(event: Event) -> str:
    """The subject without its key: what a span is named after."""
    return f"{EVENTS}.{source_of(event.agent_role)}.{event.kind.subject_word}"


def resource_key(target_type: str, target_resource: str) -> str:
    """The key of a resource in a subject: 26 characters of base32, fixed by the contracts."""
    return subject_key(target_type, target_resource)


def chain_filter(key: str) -> str:
    """The one filter of a resource's chain, whoever changes it.

    `key` is a resource key.
    """
    return f"{EVENTS}.*.state_change.{key}"


def leadership_subject(*, service: str, scope: str) -> str:
    """Where the terms of one leadership stand; nothing else is ever published there."""
    return f"{EVENTS}.{service}.leadership_taken.{token(scope)}"
