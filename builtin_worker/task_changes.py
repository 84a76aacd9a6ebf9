"""What did a task change, or the swarm since a moment, and what was each resource before?

All of it is on the log: the attempts of the task name their traces, and in a trace stands what was
changed in it. A link of a chain has both hashes and a diff, so the way back can be walked, and each
state on it is checked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import RESULT_COMPLETED, TaskAcknowledged, TaskClaimed
from nervous_system.bus import Bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.patch import DoesNotApply, apply_patch, reverse_patch
from nervous_system.contract.resource import FILE_SYSTEM, Resource
from nervous_system.contract.subjects import token
from nervous_system.errors import MalformedEvent, Permanent, Transient
from nervous_system.ids import content_hash
from nervous_system.names import EVENTS

Text = str | None
"""The content of a file; None where there is none."""

BELATED: Final = timedelta(minutes=10)
"""From the time that who speaks gives to the log's."""

_WITHOUT_DIFF: Final[dict[str, Text]] = {content_hash(each): each for each in (None, "")}
"""An empty file and none have no line to compare, so they are known by their hash."""


class NoWayBack(Exception):
    """This resource cannot be what it was before the task, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One resource, and the links of its chain since the task first changed it."""

    target: Resource
    links: tuple[StateChange, ...] = ()  # the oldest first
    changed_since_by: str = ""  # an agent that did so beside the task; empty: none

    @property
    def hash_before(self) -> str:
        """Of its content before the task; empty: it did not exist."""
        return self.links[0].previous_state_hash

    @property
    def hash_now(self) -> str:
        """Of its content, as its chain says."""
        return self.links[-1].new_state_hash

    def before(self, text: Text) -> Text:
        """What it was before the task, from what it is now. Raises NoWayBack."""
        self._require_way()
        back = [(each.previous_state_hash, each.diff_patch) for each in reversed(self.links)]
        return _walk(text, back, _taken_back)

    def after(self, text: Text) -> Text:
        """What the task made of it, from what it was before. Raises NoWayBack."""
        self._require_way()
        return _walk(
            text, [(each.new_state_hash, each.diff_patch) for each in self.links], apply_patch
        )

    @property
    def obstacle(self) -> str:
        """Why the log alone says that it cannot be what it was before; empty if it may be."""
        if self.target.type != FILE_SYSTEM:
            return f"only files are put back, and this is {self.target.type}"
        if self.changed_since_by:
            return f"{self.changed_since_by} has changed it since"
        if not all(each.is_reversible for each in self.links):
            return "the log does not have all of what was changed"
        return ""

    def _require_way(self) -> None:
        if obstacle := self.obstacle:
            raise NoWayBack(obstacle)


async def changed_by(bus: Bus, task_id: str, *, even_completed: bool) -> list[Changed]:
    """Every resource that the attempts of a task changed, in the order in which they did.

    Raises Permanent where the log has no such task, or it was completed, unless that is to be taken
    back, too; Transient while it may still be worked on.
    """
    found = [step async for step in _events(bus, f"{EVENTS}.task.*.{token(task_id)}")]
    steps = [step for step in found if step.event.agent_role == ROLE_OVERSEER]
    if not steps:
        raise Permanent(f"the log has no task {task_id}")
    last = steps[-1].event.payload
    if not isinstance(last, TaskAcknowledged):
        raise Transient(f"task {task_id} may still be worked on; cancel it, or set it aside, first")
    if last.result == RESULT_COMPLETED and not even_completed:
        raise Permanent(f"task {task_id} was completed meanwhile, and what it did is left as it is")
    claims = [step for step in steps if isinstance(step.event.payload, TaskClaimed)]
    if not claims:
        return []
    traces = {claim.event.trace_id for claim in claims if claim.event.trace_id}
    return await _changed_in(
        bus, lambda change: change.event.trace_id in traces, since=claims[0].sequence
    )


async def changed_since(bus: Bus, position: int) -> list[Changed]:
    """Every resource that the swarm changed behind a position of the log. What was done long before
    it was put on record, as an imported history was, counts as somebody else's. Raises
    Unavailable."""
    return await _changed_in(bus, _is_of_its_time, since=position + 1)


def _is_of_its_time(change: RecordedEvent) -> bool:
    """Agents say in which session they are, so that their clocks need not be right."""
    belated = change.recorded_at - change.event.timestamp > BELATED
    return bool(change.event.producer_session) or not belated


async def _changed_in(
    bus: Bus, is_ours: Callable[[RecordedEvent], bool], *, since: int
) -> list[Changed]:
    found: dict[Resource, Changed] = {}
    async for change in _events(bus, f"{EVENTS}.*.state_change.>", since=since):
        event, link = change.event, change.event.payload
        assert isinstance(link, StateChange)
        target = Resource(link.target_type, link.target_resource, link.workspace)
        ours = is_ours(change) and not link.external and not change.is_history
        others = "" if ours else event.agent_id or "somebody"
        known = found.get(target, Changed(target=target))
        if others and not known.links:
            continue
        now = Changed(
            target=target,
            links=(*known.links, link),
            changed_since_by=known.changed_since_by or others,
        )
        if now.hash_now == now.hash_before:
            found.pop(target, None)  # as it was: nothing is left of what the task did
        else:
            found[target] = now
    return list(found.values())


async def _events(bus: Bus, subject: str, *, since: int = 1) -> AsyncIterator[RecordedEvent]:
    async for stored in bus.replay(subjects=[subject], start_sequence=since):
        try:
            yield bus.decode_stored(stored)
        except MalformedEvent:
            continue


def _walk(text: Text, steps: Iterable[tuple[str, str]], go: Callable[[Text, str], Text]) -> Text:
    """Through states of which each hash is known."""
    for hash_then, diff in steps:
        try:
            text = _WITHOUT_DIFF[hash_then] if hash_then in _WITHOUT_DIFF else go(text, diff)
        except DoesNotApply as error:
            raise NoWayBack(f"a diff on the way does not fit: {error}") from error
        if content_hash(text) != hash_then:
            raise NoWayBack("its diffs do not lead where its hashes say")
    return text


def _taken_back(text: Text, diff: str) -> Text:
    return apply_patch(text, reverse_patch(diff))
