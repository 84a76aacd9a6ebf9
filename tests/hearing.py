"""What of a log does the overseer hear, and what does it measure by that? As a runner folds it:
what is on the subjects that it reads, of that what its fold counts, and of that what its core does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nervous_system.contract.event import Recorded
from nervous_system.contract.subjects import on_any
from nervous_system.service.decision import Core, Emit, Tick
from nervous_system.service.fold import Fold, State
from overseer.indicators import IndicatorState
from overseer.model import OverseerState
from overseer.settings import OverseerSettings
from overseer.wiring import role

ROLE = role(OverseerSettings())
_READS, _HEARS = on_any(ROLE.reads), on_any(ROLE.hears)


@dataclass(frozen=True)
class Onlooker:
    """The overseer's core, but it decides nothing: the log has all that was decided."""

    core: Core[OverseerState] = ROLE.core

    def initial(self) -> OverseerState:
        """As the overseer's."""
        return self.core.initial()

    def evolve(self, state: OverseerState, recorded: Recorded, /) -> OverseerState:
        """As the overseer's."""
        return self.core.evolve(state, recorded)

    def decide(
        self, state: OverseerState, cause: Recorded | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True)
class Listener:
    """Keeps the sequences of what is counted. Of tasks and objectives the overseer's core believes
    nobody but itself, see `OverseerCore.evolve`."""

    def initial(self) -> frozenset[int]:
        """Nothing was heard."""
        return frozenset()

    def evolve(self, heard: frozenset[int], recorded: Recorded, /) -> frozenset[int]:
        """One more."""
        event = recorded.event
        if event.kind.source in ("task", "objective") and event.agent_role != ROLE.agent_role:
            return heard
        return heard | {recorded.sequence}

    def decide(
        self, heard: frozenset[int], cause: Recorded | Tick, now: datetime, /
    ) -> tuple[Emit, ...]:
        """Nothing."""
        return ()


def measured(log: Iterable[Recorded]) -> IndicatorState:
    """What the overseer measures by a log that it reads."""
    return _folded(Onlooker(), log).indicators


def heard(log: Iterable[Recorded]) -> frozenset[int]:
    """The sequences of what it goes by."""
    return _folded(Listener(), log)


def _folded(core: Core[State], log: Iterable[Recorded]) -> State:
    fold = Fold(core, service=ROLE.service, scope=ROLE.scope, role=ROLE.agent_role, hears=_HEARS)
    for recorded in log:
        if _READS(recorded.subject):
            fold.take(recorded)
    return fold.state
