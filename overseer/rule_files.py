"""How do the files with the rules come into force? They are looked at again and again, and what
changed is adopted by an event with its hash.

A file that cannot be adopted, whatever is wrong with it, is said to be so, once, by a log line and
an alarm; what was in force stays in force. The charter must be there: without it the overseer does
not start.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import structlog

from enchanted.events.v1.alarm_pb2 import (
    ALARM_RULES_REFUSED,
    SEVERITY_WARNING,
    AlarmName,
    AlarmRaised,
)
from enchanted.events.v1.policy_pb2 import CharterAdopted, RegistryAdopted
from nervous_system.contract.payload import Payload
from nervous_system.contract.words import word
from nervous_system.errors import Fatal, Fenced, LogFull, Permanent, TooLarge, Transient
from nervous_system.ids import content_hash
from overseer.model import OverseerState
from overseer.policy import PolicyRefused, read_policy
from overseer.registry import RegistryRefused, read_registry

_log = structlog.get_logger()

LOOK_SECONDS = 1.0
SOON_SECONDS = 0.1
"""While this process is yet to lead: in a new home nothing is handed out before it has looked."""

MAX_BYTES: Final = 16 * 1024 * 1024
"""Of a file: more is not even looked at. What an event can hold is for the server to say."""

MAX_REASON_CHARACTERS: Final = 2_000

Read = Callable[[str], tuple[str, Payload]]
"""From a file's text to its hash and the event that puts it in force."""


class RulesRefused(Permanent):
    """A file says what nobody thought of; what was in force stays so."""


class ObservationSink(Protocol):
    """Where an adoption becomes part of the log. The runner is one."""

    @property
    def state(self) -> OverseerState | None:
        """What is folded, while this process leads."""

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        """Returns after it is on disk. Raises Transient, Fenced or LogFull where it is not."""


class RuleFiles:
    """The charter, the policy and the registry of one home directory."""

    def __init__(
        self, observations: ObservationSink, *, charter: Path, policy: Path, registry: Path
    ) -> None:
        self._observations = observations
        self._charter = charter
        self._policy = policy
        self._registry = registry
        self._reported_hashes: dict[Path, str] = {}  # of what was last reported of a file
        self._adopted: dict[Path, str] = {}  # what of it is to be in force then
        self._refusals: dict[Path, str] = {}  # the files that cannot be adopted, and why

    def require_charter(self) -> None:
        """Raises Fatal where there is none."""
        try:
            there = self._charter.is_file()
        except OSError as error:
            raise Fatal(f"whether there is a charter cannot be seen: {error}") from error
        if not there:
            raise Fatal(
                f"{self._charter} is missing: the overseer does not act without a charter. Write"
                " one, or take the sample with `ganglion samples`"
            )

    @property
    def refused(self) -> str:
        """Why what the files say now is not in force; empty where it is."""
        return "; ".join(self._refusals.values())

    async def watch(self, *, progress: Callable[[], None]) -> None:
        """Adopt what changes until cancelled."""
        while True:
            progress()
            state = self._observations.state
            if state is not None:
                await self._look(state, progress)
            await asyncio.sleep(LOOK_SECONDS if state is not None else SOON_SECONDS)

    async def _look(self, state: OverseerState, progress: Callable[[], None]) -> None:
        # The charter comes last, and only behind the others: nothing is handed out before there is
        # one, so nothing is handed out by a policy that is yet to be read.
        for path, in_force, read in (
            (self._policy, state.policy_hash, self._read_policy),
            (self._registry, state.registry_hash, self._read_registry),
            (self._charter, state.charter_hash, self._read_charter),
        ):
            progress()
            if not await self._adopt(path, in_force, read):
                return

    async def _adopt(self, path: Path, in_force: str, read: Read) -> bool:
        """Whether the file's turn is over: it is in force, or refused, or not there."""
        try:
            text = await asyncio.to_thread(_text, path)
        except FileNotFoundError:
            self._refusals.pop(path, None)
            self._reported_hashes.pop(path, None)
            return True  # what was in force stays so
        except (OSError, ValueError) as error:
            return await self._refuse(path, content_hash(str(error)), f"{path}: {error}")
        text_hash = content_hash(text)
        settled = path in self._refusals or self._adopted.get(path) == in_force
        if self._reported_hashes.get(path) == text_hash and settled:
            return True  # else another leader adopted something else, or the log lost its end
        try:
            # In a thread: a long file would keep all else from being done.
            adopted_hash, payload = await asyncio.to_thread(_read, read, text, path)
            if adopted_hash != in_force and not await self._observe(payload):
                return False
        except (RulesRefused, PolicyRefused, RegistryRefused, TooLarge) as error:
            return await self._refuse(path, text_hash, str(error))
        self._refusals.pop(path, None)
        self._reported_hashes[path], self._adopted[path] = text_hash, adopted_hash
        if adopted_hash != in_force:
            _log.info("rules.adopted", file=str(path), hash=adopted_hash[:12])
            for warning in getattr(payload, "warnings", ()):
                _log.warning("rules.warning", file=str(path), reason=warning)
        return True

    async def _refuse(self, path: Path, text_hash: str, reason: str) -> bool:
        """Whether it was said, now or before."""
        if len(reason) > MAX_REASON_CHARACTERS:
            reason = f"{reason[:MAX_REASON_CHARACTERS]} …"
        self._refusals[path] = reason
        if self._reported_hashes.get(path) == text_hash:
            return True
        _log.error(
            "rules.refused",
            file=str(path),
            reason=reason,
            remedy="mend the file; it is read again by itself. What was in force stays in force",
        )
        alarm = AlarmRaised(
            name=word(AlarmName, ALARM_RULES_REFUSED),
            severity=SEVERITY_WARNING,
            message=reason,
            action=f"mend {path}; what was in force stays in force until then",
        )
        if not await self._observe(alarm):
            return False
        self._reported_hashes[path] = text_hash
        return True

    async def _observe(self, payload: Payload) -> bool:
        if self._observations.state is None:
            return False  # no longer the leader: it would wait until it is again
        try:
            await self._observations.observe(payload)
        except (Transient, Fenced, LogFull) as error:
            _log.warning("rules.not_recorded", reason=str(error))
            return False
        return True

    def _read_charter(self, text: str) -> tuple[str, Payload]:
        charter_hash = content_hash(text)
        return charter_hash, CharterAdopted(hash=charter_hash, path=str(self._charter))

    def _read_policy(self, text: str) -> tuple[str, Payload]:
        file = read_policy(text, where=str(self._policy))
        return file.hash, file.adoption_event()

    def _read_registry(self, text: str) -> tuple[str, Payload]:
        file = read_registry(text, where=str(self._registry))
        return file.hash, RegistryAdopted(
            hash=file.hash, entries=file.entries, warnings=file.warnings
        )


def _text(path: Path) -> str:
    """What the file says now. Raises OSError or ValueError where that cannot be known."""
    if not stat.S_ISREG(path.stat().st_mode):  # reading from a pipe or a device may never end
        raise OSError("it is no regular file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    return data.decode()


def _read(read: Read, text: str, path: Path) -> tuple[str, Payload]:
    """As `read`; whatever else it fails with is a refusal, too. Raises Permanent."""
    try:
        return read(text)
    except (Permanent, MemoryError):
        raise
    except Exception as error:
        raise RulesRefused(
            f"{path}: it cannot be read ({type(error).__name__}: {error})"
        ) from error
