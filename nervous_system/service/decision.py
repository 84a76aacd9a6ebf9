"""What does a pure core take in, and what does it give back?

A core is three functions. `initial()` is the state before anything happened; `evolve(state,
recorded)` folds one event in; `decide(state, cause, now)` says what should follow from a cause,
which is an event of the log or a `Tick`. None of them asks for the time, for chance, or for
anything outside its arguments: `now` is the stream's time of the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from enchanted.events.v1.answer_pb2 import Answer
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.payload import Payload

State = TypeVar("State")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Silence: nothing came for a while.

    Written to the log only when something was decided on it.
    """

    event_id: str  # derived from service, scope, term and number
    term: int
    number: int  # 1, 2, 3 … within the term
    as_of_sequence: int  # the last position that was folded when it struck


@dataclass(frozen=True, slots=True, kw_only=True)
class Emit:
    """One event that a core wants on the log.

    Its id derives from the cause and the label.
    """

    label: str  # tells it from the other decisions of the same cause
    payload: Payload
    key: str | None = None  # the last token of the subject, where the payload does not say it
    creates_aggregate: bool = False  # it is the first event of its aggregate
    traceparent: str = ""  # W3C, where it begins a trace of its own; empty: it is in its cause's


class Core(Protocol[State]):
    """The face of every service's `core.py`."""

    def initial(self) -> State:
        """The state before the first event."""

    def evolve(self, state: State, recorded: RecordedEvent, /) -> State:
        """The state after one more event; called exactly once per event, in the order of the
        log."""

    def decide(
        self, state: State, cause: RecordedEvent | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        """What follows from `cause`, which `state` already contains.

        Same arguments, same answer.
        """


class AnsweringCore(Core[State], Protocol):
    """A core that can be asked: what a request leads to is decided as for any other cause, in up to
    two steps."""

    def decide_followup(
        self, state: State, cause: RecordedEvent, now: datetime, /
    ) -> tuple[Emit, ...]:
        """What else follows from a request that led to something, when `state` contains that."""

    def answer(self, state: State, request: Event, now: datetime, /) -> Answer:
        """What the state says to `request`, which was decided on already, now or long ago.

        Asked again, it says the same as long as the state holds what the request led to.
        """
