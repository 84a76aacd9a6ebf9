"""Which agents are registered? `registry.jsonl`, one JSON object a line, checked whole before it
counts."""

from __future__ import annotations

from dataclasses import dataclass

from enchanted.events.v1.policy_pb2 import RegistryEntry
from nervous_system.errors import Permanent
from nervous_system.ids import content_hash
from nervous_system.json_object import json_object


class RegistryRefused(Permanent):
    """A line of the registry cannot be read; the last good registry stays in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFile:
    """A registry that was read."""

    entries: tuple[RegistryEntry, ...]
    text: str
    warnings: tuple[str, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of the text."""
        return content_hash(self.text)


def read_registry(text: str, *, where: str = "registry.jsonl") -> RegistryFile:
    """The registry in a text; a byte-order mark and empty lines do no harm.

    Raises RegistryRefused with every line that is wrong.
    """
    text = text.removeprefix("\ufeff")
    entries: dict[str, RegistryEntry] = {}
    wrong: list[str] = []
    warnings: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):  # `splitlines` cuts at U+2028, too
        if not line.strip():
            continue
        try:
            entry = _entry(line)
        except ValueError as error:
            wrong.append(f"{where}:{number}: {error}")
            continue
        if entry.agent_id in entries:
            warnings.append(
                f"{where}:{number}: {entry.agent_id} occurs again; the later one counts"
            )
        entries[entry.agent_id] = entry
    if wrong:
        raise RegistryRefused("; ".join(wrong))
    return RegistryFile(entries=tuple(entries.values()), text=text, warnings=tuple(warnings))


def _entry(line: str) -> RegistryEntry:
    """Raises ValueError with what is wrong."""
    try:
        found = json_object(line, once=True)
    except ValueError as error:
        raise ValueError(f"it {error}") from error
    agent_id = found.get("agent_id")
    if not isinstance(agent_id, str) or not agent_id:
        raise ValueError("it has no agent_id")
    skills = found.get("skills", [])
    if not isinstance(skills, list) or not all(isinstance(skill, str) for skill in skills):
        raise ValueError("its skills are not a list of words")
    return RegistryEntry(
        agent_id=agent_id,
        role=str(found.get("role", "")),
        skills=skills,
        autonomy=str(found.get("autonomy", "")),
        entry_json=line.strip(),
    )
