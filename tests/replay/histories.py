"""Where are the recorded histories, and what is in them?

One JSON file each: which service it is of, the settings it ran with, what its replay must come to,
and the events that it read or wrote, one line each. Those that were the present ones before stay in
`kept/` for ever (decision 34).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import governor.spec
import guardian.spec
import overseer.spec
from governor.settings import GovernorSettings
from guardian.settings import GuardianSettings
from nervous_system.bus import decode_stored
from nervous_system.contract.event import RecordedEvent
from nervous_system.contract.stored import Stored
from nervous_system.ids import content_hash
from nervous_system.service.service_spec import ServiceSpec
from overseer.settings import OverseerSettings

FOLDER: Final = Path(__file__).parent
KEPT: Final = FOLDER / "kept"


def _guardian(settings: dict[str, Any]) -> ServiceSpec[Any]:
    given = GuardianSettings(**settings)
    return guardian.spec.service_spec(given)


ROLES: Final[dict[str, Callable[[dict[str, Any]], ServiceSpec[Any]]]] = {
    "overseer": lambda settings: overseer.spec.service_spec(OverseerSettings(**settings)),
    "governor": lambda settings: governor.spec.service_spec(GovernorSettings(**settings)),
    "guardian": _guardian,
}
"""How each service is put together from the settings of a recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One recording."""

    service: str
    settings: dict[str, Any]
    decisions: int
    state_hash: str
    positions: Sequence[Stored]

    @property
    def role(self) -> ServiceSpec[Any]:
        """What ran, as this version runs it."""
        return ROLES[self.service](self.settings)

    @property
    def log(self) -> list[RecordedEvent]:
        """Its events."""
        return [decode_stored(each) for each in self.positions]

    @property
    def fingerprint(self) -> str:
        """Of its events, whatever their replay comes to."""
        return content_hash(repr([tuple(each) for each in self.positions]))

    def write(self, name: str) -> None:
        """Into `name`.json, in this folder. One that is there, of other events, is kept."""
        present = FOLDER / f"{name}.json"
        if present.exists() and read(name).fingerprint != self.fingerprint:
            number = 1 + len(list(KEPT.glob(f"{name}-*.json")))
            present.rename(KEPT / f"{name}-{number}.json")
        head = {
            "service": self.service,
            "settings": self.settings,
            "decisions": self.decisions,
            "state_hash": self.state_hash,
        }
        rows = ",\n".join(
            json.dumps([p.sequence, p.subject, p.recorded_at_ns, base64.b64encode(p.data).decode()])
            for p in self.positions
        )
        text = f'{json.dumps(head, indent=1)[:-2]},\n "events": [\n{rows}\n]}}\n'
        present.write_text(text, encoding="utf-8")


def read(name: str, *, folder: Path = FOLDER) -> History:
    """From `name`.json, in this folder."""
    found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    rows = found.pop("events")
    positions = [Stored(at, on, when, base64.b64decode(data)) for at, on, when, data in rows]
    return History(**found, positions=positions)
