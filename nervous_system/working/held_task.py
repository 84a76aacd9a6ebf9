"""What can a worker do with a task that it holds?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypedDict

from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.task_pb2 import (
    RESULT_APPLIED_CHECKS_FAILED,
    RESULT_CHECKS_FAILED,
    RESULT_COMPLETED,
    RESULT_FAILED,
    TaskResult,
)
from enchanted.events.v1.task_request_pb2 import (
    ProgressReported,
    ReleaseRequested,
    ResultReported,
)
from nervous_system.contract.bounded import bounded
from nervous_system.contract.given import Given
from nervous_system.errors import Permanent
from nervous_system.working.asker import Asker
from nervous_system.working.next_claim import NextClaim
from nervous_system.working.orders import Orders

How = Literal["completed", "checks_failed", "applied_checks_failed", "failed"]

_RESULTS: dict[How, TaskResult.ValueType] = {
    "completed": RESULT_COMPLETED,
    "checks_failed": RESULT_CHECKS_FAILED,
    "applied_checks_failed": RESULT_APPLIED_CHECKS_FAILED,
    "failed": RESULT_FAILED,
}


class Said(TypedDict, total=False):
    """What is said of a task at its end."""

    output: str
    changed_files: Sequence[str]
    notes: str


class LeaseLost(Permanent):
    """The task is no longer this worker's: whatever it still does with it counts for nothing."""


class GivenBack(LeaseLost):
    """Its worker was told to stop: another gets it, and nothing is to be done with it here."""


class Holder(Protocol):
    """The worker of a task: it keeps the leases of what it holds, and has room for so many."""

    following: Callable[[HeldTask], NextClaim | None]
    """What it claims with the result of a task, which it is about to report, where it claims by
    itself."""

    def hold(self, task: HeldTask) -> None:
        """Keep its lease."""

    def let_go(self, task: HeldTask) -> None:
        """Keep it no longer: there is room for another."""


PAUSED_REPORT_SECONDS: Final = 30.0
"""How often a task that pauses says so: its lease is kept, and nobody takes it for stuck."""


@dataclass(frozen=True, slots=True)
class HeldTask:
    """One attempt at one task. Its lease is kept by progress and by the worker's heartbeat."""

    grant: TaskGrant
    worker_id: str
    holder: Holder
    asker: Asker
    orders: Orders | None = None  # what its worker was told

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

    async def progress(self, fraction: float | None = None, note: str = "") -> None:
        """Say how far it is; the lease begins anew. Here the worker obeys: told to sleep, this
        returns when the sleep is over; told to stop, it gives the task back.

        Raises LeaseLost, GivenBack, and as `Asker.ask`.
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
            await self.give_back("its worker was told to stop")
            raise GivenBack(f"task {self.task_id} was given back: its worker was told to stop")
        if paused:
            await self._report(fraction, note)

    async def _report(self, fraction: float | None, note: str) -> None:
        given = Given()
        note, fraction = (
            given.text("note", note),
            given.number_or_none("fraction", fraction, most=1.0),
        )
        given.check()
        report = ProgressReported(
            task_id=self.task_id, worker_id=self.worker_id, attempt=self.attempt, note=note
        )
        if fraction is not None:
            report.fraction = fraction
        answer = await self.asker.ask(report, parent=self.grant.traceparent)
        if not answer.accepted:
            self.holder.let_go(self)
        self._believe(answer)

    async def finish(
        self,
        how: How = "completed",
        *,
        output: str = "",
        changed_files: Sequence[str] = (),
        notes: str = "",
    ) -> None:
        """Say how it ended; returns after the log has it. A long output is kept at both its ends.
        Its worker can claim another at once: the overseer hears of this end first. One that serves
        does so in the same request.

        Raises LeaseLost where somebody else has it by now: the result was recorded as late and not
        applied. Raises as `Asker.ask` otherwise; then it is held still, and can be finished again.
        """
        result = self.result(how, output=output, changed_files=changed_files, notes=notes)
        await self.end(result, self.holder.following(self))

    def result(
        self,
        how: How = "completed",
        *,
        output: str = "",
        changed_files: Sequence[str] = (),
        notes: str = "",
    ) -> ResultReported:
        """What `finish` says. Raises InvalidEvent."""
        given = Given()
        given.one_of("how", how, _RESULTS)
        said = {"output": given.text("output", output), "notes": given.text("notes", notes)}
        files = given.texts("changed_files", changed_files)
        given.check()
        return ResultReported(
            task_id=self.task_id,
            worker_id=self.worker_id,
            attempt=self.attempt,
            result=_RESULTS[how],
            output=bounded(said["output"]),
            changed_files=files,
            notes=said["notes"],
        )

    async def end(self, result: ResultReported, following: NextClaim | None) -> None:
        """As `finish`, and claim what follows in the same request, where something does."""
        if following is None:
            self._believe(await self._last_word(result))
            return
        answer: Answer | None = None
        try:
            with following.asked() as claim:
                result.next.CopyFrom(claim)
                answer = await self._last_word(result, beside_another=True)
        finally:
            following.answered(answer)
        self._believe(answer)

    async def give_back(self, reason: str) -> None:
        """Let another have it, at once and without blame. Raises as `Asker.ask`."""
        given = Given()
        given.text("reason", reason)
        given.check()
        release = ReleaseRequested(
            task_id=self.task_id, worker_id=self.worker_id, attempt=self.attempt, reason=reason
        )
        await self._last_word(release)

    async def _last_word(
        self, said: ResultReported | ReleaseRequested, *, beside_another: bool = False
    ) -> Answer:
        """`beside_another`: the current trace is that of the task to come."""
        parent = self.grant.traceparent
        self.holder.let_go(self)
        try:
            return await self.asker.ask(said, parent=parent, root=beside_another and not parent)
        except BaseException:
            self.holder.hold(self)
            raise

    def _believe(self, answer: Answer) -> None:
        if not answer.accepted:
            raise LeaseLost(f"task {self.task_id}: {'; '.join(answer.reasons)}")
