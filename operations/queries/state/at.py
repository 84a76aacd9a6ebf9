"""What was the state of the swarm at a moment, and what changed until another one?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from guardian.model import GuardianState
from guardian.settings import GuardianSettings
from guardian.spec import service_spec as guardian_spec
from local_mesh.addresses import client_settings
from nervous_system.bus import Bus
from nervous_system.contract.event import RecordedEvent
from nervous_system.environment import read_settings
from nervous_system.service.packing import Snapshot
from nervous_system.service.projection import Projection
from operations.log_session import bus_session
from operations.queries.state.difference import Causes, Difference, differences
from operations.queries.state.moment import Moment, UnknownMoment, moment_of
from operations.queries.state.sections import SECTIONS, TASKS, Row, SwarmState, rows
from overseer.model import OverseerState
from overseer.settings import OverseerSettings
from overseer.spec import service_spec as overseer_spec

MAX_ENDED: Final = 20
"""Tasks that have ended and are shown with a state: the last ones."""


@dataclass(frozen=True, slots=True)
class StateAt:
    """The state of the swarm at a moment."""

    moment: Moment
    state: SwarmState

    def sections(self) -> dict[str, dict[str, Row]]:
        """What is there: section, id, row."""
        return {section.name: rows(section, self.state) for section in SECTIONS}

    def last_ended(self, number: int = MAX_ENDED) -> dict[str, Row]:
        """The tasks that ended last, the newest first."""
        ended = self.state.overseer.kernel.ended
        newest = sorted(ended, key=lambda key: (ended[key].ended_at, key), reverse=True)[:number]
        found = ((key, TASKS.end(self.state, key)) for key in newest)
        return {key: row for key, row in found if row is not None}

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            **_place(self.moment),
            **self.sections(),
            "ended_tasks": self.last_ended(),
            "ended_tasks_known": len(self.state.overseer.kernel.ended),
        }


@dataclass(frozen=True, slots=True)
class Between:
    """What changed from an earlier moment to a later one."""

    earlier: Moment
    later: Moment
    differences: list[Difference]

    def document(self, event: Callable[[RecordedEvent], object]) -> dict[str, Any]:
        """As JSON has it; `event` says how one of those that did it reads."""
        return {
            "from": _place(self.earlier),
            "to": _place(self.later),
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
                for each in self.differences
            ],
        }


def _place(moment: Moment) -> dict[str, Any]:
    recorded_at = moment.recorded_at.isoformat().replace("+00:00", "Z")
    return {"position": moment.position, "recorded_at": recorded_at}


@dataclass(frozen=True, slots=True)
class _Kept:
    """From where both folds can go on."""

    overseer: Snapshot[OverseerState]
    guardian: Snapshot[GuardianState]


class SwarmProjection:
    """The overseer's fold and the guardian's, side by side; forwards only."""

    def __init__(
        self, bus: Bus, *, base: _Kept | None = None, causes: Causes | None = None
    ) -> None:
        self._causes = causes
        self._overseer: Projection[OverseerState] = Projection(
            bus,
            overseer_spec(read_settings(OverseerSettings)),
            base=base.overseer if base is not None else None,
            observer=self._by_overseer if causes is not None else None,
        )
        self._guardian: Projection[GuardianState] = Projection(
            bus,
            guardian_spec(read_settings(GuardianSettings)),
            base=base.guardian if base is not None else None,
            observer=self._by_guardian if causes is not None else None,
        )

    async def state_at(self, position: int) -> SwarmState:
        """Raises Permanent for a position that lies before this one's, or behind the log's end;
        Unavailable, Interrupted."""
        overseer = await self._overseer.state_at(position)
        return SwarmState(overseer, await self._guardian.state_at(position))

    async def kept(self) -> _Kept:
        """From where another one goes on."""
        return _Kept(await self._overseer.kept(), await self._guardian.kept())

    def _by_overseer(
        self, before: OverseerState, after: OverseerState, event: RecordedEvent
    ) -> None:
        assert self._causes is not None
        guardian = self._guardian.state
        self._causes.observe(SwarmState(before, guardian), SwarmState(after, guardian), event)

    def _by_guardian(
        self, before: GuardianState, after: GuardianState, event: RecordedEvent
    ) -> None:
        assert self._causes is not None
        overseer = self._overseer.state
        self._causes.observe(SwarmState(overseer, before), SwarmState(overseer, after), event)


async def state_at(bus: Bus, typed: str) -> StateAt:
    """At the moment that was typed. Raises UnknownMoment, Unavailable."""
    moment = await moment_of(bus, typed)
    await _check_beginning(bus)
    return StateAt(moment, await SwarmProjection(bus).state_at(moment.position))


async def between(bus: Bus, one: str, other: str) -> Between:
    """What changed from the earlier of two moments to the later. Raises as `state_at`."""
    moments = [await moment_of(bus, one), await moment_of(bus, other)]
    await _check_beginning(bus)
    earlier, later = sorted(moments, key=lambda each: each.position)
    projection = SwarmProjection(bus)
    before = await projection.state_at(earlier.position)
    kept = await projection.kept()
    found = differences(before, await projection.state_at(later.position))
    if found:
        again = SwarmProjection(bus, base=kept, causes=Causes(found))
        await again.state_at(later.position)
    return Between(earlier, later, found)


async def _check_beginning(bus: Bus) -> None:
    """Raises UnknownMoment if the log has forgotten what every state begins with."""
    first = (await bus.stream.state()).first_sequence
    if first > 1:
        raise UnknownMoment(
            f"the log has forgotten all before position {first:,}, so no state can be folded from"
            " its beginning"
        )


async def state_of_mesh(typed: str) -> StateAt:
    """As `state_at`, of the mesh that is meant."""
    async with bus_session(client_settings()) as bus:
        return await state_at(bus, typed)


async def between_of_mesh(one: str, other: str) -> Between:
    """As `between`, of the mesh that is meant."""
    async with bus_session(client_settings()) as bus:
        return await between(bus, one, other)
