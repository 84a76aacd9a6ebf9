"""Which rows does the overseer go by? The expression with which the engine fills the column
`swarm.events.heard`, written from what the overseer's own role reads
(`nervous_system/contract/authority.py`) and from the subjects of all kinds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST
from nervous_system.contract.authority import ALONE, OVERSEER, READS, SOURCES
from nervous_system.contract.payload import KINDS, PayloadKind
from nervous_system.names import EVENTS

_PREFIX: Final = f"{EVENTS}."


def _matches(filters: Iterable[str]) -> str:
    """Whether the subject is on one of these filters."""
    shapes = (each.removeprefix(_PREFIX).replace(".", "[.]") for each in filters)
    either = "|".join(each.replace("*", "[^.]+").replace(">", ".+") for each in shapes)
    return f"match(subject, '^{_PREFIX.replace('.', '[.]')}({either})$')"


def _one_of(kinds: Iterable[PayloadKind]) -> str:
    return f"payload_kind IN ({', '.join(repr(kind.field) for kind in kinds)})"


def _template() -> str:
    """Source and word of the subject that belongs to an event of this kind, of this role."""
    of_source = {each.field: each for each in KINDS.values() if each.source}
    words = {
        each.field: each.subject_word
        for each in KINDS.values()
        if not each.source and each.field != each.subject_word
    }
    named = [f"{each.source}.{each.subject_word}" for each in of_source.values()]
    of_role = f"transform(payload_kind, {list(words)}, {list(words.values())}, payload_kind)"
    template = (
        f"transform(payload_kind, {list(of_source)}, {named}, concat(agent_role, '.', {of_role}))"
    )
    for each in KINDS.values():
        if each.lane:
            source = f"'{each.source}'" if each.source else "agent_role"
            # Not as a subcolumn: of a column that an insert leaves out the engine finds none.
            urgent = f"payload_kind = '{each.field}' AND tupleElement({each.field}, '{each.lane}')"
            template = f"if({urgent}, concat({source}, '.{each.lane}'), {template})"
    return template


HEARD: Final = (
    "disposition = 'stored'"
    " AND arrayStringConcat(arraySlice(splitByChar('.', subject), 3, 2), '.') = "
    + _template()
    + f" AND (agent_role = '{OVERSEER}'"
    f" AND {_matches(f'{_PREFIX}{each}.>' for each in (OVERSEER, *SOURCES))}"
    f" AND NOT {_one_of(each for each in KINDS.values() if each.event_type == TYPE_REQUEST)}"
    f" OR (agent_role = '{OVERSEER}'"
    f" OR NOT {_one_of(each for each in KINDS.values() if each.source in ALONE)})"
    f" AND {_matches((f'{_PREFIX}{OVERSEER}.>', *READS))})"
)
