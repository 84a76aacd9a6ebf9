"""How does a line dropped into `objectives.jsonl` become an objective?

Agents append lines; people open the file in an editor and save it anew. So it does not count where
a line stands, only what it says and how often: the same line once more is one more objective, and a
file that is saved anew, reordered or shortened adds nothing. Only when the file was seen to be
empty or gone, and stayed so until the next look, is whatever is written into it then new, though it
was there before. The same content put in its place at one stroke is the same file.

A line is taken once it is ended, or once the file stayed as it is until the next look. One that
cannot be used is said to be so with its number, and the next one is taken. Of one that cannot be
read, no event tells: it is shown until it is mended or gone.
"""

from __future__ import annotations

import asyncio
import io
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from enchanted.events.v1.answer_pb2 import Answer
from nervous_system.client.proposing import objective
from nervous_system.contract.payload import Payload
from nervous_system.errors import Forbidden, Permanent, Transient
from nervous_system.ids import child_id, content_hash
from overseer.inbox_lines import MAX_LINE_BYTES, InboxLine, inbox_lines
from overseer.taken_lines import TakenLines

_log = structlog.get_logger()

LOOK_SECONDS = 1.0


class RequestSender(Protocol):
    """Where a line is proposed. A `RequestClient` is one."""

    async def ask(self, payload: Payload, *, event_id: str) -> Answer:
        """The answer, the same for the same id. Raises Transient where there is none yet,
        Forbidden where this process may not ask, another Permanent for what cannot be asked."""


class ObjectiveLine(BaseModel):
    """One line of the inbox, as the older stations write it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    objective_id: str = ""
    description: str = Field(min_length=1)
    priority: int = Field(5, ge=0, le=10)
    metadata: dict[str, object] = Field(default_factory=dict)


class Unusable(Permanent):
    """A line that cannot be proposed; the sentence says why."""


class ObjectiveInbox:
    """Reads one file on and on."""

    def __init__(self, path: Path, asker: RequestSender, *, leads: Callable[[], bool]) -> None:
        self._path = path
        self._record = path.with_name(f".{path.name}.taken")
        self._asker = asker
        self._leads = leads
        self._seen: object = object()  # how the file looked when all in it was taken
        self._unsettled = False  # whether more can be said if it stays so
        self._broken: dict[tuple[str, int], tuple[int, str]] = {}  # lines: their number, and why
        self._unreadable = ""  # the file: why

    @property
    def broken(self) -> str:
        """The last line of the file that could not be read, and why; empty where all could."""
        if self._unreadable or not self._broken:
            return self._unreadable
        number, reason = list(self._broken.values())[-1]
        count = len(self._broken)
        more = f" (the last of {count} such lines)" if count > 1 else ""
        return f"{self._path}:{number}: {reason}{more}"

    async def watch(self, *, progress: Callable[[], None]) -> None:
        """Propose what is dropped in, until cancelled; only the leader does."""
        while True:
            progress()
            if self._leads():
                await self.look(progress=progress)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self, *, progress: Callable[[], None]) -> None:
        """Propose what is new. What cannot be done now is left to the next look."""
        try:
            looks = _appearance(self._path)
            stayed = looks == self._seen
            if not stayed or self._unsettled:
                self._unsettled = await self._take_new(stayed=stayed, progress=progress)
            self._seen = looks
            self._unreadable = ""
        except (Transient, Forbidden) as error:
            _log.warning("inbox.waiting", reason=str(error))
        except OSError as error:
            reason = f"{self._path}: {error}"
            if reason != self._unreadable:
                _log.error(
                    "inbox.unreadable",
                    file=str(self._path),
                    reason=str(error),
                    remedy="make it readable; it is tried again",
                )
            self._unreadable = reason

    async def _take_new(self, *, stayed: bool, progress: Callable[[], None]) -> bool:
        """Whether something in the file is to be looked at once more, if it stays as it is."""
        taken = await asyncio.to_thread(TakenLines.of, self._record)
        found = _Found()
        with _open(self._path) as file:
            new = self._new(file, taken, found)
            # In a thread, as a long file would keep all else from being done.
            while (line := await asyncio.to_thread(next, new, None)) is not None:
                progress()
                if not (line.ended or line.too_long or stayed) or not self._leads():
                    found.unended = True  # it may still be being written, or is another's to take
                    break
                number = taken.number(line.hash, line.times)
                try:
                    await self._propose(line, number=number)
                except (Transient, Forbidden):
                    raise
                except Permanent as error:
                    _log_refusal(f"{self._path}:{line.number}", str(error))
                    why = (line.number, str(error))
                    self._broken[line.key] = found.broken[line.key] = why
                else:
                    taken.add(line.hash, number)
        self._broken = found.broken
        if stayed and not found.lines:
            taken.begin_anew()
        return found.unended or (not stayed and not found.lines)

    def _new(self, file: BinaryIO, taken: TakenLines, found: _Found) -> Iterator[InboxLine]:
        """The lines that were neither taken nor found to be broken."""
        for line in inbox_lines(file):
            found.lines += 1
            known = self._broken.get(line.key)
            if known is not None:
                found.broken[line.key] = (line.number, known[1])
            elif not taken.has(line.hash, taken.number(line.hash, line.times)):
                yield line

    async def _propose(self, line: InboxLine, *, number: int) -> None:
        """Returns when the log has it, or a rejection. Raises Unusable, and as
        `RequestSender.ask`."""
        where = f"{self._path}:{line.number}"
        if line.too_long:
            raise Unusable(f"it is longer than {MAX_LINE_BYTES:,} bytes")
        try:
            said = ObjectiveLine.model_validate_json(line.text)
        except ValidationError as error:
            raise Unusable(
                "; ".join(
                    f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ")
                    for each in error.errors()
                )
            ) from error
        # The same line for the same time is the same proposal, however often it is read.
        cause = f"inbox/{number}/{line.hash}"
        objective_id = said.objective_id or f"inbox-{content_hash(cause)[:12]}"
        proposal = objective(
            said.description,
            objective_id=objective_id,
            priority=said.priority,
            metadata=said.metadata,
            source="inbox",
        )
        answer = await self._asker.ask(proposal, event_id=child_id(cause, "objective"))
        if answer.accepted:
            _log.info("inbox.taken", where=where, objective_id=objective_id)
        else:
            _log_refusal(where, "; ".join(answer.reasons))


class _Found:
    """What a look found in the file."""

    def __init__(self) -> None:
        self.lines = 0
        self.unended = False
        self.broken: dict[tuple[str, int], tuple[int, str]] = {}


def _appearance(path: Path) -> object:
    """Another one for another content; None where there is no file. Raises OSError."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):  # reading from a pipe or a device may never end
        raise OSError("it is no regular file")
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return io.BytesIO()


def _log_refusal(where: str, reason: str) -> None:
    _log.error("inbox.refused", where=where, reason=reason, remedy="mend it, or write it anew")
