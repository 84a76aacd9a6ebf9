"""How does an agent do tasks? It offers itself, asks for work, and says how it went.

    async with open_worker("nats://127.0.0.1:4222", worker_id="w-1", skills=["python"]) as worker:
        task = await worker.claim()
        if task is not None:
            await task.progress(0.5, "half of it")
            await task.finish(output="done", changed_files=["a.py"])

Or leave the loop to `serving.serve`. Leases, retries, commands and traces are done here: as long as
it is open it sends heartbeats, whoever drives it. Code that blocks the event loop, or holds the
interpreter's lock, keeps its lease (`client/deputy.py`) but hears no command meanwhile: only the
limit of its attempt ends it (`client/overdue.py`). Long work belongs into a thread or a process.
What kills the process loses its attempts, and that is said at once.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Final, Unpack

import structlog

from enchanted.events.v1.answer_pb2 import TaskGrant
from enchanted.events.v1.command_pb2 import CommandIssued
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from enchanted.events.v1.task_request_pb2 import ClaimRequested
from enchanted.events.v1.worker_pb2 import WorkerDeparted, WorkerHeartbeat, WorkerRegistered
from nervous_system import names
from nervous_system.bus import Bus, open_bus
from nervous_system.cancelling import cancel
from nervous_system.client.active_commands import (
    ActiveCommands,
    CleanUp,
    CommandAnswer,
    nothing_to_clean_up,
)
from nervous_system.client.agent import role_named
from nervous_system.client.claimed_task import ClaimedTask, LeaseLost, ResultFields
from nervous_system.client.command_listener import CommandListener
from nervous_system.client.deputy import DEPUTY, Word
from nervous_system.client.free_capacity import FreeCapacity
from nervous_system.client.next_claim import NextClaim
from nervous_system.client.request_client import RequestClient
from nervous_system.clock import Clock, system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.given import UINT32, Given
from nervous_system.contract.payload import Payload
from nervous_system.contract.subjects import source_of
from nervous_system.contract.words import TaskOutcome
from nervous_system.error_text import error_words
from nervous_system.errors import GanglionError, InvalidEvent, LogFull, Transient
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.log import keep_off_stdout
from nervous_system.telemetry.tracing import Tracer
from nervous_system.users import settings_at, user_of_role

_log = structlog.get_logger()

HEARTBEAT_SECONDS: Final = 30.0
SHORTEST_HEARTBEAT_SECONDS: Final = 0.001

MAX_UNHEARD_CALL_OFFS: Final = 100
"""Attempts that were called off before their grant was heard of: so many are remembered."""


class Worker:
    """One that does tasks. Open it with `open_worker`, or, on a bus that is there already, enter
    `running`; use it from one event loop."""

    def __init__(
        self,
        bus: Bus,
        *,
        worker_id: str,
        role: AgentRole.ValueType,
        skills: Sequence[str] = (),
        actions: Sequence[str] = (),  # all it knows; empty: whatever is asked
        max_concurrent_tasks: int = 1,
        clock: Clock = system_clock,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        clean_up: CleanUp = nothing_to_clean_up,
        free_capacity: FreeCapacity | None = None,
    ) -> None:
        given = Given()
        given.name("worker_id", worker_id, say="say who it is")
        skills, actions = given.texts("skills", skills), given.texts("actions", actions)
        given.whole("max_concurrent_tasks", max_concurrent_tasks, (1, UINT32[1]))
        given.number("heartbeat_seconds", heartbeat_seconds, min_value=SHORTEST_HEARTBEAT_SECONDS)
        given.check()
        self.bus = bus
        self.worker_id = worker_id
        self.orders = ActiveCommands(clean_up=clean_up, call_off=self._call_off)
        self.command_listener = CommandListener(
            bus, self.orders, target=worker_id, role=role, clock=clock
        )
        self._background_tasks: list[asyncio.Task[None]] = []  # heartbeats and commands
        self._listening: asyncio.Task[None] | None = None  # one of these
        self._role = role
        self._session = new_event_id()  # tells this life from others under its name
        self._skills = tuple(skills)
        self._actions = tuple(actions)
        self.max_concurrent_tasks = max_concurrent_tasks
        self.when_free: Callable[[], None] = lambda: None  # called whenever it lets a task go
        self.following: Callable[[ClaimedTask], NextClaim | None] = lambda ended: (
            None
        )  # see `LeaseKeeper`
        self._clock = clock
        self.heartbeat_seconds = heartbeat_seconds
        self.refusal = ""  # why the last `claim` led to no task, as the overseer said
        self._asker = RequestClient(
            bus, service=names.OVERSEER, role=role, agent_id=worker_id, clock=clock
        )
        self._free_capacity = free_capacity or FreeCapacity()
        self._held: dict[str, ClaimedTask] = {}
        self._tell_deputy: Callable[[], None] = lambda: None
        self._called_off: deque[CommandIssued] = deque(maxlen=MAX_UNHEARD_CALL_OFFS)

    @property
    def busy(self) -> int:
        """How many tasks it holds."""
        return len(self._held)

    @property
    def has_room(self) -> bool:
        """Whether it may hold another task at this moment, by what it was told."""
        return self.orders.max_tasks(self.max_concurrent_tasks) > len(self._held)

    @property
    def waits_because(self) -> str:
        """Why it does nothing, as it was told last; empty where it does something."""
        if reason := self.orders.asleep:
            return f"it was told to sleep: {reason}"
        return "" if self._held else self.refusal

    async def register(self, *, anew: bool = False) -> None:
        """Offer itself; returns after the log has it. What is said from now on is said to it.

        `anew`: in another life under its name; what it held in the one before is released."""
        if anew:
            self._session = new_event_id()
        await self.command_listener.begin()
        self._tell_deputy()  # first: who dies as soon as it is registered is missed, too
        await self._publish(
            WorkerRegistered(
                worker_id=self.worker_id,
                skills=self._skills,
                max_concurrent_tasks=self.max_concurrent_tasks,
                host=socket.gethostname(),
                pid=os.getpid(),
                heartbeat_seconds=self.heartbeat_seconds,
                actions=self._actions,
            )
        )

    async def does_only(self, actions: Sequence[str]) -> None:
        """From now on it takes no task of another action, and says so. Raises InvalidEvent where it
        was opened for one that is not among these."""
        if missing := sorted(set(self._actions) - set(actions)):
            raise InvalidEvent(
                [f"{self.worker_id} was opened for {missing[0]!r}, and nothing here does that"]
            )
        if not self._actions:
            self._actions = tuple(actions)
            await self.register()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the block runs it is registered, heard of, and told what to do; then it departs.

        What ends one of these is raised by the next claim, and by `check`; at the latest at the end
        of the block.
        """
        await self.register()
        reason = "it stopped in good order"
        try:
            async with (
                self.heartbeating(),
                self._with_help(self.command_listener.listen(), name="orders") as self._listening,
            ):
                yield
                await self.command_listener.flush_acks()
        except asyncio.CancelledError:
            reason = "it was cancelled, as by Ctrl-C, or by the end of its process"
            raise
        except BaseException as error:
            reason = f"it ended by {error_words(error)}"
            raise
        finally:
            self._listening = None
            with suppress(GanglionError):  # it will be missed soon enough
                await self.deregister(reason)

    @asynccontextmanager
    async def heartbeating(self) -> AsyncIterator[None]:
        """While the block runs it says that it lives, as often as it said that it would, and so
        keeps its leases. Raises as `running`, of which this is a part."""
        async with self._with_help(self._keep_alive(), name="heartbeat"):
            yield

    @asynccontextmanager
    async def _with_help(
        self, work: Coroutine[None, None, None], *, name: str
    ) -> AsyncIterator[asyncio.Task[None]]:
        helper = asyncio.create_task(work, name=name)
        helper.add_done_callback(self._say_if_it_failed)
        self._background_tasks.append(helper)
        try:
            yield helper
            self.check()
        finally:
            self._background_tasks.remove(helper)
            await cancel(helper)

    def _say_if_it_failed(self, helper: asyncio.Task[None]) -> None:
        error = None if helper.cancelled() else helper.exception()
        if error is not None:
            _log.error("worker.helper_ended", helper=helper.get_name(), reason=str(error))

    def check(self) -> None:
        """Raises what ended its heartbeat or its listening for commands, where something did."""
        for helper in self._background_tasks:
            if helper.done():
                helper.result()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_seconds)
            try:
                await self.heartbeat()
            except (Transient, LogFull) as error:
                _log.warning("worker.heartbeat_lost", reason=str(error))

    @property
    def is_running(self) -> bool:
        """Whether it hears what it is told, and is heard of."""
        return self._listening is not None

    async def _wait_until_informed(self) -> None:
        """A worker that listens takes nothing before it knows what it was told."""
        listening = self._listening
        if listening is not None and not listening.done() and not self.command_listener.is_informed:
            informed = asyncio.create_task(self.command_listener.wait_until_informed())
            try:
                await asyncio.wait((informed, listening), return_when=asyncio.FIRST_COMPLETED)
            finally:
                informed.cancel()
        self.check()

    async def deregister(self, reason: str) -> None:
        """Say that it goes; what it still holds is given to others."""
        given = Given()
        given.text("reason", reason)
        given.check()
        await self._publish(WorkerDeparted(worker_id=self.worker_id, reason=reason))

    async def claim(self) -> ClaimedTask | None:
        """The best task there is for it, or None. Raises NotAcknowledged when no overseer answers.

        A retry after a lost answer is answered the same, so no task is held without being known:
        `again` of the error is such a retry, too.
        It is held, and its lease kept, until it is finished, given back, lost or dropped. Raises as
        `check`.
        """
        await self._wait_until_informed()
        if not self.has_room:
            return None
        return await self._claim_granted(self._claim_request(), new_event_id())

    async def _claim_granted(self, request: ClaimRequested, event_id: str) -> ClaimedTask | None:
        try:
            answer = await self._asker.ask(request, event_id=event_id)
        except Transient as error:
            error.said_again_by(partial(self._claim_granted, request, event_id))
            raise
        self.refusal = "; ".join(answer.reasons)
        if answer.register_first:
            await self.register()  # it was silent for too long, or the overseer has yet to read it
        return self._take_grant(answer.grant if answer.HasField("grant") else None)

    def next_claim(self, ended: ClaimedTask) -> NextClaim | None:
        """To be made with the result of this task: nothing where there is no room for another, or
        it does not know yet what it was told."""
        informed = self._listening is None or self.command_listener.is_informed
        failed = any(helper.done() for helper in self._background_tasks)
        most = self.orders.max_tasks(self.max_concurrent_tasks)
        if failed or not informed or most < len(self._held):
            return None
        return NextClaim(self._claim_request(ended), self._asker)

    async def next_granted(self, claim: NextClaim) -> ClaimedTask | None:
        """The task that a claim led to, or None, when that is known."""
        return self._take_grant(await claim.grant)

    async def finish_and_claim(
        self, task: ClaimedTask, how: TaskOutcome = "completed", **said: Unpack[ResultFields]
    ) -> ClaimedTask | None:
        """Finish one and claim the next at once, as `ClaimedTask.finish` and `claim` one after the
        other do, in one request.

        Raises as `ClaimedTask.finish`. Where the end was not taken, what was claimed is given back.
        """
        result = task.result(how, **said)
        claim = self.next_claim(task)
        try:
            await task.end(result, claim)
        except Transient as error:
            error.said_again_by(partial(self.finish_and_claim, task, how, **said))
            raise
        except LeaseLost:
            if claim is not None and (claimed := await self.next_granted(claim)) is not None:
                await self._return(claimed)
            raise
        return await self.next_granted(claim) if claim is not None else None

    async def _return(self, claimed: ClaimedTask) -> None:
        try:
            await claimed.release("the task before it was not finished")
        except GanglionError as error:  # its lease will run out
            self.drop(claimed)
            _log.warning("worker.not_given_back", task_id=claimed.task_id, reason=str(error))

    def _claim_request(self, ended: ClaimedTask | None = None) -> ClaimRequested:
        held = [each.grant.manifest for each in self._held.values() if each is not ended]
        free = self._free_capacity.after_reserving(held)
        return ClaimRequested(
            worker_id=self.worker_id,
            skills=self._skills,
            actions=self._actions,
            free_cpu_count=free.cpu_count,
            free_memory_bytes=free.memory_bytes,
        )

    def _take_grant(self, grant: TaskGrant | None) -> ClaimedTask | None:
        if grant is None:
            return None
        task = ClaimedTask(grant, self.worker_id, self, self._asker, self.orders)
        self.hold(task)
        for command in self._called_off:
            if (command.task_id, command.attempt) == (task.task_id, task.attempt):
                task.cancellation.say(command.reason)
        return task

    def _call_off(self, command: CommandIssued) -> CommandAnswer:
        """Its code is cancelled, and how that ends is reported; what is granted and not heard of is
        not begun."""
        task = self._held.get(command.task_id)
        if task is None or task.attempt != command.attempt:
            self._called_off.append(command)
            return True, f"it does nothing for {command.task_id}, attempt {command.attempt}"
        task.cancellation.say(command.reason)
        return True, f"ending what it does for {command.task_id}, attempt {command.attempt}"

    def holds(self, task: ClaimedTask) -> bool:
        """Whether it holds this very attempt still."""
        return self._held.get(task.task_id) is task

    def hold(self, task: ClaimedTask) -> None:
        """Its lease is kept by the heartbeat from now on."""
        self._held[task.task_id] = task
        self._tell_deputy()

    def drop(self, task: ClaimedTask) -> None:
        """It is not held any more: its lease is not kept, and another can be claimed. What is
        finished or given back is let go by itself; this is for what is abandoned."""
        if self._held.get(task.task_id) is task:
            del self._held[task.task_id]
            self.when_free()

    async def heartbeat(self) -> None:
        """Say that it lives, and which leases it keeps: none any more when it was told to stop."""
        self._tell_deputy()
        await self._publish(
            WorkerHeartbeat(
                worker_id=self.worker_id, task_ids=self._kept_task_ids(), draining=self._is_leaving
            )
        )

    def _kept_task_ids(self) -> list[str]:
        return [] if self.orders.stopping.is_set() else sorted(self._held)

    @property
    def _is_leaving(self) -> bool:
        return self.orders.stopping.is_set() or self.orders.draining.is_set()

    @contextmanager
    def with_deputy(self, settings: MeshSettings, user: str) -> Iterator[None]:
        """While the block runs, its leases are kept also where its process is too busy to, and
        where that dies it is said at once."""
        dumped = settings.model_dump(mode="json")

        def word() -> Word:
            return {
                "worker_id": self.worker_id,
                "role": int(self._role),
                "session": self._session,
                "task_ids": self._kept_task_ids(),
                "draining": self._is_leaving,
                "heartbeat_seconds": self.heartbeat_seconds,
                "user": user,
                "settings": dumped,
            }

        with DEPUTY.of(word) as self._tell_deputy:
            try:
                yield
            finally:
                self._tell_deputy = lambda: None

    async def _publish(self, payload: Payload) -> None:
        await self.bus.publish(
            Event(
                event_id=new_event_id(),
                timestamp=self._clock(),
                agent_role=self._role,
                agent_id=self.worker_id,
                payload=payload,
                producer_session=self._session,
            )
        )


