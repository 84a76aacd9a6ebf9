"""What can a worker do with a task that it holds?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypedDict

from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.task_request_pb2 import (
    ProgressReported,
    ReleaseRequested,
    ResultReported,
)
from nervous_system.client.active_commands import ActiveCommands
from nervous_system.client.end import Cancellation
from nervous_system.client.next_claim import NextClaim
from nervous_system.client.request_client import RequestClient
from nervous_system.contract.given import Given
from nervous_system.contract.truncation import MAX_NOTES_CHARACTERS, MAX_OUTPUT_CHARACTERS
from nervous_system.contract.words import RESULTS, TaskOutcome
from nervous_system.errors import Permanent, Transient
from nervous_system.ids import content_hash, new_event_id

LastWord = ResultReported | ReleaseRequested
"""What a worker says of a task at its end."""


class ResultFields(TypedDict, total=False):
    """What is said of a task at its end."""

    output: str
    changed_files: Sequence[str]
    notes: str


class LeaseLost(Permanent):
    """The task is no longer this worker's: whatever it still does with it counts for nothing."""


class ReleasedOnStop(LeaseLost):
    """Its worker was told to stop: another gets it, and nothing is to be done with it here."""


class LeaseKeeper(Protocol):
    """The worker of a task: it keeps the leases of what it holds, and has room for so many."""

    following: Callable[[ClaimedTask], NextClaim | None]
    """Makes the claim that goes with the result of a task; None if it does not claim by itself."""

    def hold(self, task: ClaimedTask) -> None:
        """Keep its lease."""

    def drop(self, task: ClaimedTask) -> None:
        """Keep it no longer: there is room for another."""

    def holds(self, task: ClaimedTask) -> bool:
        """Whether it has yet to report how this attempt ends, and its lease is not lost."""


PAUSED_REPORT_SECONDS: Final = 30.0
"""How often a task that pauses says so: its lease is kept, and nobody takes it for stuck."""


