"""How does a worker that speaks no NATS offer itself, get a task, and say how it goes? Somebody who
has the log says it for it; what it holds and for how long is as for any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.swarm_event_pb2 import ROLE_WORKER
from enchanted.events.v1.task_request_pb2 import ClaimRequested, ProgressReported, ResultReported
from enchanted.events.v1.worker_pb2 import WorkerHeartbeat, WorkerRegistered
from nervous_system.bus import Bus
from nervous_system.client.request_client import RequestClient
from nervous_system.contract.event import Event
from nervous_system.contract.given import UINT32, Given
from nervous_system.contract.payload import Payload
from nervous_system.contract.truncation import MAX_NOTES_CHARACTERS, MAX_OUTPUT_CHARACTERS
from nervous_system.contract.words import RESULTS
from nervous_system.errors import InvalidEvent, NoSuch, NotDone, Rejected
from nervous_system.ids import child_id
from nervous_system.json_object import json_object
from nervous_system.names import OVERSEER
from operations.queries.live_swarm import Now
from overseer.kernel.sleeping import Asleep

HEARTBEAT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteWorker:
    """One of them, said for by `person`."""

    bus: Bus
    worker_id: str
    person: str
    request_id: str

    async def register(
        self,
        *,
        skills: Sequence[str] = (),
        actions: Sequence[str] = (),
        max_concurrent_tasks: int = 1,
        host: str = "",
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> int:
        """The position of its registration: what it held in another life is released. Raises
        InvalidEvent, and as `Bus.publish`."""
        self._check()
        given = Given()
        registered = WorkerRegistered(
            worker_id=self.worker_id,
            skills=given.texts("skills", skills),
            actions=given.texts("actions", actions),
            max_concurrent_tasks=given.whole("max_concurrent_tasks", max_concurrent_tasks, UINT32),
            host=given.text("host", host),
            heartbeat_seconds=given.number("heartbeat_seconds", heartbeat_seconds),
        )
        given.check()
        return await self._say(registered, session=self.request_id)

    async def heartbeat(self, now: Now, *, draining: bool = False) -> int:
        """The position: the leases of all that it holds begin anew. Raises NoSuch if it is not
        registered."""
        self._check()
        known = now.state.kernel.workers.get(self.worker_id)
        if known is None:
            raise NoSuch(f"no worker {self.worker_id} is registered: register it first")
        held = sorted(known.task_ids)
        heartbeat = WorkerHeartbeat(worker_id=self.worker_id, task_ids=held, draining=draining)
        return await self._say(heartbeat, session=known.session)

    async def claim(
        self, now: Now, *, skills: Sequence[str], actions: Sequence[str]
    ) -> TaskGrant | None:
        """The best task there is for it; None if there is none, or it was told to rest. A stranger
        is registered first. Asked again under the same request, it is the same one. Raises
        NotAcknowledged."""
        self._check()
        if Asleep(now.state.kernel.sleeps, now.at).reason(self.worker_id):
            return None
        given = Given()
        request = ClaimRequested(
            worker_id=self.worker_id,
            skills=given.texts("skills", skills),
            actions=given.texts("actions", actions),
        )
        given.check()
        answer = await self._ask(request, self.request_id)
        if answer.register_first:
            await self.register(skills=skills, actions=actions)
            answer = await self._ask(request, child_id(self.request_id, "registered"))
        return answer.grant if answer.HasField("grant") else None

    async def report_progress(
        self, now: Now, task_id: str, *, note: str, fraction: float | None = None
    ) -> None:
        """Its lease begins anew. Raises NotDone if it has the task no longer."""
        self._check()
        given = Given()
        progress = ProgressReported(
            task_id=task_id,
            worker_id=self.worker_id,
            attempt=self._attempt(now, task_id),
            note=given.text_within("note", note, max_characters=MAX_NOTES_CHARACTERS),
            fraction=fraction,
        )
        given.check()
        await self._accepted(progress)

    async def report_result(
        self, now: Now, task_id: str, how: str, *, output: str, notes: str
    ) -> None:
        """The attempt has ended so: one of the contract's words. Raises NotDone if it has the task
        no longer."""
        self._check()
        given = Given()
        given.one_of("status", how, RESULTS)
        output = given.text_within("output", output, max_characters=MAX_OUTPUT_CHARACTERS)
        notes = given.text_within("notes", notes, max_characters=MAX_NOTES_CHARACTERS)
        given.check()
        result = ResultReported(
            task_id=task_id,
            worker_id=self.worker_id,
            attempt=self._attempt(now, task_id),
            result=RESULTS[how],
            output=output,
            notes=notes,
        )
        await self._accepted(result)

    def _attempt(self, now: Now, task_id: str) -> int:
        kernel = now.state.kernel
        task = kernel.tasks.get(task_id)
        if task is not None and task.claim is not None and task.claim.worker_id == self.worker_id:
            return task.attempt
        if task is None and task_id not in kernel.ended:
            raise NoSuch(f"no task {task_id} is open, and none of the last that ended")
        raise NotDone(f"{self.worker_id} does not have {task_id}: stop working on it")

    async def _accepted(self, payload: Payload) -> None:
        answer = await self._ask(payload, self.request_id)
        if not answer.accepted:
            raise NotDone(str(Rejected(answer.reasons)))

    async def _ask(self, payload: Payload, event_id: str) -> Answer:
        client = RequestClient(
            self.bus, service=OVERSEER, role=ROLE_WORKER, agent_id=self.worker_id
        )
        return await client.ask(payload, event_id=event_id)

    async def _say(self, payload: Payload, *, session: str) -> int:
        event = Event(
            event_id=child_id(self.request_id, type(payload).__name__),
            timestamp=self.bus.clock(),
            agent_role=ROLE_WORKER,
            agent_id=self.worker_id,
            payload=payload,
            producer_session=session,
        )
        return (await self.bus.publish_derived(event)).last_sequence

    def _check(self) -> None:
        """Raises InvalidEvent if nobody may speak as this worker here."""
        given = Given()
        given.name("worker_id", self.worker_id, say="say who it is")
        given.check()
        signs = self.bus.trusted.must_sign(self.worker_id, at=self.bus.clock())
        if signs and self.worker_id != self.person:
            raise InvalidEvent([f"{self.worker_id} signs what it says, so nobody says it for it"])


def grant_document(grant: TaskGrant) -> dict[str, Any]:
    """What a worker has to know of a task that it got."""
    manifest = grant.manifest
    return {
        "task_id": manifest.task_id,
        "objective_id": manifest.objective_id,
        "action": manifest.action,
        "description": manifest.description,
        "payload": json_object(manifest.payload_json, accepted=True),
        "attempt": grant.attempt,
        "lease_seconds": grant.lease_seconds,
        "idempotency_key": manifest.idempotency_key,
        "traceparent": grant.traceparent,
    }
