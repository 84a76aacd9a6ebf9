"""What was the state of the swarm at a moment, and what changed until another one?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from guardian.model import GuardianState
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.service.projection import Projection
from operations.log_session import bus_session
from operations.queries.state.difference import Causes, Difference, differences
from operations.queries.state.kept import KeptStates, folded
from operations.queries.state.moment import Moment, moment_of
from operations.queries.state.sections import SECTIONS, TASKS, Row, SwarmState, rows
from overseer.model import OverseerState

MAX_ENDED: Final = 20
"""Tasks that have ended and are shown with a state: the last ones."""


@dataclass(frozen=True, slots=True)
class StateAt:
    """The state of the swarm at a moment."""

    moment: Moment
    state: SwarmState

    def sections(self, max_rows: int | None = None) -> dict[str, dict[str, Row]]:
        """What is there: section, id, row; of very many the first by their ids."""
        return {section.name: rows(section, self.state, max_rows) for section in SECTIONS}

    def last_ended(self, number: int = MAX_ENDED) -> dict[str, Row]:
        """The tasks that ended last, the newest first."""
        ended = self.state.overseer.kernel.ended
        newest = sorted(ended, key=lambda key: (ended[key].ended_at, key), reverse=True)[:number]
        found = ((key, TASKS.end(self.state, key)) for key in newest)
        return {key: row for key, row in found if row is not None}

    def document(self, max_rows: int | None = None) -> dict[str, Any]:
        """As JSON has it; `max_rows` as in `sections`, and how many are left out."""
        found = self.sections(max_rows)
        there = {each.name: len(set(each.ids(self.state))) for each in SECTIONS}
        left_out = {name: there[name] - len(rows) for name, rows in found.items()}
        return {
            **_place(self.moment),
            **found,
            "ended_tasks": self.last_ended(),
            "ended_tasks_known": len(self.state.overseer.kernel.ended),
            "left_out": {name: number for name, number in left_out.items() if number},
        }


@dataclass(frozen=True, slots=True)
class Between:
    """What changed from an earlier moment to a later one."""

    earlier: Moment
    later: Moment
    differences: list[Difference]
    explained: bool  # the events that did it are there

    def document(
        self, event: Callable[[RecordedEvent], object], *, max_differences: int | None = None
    ) -> dict[str, Any]:
        """As JSON has it; `event` says how one of those that did it reads."""
        told = self.differences[:max_differences]
        return {
            "from": _place(self.earlier),
            "to": _place(self.later),
            "explained": self.explained,
            "differences": [
                {
                    "section": each.section.name,
                    "id": each.key,
                    "way": each.way,
                    "before": each.before,
                    "after": each.after,
                    "events": [event(recorded) for recorded in each.events],
                    "events_left_out": each.events_left_out,
                }
                for each in told
            ],
            "differences_left_out": len(self.differences) - len(told),
        }


def _place(moment: Moment) -> dict[str, Any]:
    recorded_at = moment.recorded_at.isoformat().replace("+00:00", "Z")
    return {"position": moment.position, "recorded_at": recorded_at}


class SwarmProjection:
    """The overseer's fold and the guardian's, side by side; forwards only."""

    def __init__(
        self, overseer: Projection[OverseerState], guardian: Projection[GuardianState]
    ) -> None:
        self._overseer = overseer
        self._guardian = guardian

    @classmethod
    async def at(cls, bus: Bus, position: int, kept: KeptStates) -> SwarmProjection:
        """Folded up to a position. Raises UnknownMoment, Unavailable, Interrupted."""
        return cls(
            await folded(bus, kept.overseer, position), await folded(bus, kept.guardian, position)
        )

    @property
    def state(self) -> SwarmState:
        """Where both are."""
        return SwarmState(self._overseer.state, self._guardian.state)

    async def go_on_to(self, position: int, causes: Causes | None = None) -> SwarmState:
        """To a position further behind; `causes` sees each event on the way that changes anything.
        Raises Permanent, Unavailable, Interrupted."""
        if causes is not None:
            self._observe(causes)
        await self._overseer.state_at(position)
        await self._guardian.state_at(position)
        return self.state

    def _observe(self, causes: Causes) -> None:
        def overseer(before: OverseerState, after: OverseerState, event: RecordedEvent) -> None:
            guardian = self._guardian.state
            causes.observe(SwarmState(before, guardian), SwarmState(after, guardian), event)

        def guardian(before: GuardianState, after: GuardianState, event: RecordedEvent) -> None:
            overseer = self._overseer.state
            causes.observe(SwarmState(overseer, before), SwarmState(overseer, after), event)

        self._overseer.observe(overseer)
        self._guardian.observe(guardian)


async def state_at(bus: Bus, typed: str, kept: KeptStates) -> StateAt:
    """At the moment that was typed. Raises UnknownMoment, Unavailable."""
    moment = await moment_of(bus, typed)
    return StateAt(moment, (await SwarmProjection.at(bus, moment.position, kept)).state)


async def between(
    bus: Bus, one: str, other: str, kept: KeptStates, *, max_explained: int | None = None
) -> Between:
    """What changed from the earlier of two moments to the later; which events did it, unless they
    lie more than `max_explained` positions apart. Raises as `state_at`."""
    moments = [await moment_of(bus, one), await moment_of(bus, other)]
    earlier, later = sorted(moments, key=lambda each: each.position)
    before = (await SwarmProjection.at(bus, earlier.position, kept)).state
    found = differences(before, (await SwarmProjection.at(bus, later.position, kept)).state)
    explained = max_explained is None or later.position - earlier.position <= max_explained
    if found and explained:
        again = await SwarmProjection.at(bus, earlier.position, kept)
        await again.go_on_to(later.position, Causes(found))
    return Between(earlier, later, found, explained=explained)


async def state_of_mesh(typed: str) -> StateAt:
    """As `state_at`, of the mesh that is meant."""
    settings = client_settings()
    async with bus_session(settings) as bus:
        return await state_at(bus, typed, KeptStates.of_mesh(bus, settings))


async def between_of_mesh(one: str, other: str) -> Between:
    """As `between`, of the mesh that is meant."""
    settings = client_settings()
    async with bus_session(settings) as bus:
        return await between(bus, one, other, KeptStates.of_mesh(bus, settings))