@dataclass(slots=True, eq=False)
class ClaimedTask:
    """One attempt at one task. Its lease is kept by progress and by the worker's heartbeat.

    Its texts are recorded whatever is in them; a long one says how much of it was left out.
    """

    grant: TaskGrant
    worker_id: str
    holder: LeaseKeeper
    asker: RequestClient
    orders: ActiveCommands | None = None  # what its worker was told
    pending_report: LastWord | None = None  # how it ended, where nobody has acknowledged that
    cancellation: Cancellation = field(
        default_factory=Cancellation
    )  # said when it is its worker's no more
    traceparent: str = (
        ""  # W3C, of the work: what is said of it belongs there; until then the claim
    )
    _ids: dict[str, str] = field(default_factory=dict)  # of what was said of its end

    def __post_init__(self) -> None:
        self.traceparent = self.traceparent or self.grant.traceparent

    @property
    def task_id(self) -> str:
        """Its id."""
        return self.grant.manifest.task_id

    @property
    def action(self) -> str:
        """What is to be done."""
        return self.grant.manifest.action

    @property
    def attempt(self) -> int:
        """1, 2, 3 …"""
        return self.grant.attempt

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt: what was done under it need not be done again."""
        return self.grant.manifest.idempotency_key

    @property
    def arguments(self) -> dict[str, Any]:
        """The manifest's payload."""
        text = self.grant.manifest.payload_json
        return dict(json.loads(text)) if text else {}

    @property
    def called_off(self) -> str:
        """Why it is not to be done any more; empty where it is. Its code is cancelled then; what it
        does in a thread looks here, as nobody can cancel that."""
        return self.cancellation.reason

    async def progress(self, fraction: float | None = None, note: str = "") -> None:
        """Say how far it is; the lease begins anew. Here the worker obeys: told to sleep, this
        returns when the sleep is over; told to stop, it gives the task back.

        Raises LeaseLost, ReleasedOnStop, and as `RequestClient.ask`.
        """
        await self._report(fraction, note)
        if self.orders is None:
            return
        paused = False
        while (reason := self.orders.asleep) and not self.orders.stopping.is_set():
            paused = True
            await self._report(fraction, f"paused: {reason}")
            await self.orders.rest(within_seconds=PAUSED_REPORT_SECONDS)
        if self.orders.stopping.is_set():
            await self.release("its worker was told to stop")
            raise ReleasedOnStop(f"task {self.task_id} was given back: its worker was told to stop")
        if paused:
            await self._report(fraction, note)

    async def _report(self, fraction: float | None, note: str) -> None:
        given = Given()
        note, fraction = (
            given.text_within("note", note, max_characters=MAX_NOTES_CHARACTERS),
            given.number_or_none("fraction", fraction, max_value=1.0),
        )
        given.check()
        report = ProgressReported(
            task_id=self.task_id, worker_id=self.worker_id, attempt=self.attempt, note=note
        )
        if fraction is not None:
            report.fraction = fraction
        answer = await self.asker.ask(report, parent=self.traceparent, about=self.grant)
        if not answer.accepted:
            self.holder.drop(self)
        self._believe(answer)

    async def finish(
        self,
        how: TaskOutcome = "completed",
        *,
        output: str = "",
        changed_files: Sequence[str] = (),
        notes: str = "",
    ) -> None:
        """Say how it ended; returns after the log has it. Long texts are kept at both their ends,
        of many files the first. Its worker can claim another at once: the overseer hears of this
        end first. One that serves does so in the same request.

        Raises LeaseLost where somebody else has it by now: the result was recorded as late and not
        applied. Raises as `RequestClient.ask` otherwise; then it is held still, and can be finished
        again: the same end is taken once."""
        result = self.result(how, output=output, changed_files=changed_files, notes=notes)
        await self.end(result, self.holder.following(self))

    def result(
        self,
        how: TaskOutcome = "completed",
        *,
        output: str = "",
        changed_files: Sequence[str] = (),
        notes: str = "",
    ) -> ResultReported:
        """What `finish` says. Raises InvalidEvent."""
        given = Given()
        given.one_of("how", how, RESULTS)
        output = given.text_within("output", output, max_characters=MAX_OUTPUT_CHARACTERS)
        notes = given.text_within("notes", notes, max_characters=MAX_NOTES_CHARACTERS)
        files, left_out = given.files("changed_files", changed_files)
        given.check()
        return ResultReported(
            task_id=self.task_id,
            worker_id=self.worker_id,
            attempt=self.attempt,
            result=RESULTS[how],
            output=output,
            changed_files=files,
            notes="; ".join(filter(None, (notes, left_out))),
        )

    async def end(self, result: ResultReported, following: NextClaim | None) -> None:
        """As `finish`, and claim what follows in the same request, where something does."""
        result.ClearField("next")  # of an earlier try; it is no part of what the result says
        event_id = self._id_of(result)
        if following is None:
            self._believe(await self._last_word(result, event_id))
            return
        answer: Answer | None = None
        try:
            with following.request() as claim:
                result.next.CopyFrom(claim)
                answer = await self._last_word(result, event_id, beside_another=True)
                following.heard(answer)
        finally:
            following.take_answer(answer)
        self._believe(answer)

    async def release(self, reason: str) -> None:
        """Let another have it, at once and without blame. Raises as `RequestClient.ask`."""
        given = Given()
        reason = given.text_within("reason", reason, max_characters=MAX_NOTES_CHARACTERS)
        given.check()
        release = ReleaseRequested(
            task_id=self.task_id, worker_id=self.worker_id, attempt=self.attempt, reason=reason
        )
        await self._last_word(release, self._id_of(release))

    async def report_again(self) -> None:
        """Say its last word once more, where nobody acknowledged it. Raises as `finish`."""
        if isinstance(self.pending_report, ResultReported):
            await self.end(self.pending_report, self.holder.following(self))
        elif self.pending_report is not None:
            await self._last_word(self.pending_report, self._id_of(self.pending_report))

    async def _last_word(
        self, said: LastWord, event_id: str, *, beside_another: bool = False
    ) -> Answer:
        """`beside_another`: the current trace is that of the task to come."""
        parent = self.traceparent
        self.pending_report = said
        self.holder.drop(self)
        try:
            answer = await self.asker.ask(
                said,
                event_id=event_id,
                parent=parent,
                root=beside_another and not parent,
                about=self.grant,
            )
        except BaseException as error:
            self.holder.hold(self)
            if isinstance(error, Transient):
                error.said_again_by(self.report_again)
            elif isinstance(error, Permanent):
                self.pending_report = None
            raise
        self.pending_report = None
        return answer

    def _id_of(self, said: LastWord) -> str:
        """The same for the same words: asked again, they are decided on once."""
        words = content_hash(said.SerializeToString(deterministic=True))
        return self._ids.setdefault(words, new_event_id())

    def _believe(self, answer: Answer) -> None:
        if not answer.accepted:
            raise LeaseLost(f"task {self.task_id}: {'; '.join(answer.reasons)}")
