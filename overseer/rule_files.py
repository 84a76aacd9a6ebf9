"""How do the files with the rules come into force? They are looked at again and again, and what
changed is adopted by an event with its hash.

A file that cannot be read is said to be so, once, by a log line and an alarm; what was in force
stays in force. The charter must be there: without it the overseer does not start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog

from enchanted.events.v1.alarm_pb2 import SEVERITY_WARNING, AlarmRaised
from enchanted.events.v1.policy_pb2 import CharterAdopted, RegistryAdopted
from nervous_system.contract.payload import Payload
from nervous_system.errors import Fatal, Fenced, LogFull, Permanent, Transient
from nervous_system.ids import content_hash
from overseer.model import OverseerState
from overseer.policy import read_policy
from overseer.registry import read_registry

_log = structlog.get_logger()

LOOK_SECONDS = 1.0


class Observations(Protocol):
    """Where an adoption becomes part of the log. The runner is one."""

    @property
    def state(self) -> OverseerState | None:
        """What is folded, while this process leads."""

    async def observe(self, payload: Payload, *, key: str | None = None) -> None:
        """Returns after it is on disk. Raises Transient, Fenced or LogFull where it is not."""


class RuleFiles:
    """The charter, the policy and the registry of one home directory."""

    def __init__(
        self, observations: Observations, *, charter: Path, policy: Path, registry: Path
    ) -> None:
        self._observations = observations
        self._charter = charter
        self._policy = policy
        self._registry = registry
        self._said: dict[Path, str] = {}  # the last hash of each file that something was said of
        self._refused: dict[Path, str] = {}  # the files that cannot be adopted, and why

    def require_charter(self) -> None:
        """Raises Fatal where there is none."""
        if not self._charter.is_file():
            raise Fatal(
                f"{self._charter} is missing: the overseer does not act without a charter. Write"
                " one, or take the sample with `ganglion samples`"
            )

    @property
    def refused(self) -> str:
        """Why what the files say now is not in force; empty where it is."""
        return "; ".join(self._refused.values())

    async def watch(self, *, progress: Callable[[], None]) -> None:
        """Adopt what changes until cancelled."""
        while True:
            progress()
            state = self._observations.state
            if state is not None:
                await self._adopt(self._charter, state.charter_hash, self._read_charter)
                await self._adopt(self._policy, state.policy_hash, self._read_policy)
                await self._adopt(self._registry, state.registry_hash, self._read_registry)
            await asyncio.sleep(LOOK_SECONDS)

    async def _adopt(
        self, path: Path, in_force: str, read: Callable[[str], tuple[str, Payload]]
    ) -> None:
        try:
            text = await asyncio.to_thread(path.read_text, encoding="utf-8")
        except FileNotFoundError:
            self._refused.pop(path, None)
            return  # what was in force stays so
        except (OSError, UnicodeDecodeError) as error:
            await self._refuse(path, content_hash(str(error)), f"{path}: {error}")
            return
        text_hash = content_hash(text)
        if self._said.get(path) == text_hash:
            return
        try:
            adopted_hash, payload = read(text)
        except Permanent as error:
            await self._refuse(path, text_hash, str(error))
            return
        self._refused.pop(path, None)
        if adopted_hash == in_force:
            self._said[path] = text_hash
        elif await self._observe(payload):
            self._said[path] = text_hash
            _log.info("rules.adopted", file=str(path), hash=adopted_hash[:12])
            for warning in getattr(payload, "warnings", ()):
                _log.warning("rules.warning", file=str(path), reason=warning)

    async def _refuse(self, path: Path, text_hash: str, reason: str) -> None:
        self._refused[path] = reason
        if self._said.get(path) == text_hash:
            return
        _log.error(
            "rules.refused",
            file=str(path),
            reason=reason,
            remedy="mend the file; it is read again by itself. What was in force stays in force",
        )
        alarm = AlarmRaised(
            name="rules_refused",
            severity=SEVERITY_WARNING,
            message=reason,
            action=f"mend {path}; what was in force stays in force until then",
        )
        if await self._observe(alarm):
            self._said[path] = text_hash

    async def _observe(self, payload: Payload) -> bool:
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
        return file.hash, file.adopted()

    def _read_registry(self, text: str) -> tuple[str, Payload]:
        file = read_registry(text, where=str(self._registry))
        return file.hash, RegistryAdopted(
            hash=file.hash, entries=file.entries, warnings=file.warnings
        )
