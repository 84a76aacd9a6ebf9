"""How does a line dropped into `objectives.jsonl` become an objective?

Lines are taken once they are whole; how far the file was read is kept beside it. A line that cannot
be used is said to be so with its number, and the next one is taken. Of one that cannot be read, no
event tells: it is shown until the file is gone or begun anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from nervous_system.errors import Transient
from nervous_system.ids import child_id, content_hash
from nervous_system.working.asker import Asker

_log = structlog.get_logger()

LOOK_SECONDS = 1.0


class ObjectiveLine(BaseModel):
    """One line of the inbox, as the older stations write it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    objective_id: str = ""
    description: str = Field(min_length=1)
    priority: int = Field(5, ge=0, le=10)
    metadata: dict[str, object] = Field(default_factory=dict)


class Place(BaseModel):
    """How far the file was read, and what of it could not be."""

    inode: int = 0
    offset: int = 0
    line: int = 0
    broken: int = 0  # so many lines
    last_broken: str = ""  # where the last of them is, and what is wrong with it


class ObjectiveInbox:
    """Reads one file on and on."""

    def __init__(self, path: Path, asker: Asker, *, leads: Callable[[], bool]) -> None:
        self._path = path
        self._place_path = path.with_name(f".{path.name}.place")
        self._asker = asker
        self._leads = leads
        self._place = Place()

    @property
    def broken(self) -> str:
        """The last line of the file that could not be read, and why; empty where all could."""
        place = self._place
        more = f" (the last of {place.broken} such lines)" if place.broken > 1 else ""
        return f"{place.last_broken}{more}"

    async def watch(self, *, progress: Callable[[], None]) -> None:
        """Propose what is dropped in, until cancelled; only the leader does."""
        while True:
            progress()
            if self._leads():
                try:
                    await self._take_new()
                except Transient as error:
                    _log.warning("inbox.waiting", reason=str(error))
                except OSError as error:
                    _log.error(
                        "inbox.unreadable",
                        file=str(self._path),
                        reason=str(error),
                        remedy="make it readable; it is tried again",
                    )
            await asyncio.sleep(LOOK_SECONDS)

    async def _take_new(self) -> None:
        place = self._place = self._load()
        try:
            status = self._path.stat()
        except FileNotFoundError:
            if place != Place():
                self._save(Place())
            return
        if status.st_ino != place.inode or status.st_size < place.offset:
            place = Place(inode=status.st_ino)  # another file, or begun anew
            self._save(place)
        if status.st_size == place.offset:
            return
        with self._path.open("rb") as file:
            file.seek(place.offset)
            data = file.read(16 * 1024 * 1024)
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break  # it is still being written
            place = place.model_copy(
                update={"offset": place.offset + len(line), "line": place.line + 1}
            )
            text = line.decode("utf-8-sig", errors="replace").strip()
            place = await self._propose(text, place)
            self._save(place)

    async def _propose(self, text: str, place: Place) -> Place:
        """Returns the place with the line counted as broken where it is."""
        if not text:
            return place
        where = f"{self._path}:{place.line}"
        try:
            line = ObjectiveLine.model_validate_json(text)
        except ValidationError as error:
            reason = "; ".join(
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ")
                for each in error.errors()
            )
            _refused(where, reason)
            return place.model_copy(
                update={"broken": place.broken + 1, "last_broken": f"{where}: {reason}"}
            )
        # The same line at the same place is the same proposal, however often it is read.
        cause = f"{place.inode}/{place.offset}/{content_hash(text)}"
        objective_id = line.objective_id or f"inbox-{content_hash(cause)[:12]}"
        answer = await self._asker.ask(
            ObjectiveProposed(
                objective_id=objective_id,
                description=line.description,
                priority=line.priority,
                metadata_json=json.dumps(line.metadata, sort_keys=True) if line.metadata else "",
                source="inbox",
            ),
            event_id=child_id(cause, "objective"),
        )
        if answer.accepted:
            _log.info("inbox.taken", where=where, objective_id=objective_id)
        else:
            _refused(where, "; ".join(answer.reasons))
        return place

    def _load(self) -> Place:
        try:
            return Place.model_validate_json(self._place_path.read_bytes())
        except FileNotFoundError:
            return Place()
        except ValidationError as error:
            _log.warning("inbox.place_lost", reason=str(error))
            return Place()

    def _save(self, place: Place) -> None:
        new = self._place_path.with_suffix(".new")
        new.write_text(place.model_dump_json())
        new.replace(self._place_path)
        self._place = place


def _refused(where: str, reason: str) -> None:
    _log.error("inbox.refused", where=where, reason=reason, remedy="write the line again, mended")
