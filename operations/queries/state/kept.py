"""From which state that was kept does the way to a position begin, and which are kept on the way?

Each service's keyframes are in a folder of the home. They are made by whoever folds past them: a
command on its way, and a reader in the background, so that no way is long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from guardian.model import GuardianState
from guardian.settings import GuardianSettings
from guardian.spec import service_spec as guardian_spec
from local_mesh.addresses import leads_home
from local_mesh.home import Home
from nervous_system.bus import Bus
from nervous_system.environment import read_settings
from nervous_system.service.keyframe_format import KeyframeFormat
from nervous_system.service.keyframes import SPACING, Keyframes
from nervous_system.service.packing import Snapshot
from nervous_system.service.projection import Projection
from nervous_system.service.service_spec import ServiceSpec
from nervous_system.settings import MeshSettings
from operations.queries.state.moment import UnknownMoment
from operations.queries.state.recent import RecentStates
from overseer.model import OverseerState
from overseer.settings import OverseerSettings
from overseer.spec import service_spec as overseer_spec

State = TypeVar("State")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KeptService(Generic[State]):
    """One service, its keyframes if there can be some, and what it was asked for before."""

    spec: ServiceSpec[State]
    keyframes: Keyframes[State] | None
    recent: RecentStates[State] = field(default_factory=RecentStates)


@dataclass(frozen=True, slots=True)
class KeptStates:
    """The services whose states are those of the swarm."""

    overseer: KeptService[OverseerState]
    guardian: KeptService[GuardianState]

    @classmethod
    def of(cls, bus: Bus, folder: Path | None, *, spacing: int = SPACING) -> KeptStates:
        """With keyframes in a folder, unless it is None, or who asks could not tell them from a
        stranger's: he has only the public half of the mesh's key."""
        if bus.trusted.checks and bus.trusted.seal is None:
            folder = None
        return cls(
            _service(bus, overseer_spec(read_settings(OverseerSettings)), folder, spacing),
            _service(bus, guardian_spec(read_settings(GuardianSettings)), folder, spacing),
        )

    @classmethod
    def of_mesh(cls, bus: Bus, settings: MeshSettings) -> KeptStates:
        """With those of the home, if the mesh that is meant is that of the home."""
        home = Home.at(settings.home)
        return cls.of(bus, home.keyframes if leads_home(read_settings(MeshSettings)) else None)

    async def set_milestones(self) -> None:
        """So that no way to a moment is long, from now on; see there."""
        for each in (self.overseer.keyframes, self.guardian.keyframes):
            if each is not None:
                await each.set_milestones()


def _service(
    bus: Bus, spec: ServiceSpec[State], folder: Path | None, spacing: int
) -> KeptService[State]:
    if folder is None:
        return KeptService(spec, None)
    format_ = KeyframeFormat(
        f"{spec.key} {version('ganglion')}", spec.state_type, seal=bus.trusted.seal
    )
    return KeptService(spec, Keyframes(folder / spec.key, format_, bus.stream, spacing=spacing))


async def folded(bus: Bus, kept: KeptService[State], position: int) -> Projection[State]:
    """A service's fold up to a position; the keyframes on the way that are missing are kept.

    Raises UnknownMoment if the log has forgotten what is needed; Permanent, Unavailable,
    Interrupted.
    """
    projection = await _beginning(bus, kept, position)
    if (keyframes := kept.keyframes) is not None:
        spacing = keyframes.spacing
        first = (projection.sequence // spacing + 1) * spacing
        for each in range(first, position + 1, spacing):
            await projection.state_at(each)
            try:
                await keyframes.add(await projection.kept())
            except OSError as error:  # the answer is the same, and the next one takes as long
                _log.warning("keyframe.not_written", reason=str(error))
                break
    await projection.state_at(position)
    kept.recent.remember(await projection.kept())
    return projection


async def _beginning(bus: Bus, kept: KeptService[State], position: int) -> Projection[State]:
    first = (await bus.stream.state()).first_sequence
    before = position
    while (base := await _nearest(kept, before)) is not None and base.sequence + 1 >= first:
        projection = Projection(bus, kept.spec, base=base)
        if await projection.is_sound(position):
            return projection
        kept.recent.forget(base.sequence)
        keyframes = kept.keyframes
        if keyframes is not None and base.sequence % keyframes.spacing == 0:
            keyframes.remove(
                base.sequence, reason="its leader had not decided yet on what is in it"
            )
        before = base.sequence - 1
    if first > 1:
        raise UnknownMoment(
            f"the log has forgotten all before position {first:,}, and no earlier state was kept"
            f" from which that at position {position:,} could be folded"
        )
    return Projection(bus, kept.spec)


async def _nearest(kept: KeptService[State], position: int) -> Snapshot[State] | None:
    """The last state at or before a position that is known."""
    recent, keyframes = kept.recent.at_or_before(position), kept.keyframes
    if keyframes is None:
        return recent
    due = position - position % keyframes.spacing  # where the nearest keyframe can be
    if recent is not None and recent.sequence >= due:
        return recent
    keyframe = await keyframes.at_or_before(position)
    if keyframe is not None and (recent is None or keyframe.sequence > recent.sequence):
        return keyframe
    return recent


async def keep_now(bus: Bus, kept: KeptStates) -> None:
    """Keeps those that are due: not at the very end, on which its leader may not have decided yet.
    Raises Unavailable, Interrupted."""
    state = await bus.stream.state()
    await _keep(bus, kept.overseer, first=state.first_sequence, last=state.last_sequence)
    await _keep(bus, kept.guardian, first=state.first_sequence, last=state.last_sequence)


async def _keep(bus: Bus, kept: KeptService[State], *, first: int, last: int) -> None:
    if (keyframes := kept.keyframes) is None:
        return
    missing = keyframes.missing(first=first, up_to=last - keyframes.spacing)
    in_a_row = {each - keyframes.spacing for each in missing}
    for each in missing:
        if each not in in_a_row:  # one way leads past all before it
            await folded(bus, kept, each)
    keyframes.forget_before(first)
