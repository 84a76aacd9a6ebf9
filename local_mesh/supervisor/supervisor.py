"""How do the processes of a mesh come up in order, stay up, and go down in order?"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from local_mesh.home import Home
from local_mesh.supervisor.child import ChildProcess
from local_mesh.supervisor.log_file import bound_log
from local_mesh.supervisor.mesh_file import MeshRecord, ProcessRecord, ProcessState, write_mesh
from local_mesh.supervisor.ports import EventSink, ProcessDisplay
from local_mesh.supervisor.recording import ask_health
from local_mesh.supervisor.restarting import (
    RestartVerdict,
    Wellbeing,
    count_failures,
    restart_delay_seconds,
    until_silent,
)
from local_mesh.supervisor.specification import ProcessSpecification, dependents
from nervous_system.clock import Stopwatch
from nervous_system.contract.exit_code import how_it_ended
from nervous_system.errors import GanglionError, StartFailed

_FIRST_LOOK_SECONDS: Final = 0.03
_MAX_LOOK_SECONDS: Final = 0.2
_LOG_CHECK_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 2.0
"""How often it is looked whether one that runs is well."""


class Supervisor:
    """The parent of the processes. `run` is its whole life; it leaves nothing behind."""

    def __init__(
        self,
        specifications: Sequence[ProcessSpecification],
        *,
        mesh: MeshRecord,
        home: Home,
        record: EventSink,
        show: ProcessDisplay,
        stopwatch: Stopwatch,
        stop_timeout_seconds: float,
        log_max_bytes: int,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._look_seconds = look_seconds
        self._specifications = tuple(specifications)
        self._dependents = dependents(specifications)
        self._home = home
        self._record = record
        self._show = show
        self._stopwatch = stopwatch
        self._stop_timeout_seconds = stop_timeout_seconds
        self._log_max_bytes = log_max_bytes
        self._mesh = replace(
            mesh,
            processes=tuple(
                ProcessRecord(
                    name=each.name,
                    state="waiting",
                    pid=None,
                    address=each.address,
                    health_url=each.health_url,
                    log=str(home.log(each.name)),
                    attempt=0,
                )
                for each in specifications
            ),
        )
        self._children: dict[str, ChildProcess] = {}
        self._ready = {each.name: asyncio.Event() for each in specifications}
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def mesh(self) -> MeshRecord:
        """What runs at this moment."""
        return self._mesh

    def ask_to_stop(self) -> None:
        """Begin to drain; asked a second time, kill what is left.

        Safe in a signal handler of the loop.
        """
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def run(
        self,
        *,
        while_running: Callable[[], Awaitable[None]],
        before_stop: Callable[[], Awaitable[None]],
    ) -> None:
        """Start everything, keep it up until asked to stop, stop everything.

        `while_running` is awaited once all are ready, and cancelled when it is time to stop;
        `before_stop` while all still run. Raises StartFailed when a process does not come up the
        first time; then nothing is left running.
        """
        life = asyncio.ensure_future(self._live(while_running))
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({life, stop}, return_when=asyncio.FIRST_COMPLETED)
            failure = life.exception() if life.done() else None
            if isinstance(failure, BaseExceptionGroup):
                failure = _first_of(failure)
            if failure is not None:
                raise failure
        finally:
            life.cancel()
            stop.cancel()
            await asyncio.wait({life, stop})
            self._update(state="stopping")
            try:
                await before_stop()
            finally:
                await self._stop_all()

    async def _live(self, while_running: Callable[[], Awaitable[None]]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for specification in self._specifications:
                tasks.create_task(self._keep(specification), name=f"keep {specification.name}")
            tasks.create_task(self._bound_own_log(), name="bound log")
            for ready in self._ready.values():
                await ready.wait()
            self._update(state="running")
            await while_running()

    async def _keep(self, specification: ProcessSpecification) -> None:
        """One process: wait for its turn, start it, start it again whenever it ends."""
        for name in () if specification.patient else specification.needs:
            await self._ready[name].wait()
        failures = 0
        while True:
            began = self._stopwatch()
            try:
                child = self._start(specification)
            except GanglionError as error:
                if not self._all_ready:
                    raise
                failures = count_failures(failures, ran_seconds=0.0)
                self._show.trouble(str(error))
                await asyncio.sleep(restart_delay_seconds(failures))
                continue
            first = not self._ready[specification.name].is_set()
            ready = await self._until_ready(
                specification, child=child, first=first, failures=failures
            )
            if ready:
                self._change(specification, state="running", trouble="")
                record = self._of(specification)
                self._show.ready(record, after_seconds=self._stopwatch() - began)
                self._ready[specification.name].set()
                await self._while_running(specification, child=child)
            code = await child.wait()
            if not self._all_ready:
                raise self._on_not_started(specification, child=child, code=code)
            ran = self._stopwatch() - began if ready else 0.0  # who never worked did not run
            failures = count_failures(failures, ran_seconds=ran)
            await self._pause(specification, child=child, code=code, failures=failures)

    @property
    def _all_ready(self) -> bool:
        return all(ready.is_set() for ready in self._ready.values())

    def _on_not_started(
        self, specification: ProcessSpecification, *, child: ChildProcess, code: int
    ) -> StartFailed:
        self._change(specification, state="stopped", pid=None, last_exit_code=code)
        record, words = self._of(specification), child.log_tail()
        self._show.died(record, code=code, restart_in_seconds=None, words=words)
        return StartFailed(
            f"the mesh did not start: {specification.name} {how_it_ended(code)} before all"
            f" were ready ({words[-1] if words else 'it said nothing'}); see {record.log}"
        )

    def _start(self, specification: ProcessSpecification) -> ChildProcess:
        child = ChildProcess.spawn(
            specification,
            log_path=self._home.log(specification.name),
            log_max_bytes=self._log_max_bytes,
        )
        self._children[specification.name] = child
        attempt = self._of(specification).attempt + 1
        self._change(specification, state="starting", pid=child.pid, attempt=attempt)
        if attempt == 1:
            self._show.starting(self._of(specification))
        self._record.put(ProcessStarted(name=specification.name, pid=child.pid, attempt=attempt))
        return child

    async def _until_ready(
        self,
        specification: ProcessSpecification,
        *,
        child: ChildProcess,
        first: bool,
        failures: int,
    ) -> bool:
        """True once it answers 200, False when it ended before, or had to be ended.

        Raises StartFailed late in a first start.

        A restarted process has more time each time: recovering a large store after a crash can
        take minutes.
        """
        deadline = self._stopwatch() + specification.ready_timeout_seconds
        wellbeing = Wellbeing(
            specification, earlier_failures=failures, was_ready=False, watch=self._stopwatch
        )
        looked = self._stopwatch()
        pause, answered = _FIRST_LOOK_SECONDS, "it never answered"
        while not child.exited:
            health = await ask_health(specification.health_url)
            state = health.facts.get("state")
            if not health.ok:
                answered = health.sentence
            elif specification.ready_states and state not in specification.ready_states:
                answered = f"its state is {state}"
            else:
                return not child.exited
            if first and self._stopwatch() > deadline:
                raise StartFailed(
                    f"{specification.name} was not ready within"
                    f" {specification.ready_timeout_seconds:g} s ({answered}); see"
                    f" {self._of(specification).log}, or raise GANGLION_READY_TIMEOUT_SECONDS"
                )
            if not first and self._stopwatch() - looked >= self._look_seconds:
                looked = self._stopwatch()
                if await self._judge(specification, child=child, verdict=wellbeing.see(health)):
                    return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await child.wait()
            pause = min(pause * 1.3, _MAX_LOOK_SECONDS)
        return False

    async def _while_running(
        self, specification: ProcessSpecification, *, child: ChildProcess
    ) -> None:
        """Return when it has ended. One that runs but answers nobody is ended: it hangs. One that
        has bad news only is ended as soon as that helps.
        """
        ended = asyncio.ensure_future(child.wait())
        silence = asyncio.ensure_future(
            until_silent(
                specification.health_url,
                silent_seconds=specification.silent_seconds,
                stopwatch=self._stopwatch,
            )
        )
        unwell = asyncio.ensure_future(self._until_unwell(specification, child=child))
        try:
            await asyncio.wait({ended, silence, unwell}, return_when=asyncio.FIRST_COMPLETED)
            if silence.done() and not child.exited:
                self._show.trouble(
                    f"{specification.name} (pid {child.pid}) runs, but for {silence.result():.0f} s"
                    " it did not say how it is when it was asked; it is killed and started again"
                    " (GANGLION_SILENT_SECONDS)"
                )
                child.kill()
            await ended
        finally:
            for each in (ended, silence, unwell):
                each.cancel()

    async def _until_unwell(
        self, specification: ProcessSpecification, *, child: ChildProcess
    ) -> None:
        """Look at it for as long as it runs; it was ended when this returns."""
        wellbeing = Wellbeing(
            specification, earlier_failures=0, was_ready=True, watch=self._stopwatch
        )
        while True:
            await asyncio.sleep(self._look_seconds)
            verdict = wellbeing.see(await ask_health(specification.health_url))
            if await self._judge(specification, child=child, verdict=verdict):
                return

    async def _judge(
        self, specification: ProcessSpecification, *, child: ChildProcess, verdict: RestartVerdict
    ) -> bool:
        """Do what follows from a look; whether it was ended."""
        if verdict.restart and not child.exited:
            self._show.trouble(f"{specification.name}: {verdict.sentence}; it is started again")
            child.terminate()
            if not await self._ended_within(specification.stop_timeout_seconds, child=child):
                child.kill()
            await child.wait()
            return True
        record = self._of(specification)
        if record.trouble != verdict.sentence and not child.exited:
            self._change(specification, state=record.state, trouble=verdict.sentence)
            if verdict.sentence:
                self._show.trouble(f"{specification.name}: {verdict.sentence}")
        return False

    async def _pause(
        self, specification: ProcessSpecification, *, child: ChildProcess, code: int, failures: int
    ) -> None:
        delay, words = restart_delay_seconds(failures), child.log_tail()
        self._change(
            specification,
            state="restarting",
            pid=None,
            last_exit_code=code,
            trouble=specification.obstacle() or (words[-1] if words else ""),
        )
        record = self._of(specification)
        self._record.put(
            ProcessExited(
                name=specification.name,
                pid=child.pid,
                exit_code=code,
                attempt=record.attempt,
                restart_in_seconds=delay,
            )
        )
        self._show.died(record, code=code, restart_in_seconds=delay, words=words)
        await asyncio.sleep(delay)

    async def _bound_own_log(self) -> None:
        """Those of the processes are bounded while they are written."""
        log = self._home.log("supervisor")
        while True:
            await asyncio.sleep(_LOG_CHECK_SECONDS)
            try:
                bound_log(log, max_bytes=self._log_max_bytes)
            except OSError as error:
                self._show.trouble(f"the log {log} could not be cut ({error.strerror})")

    async def _stop_all(self) -> None:
        gone = {specification.name: asyncio.Event() for specification in self._specifications}
        deadline = self._stopwatch() + self._stop_timeout_seconds
        await asyncio.gather(
            *(self._stop_one(each, gone=gone, deadline=deadline) for each in self._specifications)
        )

    async def _stop_one(
        self,
        specification: ProcessSpecification,
        *,
        gone: dict[str, asyncio.Event],
        deadline: float,
    ) -> None:
        for name in self._dependents[specification.name]:
            await gone[name].wait()
        child = self._children.get(specification.name)
        if child is not None and not child.exited:
            self._change(specification, state="stopping")
            self._show.stopping(self._of(specification))
            child.terminate()
            patience = min(specification.stop_timeout_seconds, deadline - self._stopwatch())
            killed = not await self._ended_within(max(patience, 0.0), child=child)
            if killed:
                child.kill()
            code = await child.wait()
            self._change(specification, state="stopped", pid=None, last_exit_code=code)
            self._show.stopped(self._of(specification), code=code, killed=killed)
        gone[specification.name].set()

    async def _ended_within(self, patience_seconds: float, *, child: ChildProcess) -> bool:
        ended = asyncio.ensure_future(child.wait())
        hurry = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait(
                {ended, hurry}, timeout=patience_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            return child.exited
        finally:
            ended.cancel()
            hurry.cancel()

    def _of(self, specification: ProcessSpecification) -> ProcessRecord:
        record = self._mesh.process(specification.name)
        assert record is not None  # made in __init__, one for each
        return record

    def _change(
        self,
        specification: ProcessSpecification,
        *,
        state: ProcessState,
        **changes: int | str | None,
    ) -> None:
        changed = replace(self._of(specification), state=state, **changes)  # type: ignore[arg-type]  # pid, attempt
        self._mesh = replace(
            self._mesh,
            processes=tuple(
                changed if each.name == changed.name else each for each in self._mesh.processes
            ),
        )
        self.write_down()

    def _update(self, *, state: str) -> None:
        self._mesh = replace(self._mesh, state=state)  # type: ignore[arg-type]  # a MeshState
        self.write_down()

    def note_staging(self, why_on_disk: str) -> None:
        """Others are to know that batches are not staged in memory."""
        self._mesh = replace(self._mesh, staged_on_disk=why_on_disk)
        self.write_down()

    def write_down(self) -> None:
        """Write for others what runs."""
        try:
            write_mesh(self._home.mesh_file, self._mesh)
        except OSError as error:  # a full disk must not take the mesh down
            self._show.trouble(f"{self._home.mesh_file} could not be written ({error.strerror})")


def _first_of(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that made the others: processes fail together when the first one pulls them
    down.
    """
    first = failures.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
