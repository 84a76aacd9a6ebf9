"""From which state that was kept does the way to a position begin, and which are kept on the way?

Each service's keyframes are in a folder of the home. They are made by whoever folds past them: a
command on its way, and a reader in the background, so that no way is long.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Generic, TypeVar

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
from nervous_system.service.projection import Projection
from nervous_system.service.service_spec import ServiceSpec
from nervous_system.settings import MeshSettings
from nervous_system.waiting import pause
from operations.queries.state.moment import UnknownMoment
from overseer.model import OverseerState
from overseer.settings import OverseerSettings
from overseer.spec import service_spec as overseer_spec

State = TypeVar("State")

_log = structlog.get_logger()

LOOK_SECONDS: Final = 5.0
"""How often the reader in the background looks whether another keyframe is due."""


@dataclass(frozen=True, slots=True)
class KeptService(Generic[State]):
    """One service, and its keyframes if there can be some."""

    spec: ServiceSpec[State]
    keyframes: Keyframes[State] | None


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
    return projection


async def _beginning(bus: Bus, kept: KeptService[State], position: int) -> Projection[State]:
    first = (await bus.stream.state()).first_sequence
    keyframes = kept.keyframes
    before = position
    while keyframes is not None:
        base = await keyframes.at_or_before(before)
        if base is None or base.sequence + 1 < first:
            break
        projection = Projection(bus, kept.spec, base=base)
        if await projection.is_sound(position):
            return projection
        keyframes.remove(base.sequence, reason="its leader had not decided yet on what is in it")
        before = base.sequence - 1
    if first > 1:
        raise UnknownMoment(
            f"the log has forgotten all before position {first:,}, and no earlier state was kept"
            f" from which that at position {position:,} could be folded"
        )
    return Projection(bus, kept.spec)


async def keep_states(bus: Bus, kept: KeptStates, stop: asyncio.Event) -> None:
    """Keeps a keyframe for every so many positions of the log, until `stop`; one that was lost is
    made anew from the one before. Those of positions that the log has forgotten go.

    Raises Unavailable, Interrupted: whoever runs this begins again.
    """
    while not stop.is_set():
        await keep_now(bus, kept)
        await pause(LOOK_SECONDS, unless=stop)


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
