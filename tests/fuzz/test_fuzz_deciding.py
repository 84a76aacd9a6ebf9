"""Does anything that anybody can publish or ask for stop a service that decides?

Histories of events with odd values, of which some go together, for every core there is. The seed is
printed with a failure and may be given as GANGLION_FUZZ_SEED.
"""

from __future__ import annotations

import os
import random  # noqa: TID251 - the seed is the door
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_CODER,
    ROLE_GOVERNOR,
    ROLE_GUARDIAN,
    ROLE_INGESTOR,
    ROLE_OPERATOR,
    ROLE_OVERSEER,
    ROLE_SUPERVISOR,
    ROLE_WORKER,
    TYPE_REQUEST,
)
from enchanted.events.v1.task_pb2 import TaskManifest
from enchanted.events.v1.task_request_pb2 import TasksProposed
from governor.settings import GovernorSettings
from governor.spec import service_spec as governor
from guardian.settings import GuardianSettings
from guardian.spec import service_spec as guardian
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.message import Entry
from nervous_system.contract.payload import KINDS
from nervous_system.contract.subjects import on_any, subject_for
from nervous_system.errors import UnprocessableEvent
from nervous_system.ids import child_id
from nervous_system.service.fold import Fold
from nervous_system.service.service_spec import ServiceSpec
from overseer.settings import OverseerSettings
from overseer.spec import service_spec as overseer
from tests.fuzz.odd_values import TEXTS, fill

SEED = int(os.environ.get("GANGLION_FUZZ_SEED", "20261126"))
START = datetime(2026, 11, 26, 12, tzinfo=UTC)
EVENTS_EACH = 60
MAX_SUBJECT_CHARACTERS = 400

ROLES: dict[str, ServiceSpec[Any]] = {
    "overseer": overseer(OverseerSettings()),
    "guardian": guardian(GuardianSettings()),
    "governor": governor(GovernorSettings(host="host")),
}
WHO = (
    ROLE_OVERSEER,
    ROLE_INGESTOR,
    ROLE_WORKER,
    ROLE_CODER,
    ROLE_OPERATOR,
    ROLE_GUARDIAN,
    ROLE_GOVERNOR,
    ROLE_SUPERVISOR,
    99,
)

ODD_TEXTS = (
    *TEXTS,
    *("t", "w", "o", "host", "all") * 3,  # so that events are about the same things
    *("diagnose", "ingest_lag", "operational", "halted"),
    "x" * 6_000,
    "t\n",
    "[" * 50_000,
    '{"plan": [1]}',
    '{"tasks": [{"action": "a", "max_attempts": 99999999999999}]}',
    '{"tasks": [{"action": "a", "ttl_seconds": 1e300}, {"action": "b", "after": ["1"]}]}',
    '{"tasks": [{"action": "a"}]}',
)


class History:
    """One service, and what comes its way."""

    def __init__(self, role: ServiceSpec[Any], chance: random.Random) -> None:
        self.role = role
        self.chance = chance
        self.reads = on_any(role.replay_filters)
        self.now = START
        self.sequence = self.turns = 0
        self.fold = Fold(
            role.core,
            service=role.service,
            scope=role.scope,
            role=role.agent_role,
            hears=on_any(role.live_filters),
        )

    def go_on(self) -> None:
        """One more event, request or tick."""
        self.now += timedelta(seconds=self.chance.choice((0, 1, 60, 700)))
        payload = self.chance.choice(tuple(KINDS))()
        fill(payload, self.chance, texts=ODD_TEXTS)
        number = str(self.chance.random())
        event = Event(
            event_id=child_id("fuzz", number),
            timestamp=self.now,
            agent_role=self.chance.choice(WHO),  # type: ignore[arg-type]
            agent_id=self.chance.choice(("w", "me", "x" * 300)),
            payload=payload,
            trace_id=self.chance.choice(("", "span-x", "0af7651916cd43dd8448eb211c80319c")),
            span_id=self.chance.choice(("", "b7ad6b7169203331")),
        )
        subject = subject_for(event, key=self.chance.choice((None, "key")))
        if self.role.requests and event.event_type == TYPE_REQUEST and self.chance.random() < 0.7:
            self.ask(event)
        elif self.reads(subject):
            self.sequence += 1
            recorded = RecordedEvent(
                event=event, sequence=self.sequence, subject=subject, recorded_at=self.now
            )
            self.publishable(self.fold.apply(recorded))
        if self.chance.random() < 0.2:
            self.turns += 1
            tick = self.fold.tick(term=1, term_id="term", number=self.turns, now=self.now)
            self.publishable(self.fold.apply_tick(tick))

    def ask(self, request: Event) -> bool:
        """Whether it led to anything; the state as it was where the core fails on it."""
        self.turns += 1
        taken = self.fold.requests_taken(term=1, term_id="term", number=self.turns, now=self.now)
        before, ahead = self.fold.state, set(self.fold.pending_ids)
        try:
            decided = self.fold.decide_request(taken, request)
        except UnprocessableEvent:
            assert self.fold.state is before
            assert self.fold.pending_ids == ahead
            return False
        self.publishable([each for each in decided if each.event is not request])
        self.role.core.answer(self.fold.state, request, self.now).SerializeToString()  # type: ignore[attr-defined]
        return bool(decided)

    def publishable(self, entries: list[Entry]) -> None:
        """What was decided can go onto the log."""
        for entry in entries:
            encode(entry.event)
            assert len(entry.subject) < MAX_SUBJECT_CHARACTERS
            assert entry.subject.split() == [entry.subject]


def sound(number: int) -> Event:
    """A task that nobody can object to."""
    manifest = TaskManifest(task_id=f"sound-{number}", action="dig", priority=5)
    return Event(
        event_id=child_id("fuzz", f"sound {number}"),
        timestamp=START,
        agent_role=ROLE_OPERATOR,
        agent_id="me",
        payload=TasksProposed(tasks=[manifest]),
    )


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("count", [60, pytest.param(600, marks=pytest.mark.long)])
def test_whatever_comes_is_decided_on_or_counts_for_nothing(name: str, count: int) -> None:
    print(f"GANGLION_FUZZ_SEED={SEED}")
    for number in range(count):
        history = History(ROLES[name], random.Random(f"{SEED} {number}"))
        for _ in range(EVENTS_EACH):
            history.go_on()
        if history.role.requests:
            answer = history.role.core.answer  # type: ignore[attr-defined]
            assert (
                history.ask(sound(number))
                or answer(history.fold.state, sound(number), history.now).reasons
            )
