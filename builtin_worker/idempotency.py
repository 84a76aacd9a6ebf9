"""Was this action done before, and what came of it?

An action that changes things is done once per idempotency key: another attempt after its end gets
what the first one left, and changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from builtin_worker.action import Action, ActionContext, ActionProgress, ActionRequest, ActionResult
from builtin_worker.atomic_write import write_atomically
from builtin_worker.thread import in_thread
from nervous_system.errors import Transient
from nervous_system.ids import subject_key

FOLDER: Final = Path("worker") / "finished"
KEPT_DAYS: Final = 31
"""Longer than the stream keeps events: until then an attempt may be repeated."""


@dataclass(frozen=True, slots=True)
class FinishedActions:
    """The actions that were done in a home."""

    home: Path

    def find(self, job: ActionRequest) -> tuple[ActionResult, str] | None:
        """What was done under this key, and when; None for nothing, or nothing readable."""
        try:
            found = json.loads(self._path(job).read_bytes())
            done = ActionResult(
                output=str(found["done"]["output"]),
                changed_files=tuple(str(each) for each in found["done"]["changed_files"]),
                notes=str(found["done"]["notes"]),
            )
            return done, str(found["finished_at"])
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return None

    def keep(self, job: ActionRequest, done: ActionResult, *, now: datetime) -> None:
        """Remember it. Raises OSError."""
        kept = {
            "action": job.action,
            "task_id": job.task_id,
            "idempotency_key": job.idempotency_key,
            "finished_at": now.isoformat(timespec="seconds"),
            "done": asdict(done),
        }
        write_atomically(self._path(job), json.dumps(kept).encode())

    def forget_old(self, *, now: datetime) -> None:
        """Those that no attempt can come back to."""
        oldest = (now - timedelta(days=KEPT_DAYS)).timestamp()
        for path in (self.home / FOLDER).glob("*.json"):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _path(self, job: ActionRequest) -> Path:
        key = subject_key(job.action, job.idempotency_key or job.task_id)
        return self.home / FOLDER / f"{key}.json"


def run_once(action: Action) -> Action:
    """The action, done once per idempotency key."""

    async def done_once(
        job: ActionRequest, place: ActionContext, progress: ActionProgress
    ) -> ActionResult:
        finished = FinishedActions(place.home)
        before = await in_thread(lambda _: finished.find(job))
        if before is not None:
            done, when = before
            said = f"done under this idempotency key at {when}; nothing was changed again"
            return replace(done, notes="; ".join(filter(None, (done.notes, said))))
        try:
            done = await action(job, place, progress)
            await in_thread(lambda _: finished.keep(job, done, now=place.clock()))
        except OSError as error:
            raise Transient(
                f"{job.action} could not write in {place.home} ({error});"
                " make room there, or let this user write"
            ) from error
        return done

    return done_once