@asynccontextmanager
async def open_worker(
    url: str | None = None,
    *,
    worker_id: str,
    role: str = "worker",
    skills: Sequence[str] = (),
    actions: Sequence[str] = (),
    max_concurrent_tasks: int = 1,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    clean_up: CleanUp = nothing_to_clean_up,
    settings: MeshSettings | None = None,
    tracer: Tracer | None = None,
) -> AsyncIterator[Worker]:
    """A worker on the mesh at `url`, or where none is given on the one that the `ganglion` command
    finds, too (`place.py`); it is `running` until the end of the block. It gets tasks that ask
    for no other `skills`, where it names some, of no other `actions`, and for no more processors
    and memory than its machine, or container, has left (`nervous_system/client/free_capacity.py`).

    Raises Unavailable when nobody answers, Forbidden when the credentials are not valid.
    """
    given = Given()
    if url is not None:
        given.text("url", url, say="say where the mesh is")
    given.name("worker_id", worker_id, say="say who it is")
    given.instance("settings", settings, MeshSettings, what="MeshSettings, or None")
    given.check()
    number = role_named(role)
    settings = settings_at(url, settings)
    keep_off_stdout()
    own = tracer or Tracer.start(
        service_name=worker_id,
        endpoint=settings.otlp_endpoint,
        source=source_of(number) if settings.telemetry_spans else "",
    )
    try:
        user = user_of_role(source_of(role_named(role)), works=True)
        async with open_bus(settings, name=worker_id, user=user, tracer=own) as bus:
            worker = Worker(
                bus,
                worker_id=worker_id,
                role=number,
                skills=skills,
                actions=actions,
                max_concurrent_tasks=max_concurrent_tasks,
                heartbeat_seconds=heartbeat_seconds,
                clean_up=clean_up,
            )
            with worker.with_deputy(settings, user):
                async with worker.running():
                    yield worker
    finally:
        if tracer is None:
            await own.close()
