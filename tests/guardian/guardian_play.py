"""How is the guardian played through a history without a server? As the runner folds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_GUARDIAN,
    ROLE_OVERSEER,
    ROLE_SUPERVISOR,
    AgentRole,
)
from guardian.core import GuardianCore
from guardian.model import SERVICE, GuardianLimits, GuardianState
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import KINDS, Payload
from nervous_system.contract.subjects import source_of, subject_for
from nervous_system.ids import child_id
from nervous_system.service.fold import MAIN, Fold

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
TERM = child_id("tests", "term of the guardian")

Some = TypeVar("Some")


def fold(limits: GuardianLimits | None = None) -> Fold[GuardianState]:
    """A guardian that has seen nothing."""
    core = GuardianCore(limits=limits or GuardianLimits())
    return Fold(core, service=SERVICE, scope=MAIN, role=ROLE_GUARDIAN)


def rebuilt(
    history: Sequence[RecordedEvent], limits: GuardianLimits | None = None
) -> tuple[Fold[GuardianState], list[Entry]]:
    """The fold of a whole history, and the decisions that are missing in it."""
    folded = fold(limits)
    for recorded in history:
        kind = recorded.event.kind
        if source_of(recorded.event.agent_role) == SERVICE or kind.source in (
            "incident",
            "command",
        ):
            folded.preload_own(recorded)
    missing = [entry for recorded in history for entry in folded.apply(recorded)]
    return folded, missing


def _sayer(payload: Payload) -> AgentRole.ValueType:
    return ROLE_OVERSEER if KINDS[type(payload)].source == "task" else ROLE_SUPERVISOR


class Play:
    """A guardian, and the log that comes of it."""

    def __init__(self, limits: GuardianLimits | None = None) -> None:
        self.limits = limits
        self.fold = fold(limits)
        self.log: list[RecordedEvent] = []
        self.ticks = 0

    @property
    def state(self) -> GuardianState:
        return self.fold.state

    def happens(
        self,
        payload: Payload,
        *,
        after: float,
        role: AgentRole.ValueType | None = None,
        agent_id: str = "test",
    ) -> list[Payload]:
        """An event of others, and what the guardian says to it. By whom nothing is said of:
        the overseer, where it is of a task, or the supervisor."""
        event = Event(
            event_id=child_id("tests", f"event {len(self.log)}"),
            timestamp=START,
            agent_role=role or _sayer(payload),
            agent_id=agent_id,
            payload=payload,
        )
        recorded = self._append(Entry(event=event), after)
        return self._written(self.fold.apply(recorded), after)

    def silence(self, *, after: float) -> list[Payload]:
        """A tick, and what the guardian says to it."""
        self.ticks += 1
        now = START + timedelta(seconds=after)
        tick = self.fold.tick(term=1, term_id=TERM, number=self.ticks, now=now)
        return self._written(self.fold.apply_tick(tick), after)

    def said(self, kind: type[Some]) -> list[Some]:
        """All that the log has of one kind."""
        return [each.event.payload for each in self.log if isinstance(each.event.payload, kind)]

    def replays(self) -> None:
        """The whole history gives the same state, and nothing is decided anew."""
        folded, missing = rebuilt(self.log, self.limits)
        assert missing == []
        assert folded.state == self.fold.state

    def _written(self, entries: list[Entry], after: float) -> list[Payload]:
        for entry in entries:
            recorded = self._append(entry, after)
            assert self.fold.apply(recorded) == []
        return [entry.event.payload for entry in entries]

    def _append(self, entry: Entry, after: float) -> RecordedEvent:
        recorded = RecordedEvent(
            event=entry.event,
            sequence=len(self.log) + 1,
            subject=subject_for(entry.event, key=entry.key),
            recorded_at=START + timedelta(seconds=after),
        )
        self.log.append(recorded)
        return recorded
