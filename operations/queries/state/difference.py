"""What came, went and changed between two states of the swarm, and which events did it?

The events are found by folding the way from the one to the other once more: an event did it if the
thing read otherwise behind it. Only things that the event names, or that hang on one it names, are
looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from google.protobuf.message import Message

from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.payload import Payload
from operations.queries.state.sections import SECTIONS, Row, Section, SwarmState, differs

MAX_EVENTS: Final = 20
"""Events that are named of one thing: the last ones."""

Way = Literal["came", "went", "changed"]


@dataclass(slots=True, kw_only=True)
class Difference:
    """One thing that is another now."""

    section: Section
    key: str
    way: Way
    before: Row | None
    after: Row | None  # of what went: what became of it, if that is known
    events: list[RecordedEvent] = field(
        default_factory=list
    )  # in the order of the fold, the last ones
    events_left_out: int = 0

    def fields(self) -> dict[str, tuple[Any, Any]]:
        """Of what changed: which values, before and after."""
        before, after = self.before or {}, self.after or {}
        return {
            name: (before.get(name), after.get(name))
            for name in {**before, **after}
            if before.get(name) != after.get(name)
        }


def differences(before: SwarmState, after: SwarmState) -> list[Difference]:
    """In the order of the sections, then of the ids."""
    return [each for section in SECTIONS for each in _of_section(section, before, after)]


def _of_section(section: Section, before: SwarmState, after: SwarmState) -> Iterator[Difference]:
    old, new = set(section.ids(before)), set(section.ids(after))
    passed = set(section.ended(after)).difference(section.ended(before), old)
    for key in sorted(old | new | passed):
        if key in old and key in new and section.raw(before, key) == section.raw(after, key):
            continue
        was, now = section.row(before, key), section.row(after, key)
        if was is None:  # it may have ended meanwhile
            now = now if now is not None else section.end(after, key)
            yield Difference(section=section, key=key, way="came", before=None, after=now)
        elif now is None:
            end = section.end(after, key)
            yield Difference(section=section, key=key, way="went", before=was, after=end)
        elif differs(was, now):
            yield Difference(section=section, key=key, way="changed", before=was, after=now)


class Causes:
    """Finds the events behind differences, while the way between the states is folded again."""

    def __init__(self, found: list[Difference]) -> None:
        self._always: list[Difference] = []
        self._by_id: defaultdict[str, list[Difference]] = defaultdict(list)
        for each in found:
            if each.section.name in _OF_NO_ID:
                self._always.append(each)
                continue
            related = [
                name
                for row in (each.before, each.after)
                if row
                for name in each.section.related(row)
            ]
            for name in {each.key, *related}:
                self._by_id[name].append(each)

    def observe(self, before: SwarmState, after: SwarmState, recorded: RecordedEvent) -> None:
        """One event that changed the state from the one to the other."""
        candidates = {id(each): each for each in self._always}
        for name in _texts(recorded.event.payload):
            for each in self._by_id.get(name, ()):
                candidates[id(each)] = each
        for each in candidates.values():
            section, key = each.section, each.key
            if section.raw(before, key) != section.raw(after, key) and differs(
                section.row(before, key), section.row(after, key)
            ):
                each.events.append(recorded)
                if len(each.events) > MAX_EVENTS:
                    del each.events[0]
                    each.events_left_out += 1


_OF_NO_ID: Final = frozenset({"mode", "rules", "incidents"})
"""Sections with few things, which events change without naming them."""


def _texts(payload: Payload | Message) -> Iterator[str]:
    """All texts in a payload, as ids are among them."""
    for descriptor, value in payload.ListFields():
        each_value = value if descriptor.is_repeated else (value,)
        if descriptor.message_type is None:
            yield from (each for each in each_value if isinstance(each, str))
        elif not descriptor.message_type.GetOptions().map_entry:
            for each in each_value:
                yield from _texts(each)
