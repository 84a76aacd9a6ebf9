"""What does the deputy of a worker do? It waits, says the heartbeat of who cannot say it, and says
of who has died that it is gone, and how it ended.

Begun by `deputy.py` with the id of that process, and a descriptor of it if there is one; told by
lines of JSON on standard input, each how one worker of that process stands. Until somebody is
silent for too long, or dies, it has loaded nothing but this file, so it costs a few megabytes. It
ends with the process that it stands in for.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

LAST_STANDARD: Final = 2
"""Standard error: a descriptor of a process has a higher number."""

LATE: Final = 1.5
"""After so many of its intervals without a word a worker is silent."""

MAX_SECONDS: Final = 3600.0
"""So long it stands in for one that says nothing; then its leases run out."""

BEAT_SECONDS: Final = 15.0
CHECK_SECONDS: Final = 60.0
BLIND_CHECK_SECONDS: Final = 1.0
"""Between two looks for its parent, where the kernel gives no descriptor of it."""

LEAVE_SECONDS: Final = 30.0
"""So long it is tried to say that a worker is gone; then its leases run out."""

AGAIN_SECONDS: Final = 0.5
HOW_SECONDS: Final = 0.5
"""So long it is looked for how a process ended."""


@dataclass(slots=True)
class Ward:
    """How one worker stands, as it said last."""

    number: int  # among those of its process: two may have one id
    worker_id: str = ""
    role: int = 0
    session: str = ""  # empty: it has left
    task_ids: list[str] = field(default_factory=list)
    draining: bool = False
    heartbeat_seconds: float = 0.0
    user: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    said_at: float = 0.0  # by this process's stopwatch
    beaten_at: float = 0.0

    def due_at(self) -> float:
        """When its heartbeat is to be said in its place; infinite for one that holds nothing, or
        says nothing any more."""
        if not self.task_ids or self.beaten_at - self.said_at > MAX_SECONDS:
            return float("inf")
        if self.beaten_at > self.said_at:
            return self.beaten_at + self.heartbeat_seconds
        return self.said_at + LATE * self.heartbeat_seconds


class Wards:
    """Those of its parent, as standard input says."""

    def __init__(self) -> None:
        self.every: dict[int, Ward] = {}
        self._unfinished_line = b""

    def hear(self) -> bool:
        """What has been said since; whether more may come. Waits for one word, if none is there."""
        data = os.read(sys.stdin.fileno(), 1 << 20)
        *lines, self._unfinished_line = (self._unfinished_line + data).split(b"\n")
        for line in lines:
            if (word := json.loads(line)) is None:
                sys.exit(0)  # all of them have left
            self.take(word)
        return bool(data)

    def take(self, word: dict[str, Any]) -> None:
        ward = Ward(**word, said_at=_now())
        self.every[ward.number] = ward

    def hear_the_rest(self) -> None:
        """All that was said. Whoever was forked from its parent may have the other end, too."""
        os.set_blocking(sys.stdin.fileno(), False)
        try:
            while self.hear():
                pass
        except BlockingIOError:
            pass


class Parent:
    """The process whose workers they are."""

    def __init__(self, pid: int, descriptor: int | None = None) -> None:
        """`descriptor`: of that process, where the system has such. One that is not ends this
        program: whatever it says, it would be taken for the end of a worker that lives."""
        if descriptor is not None and not _is_of(descriptor, pid):
            sys.exit(f"descriptor {descriptor} is not one of process {pid}: nothing is said of it")
        self.pid = pid
        self._descriptor = descriptor

    @property
    def is_known_without_being_its_child(self) -> bool:
        return self._descriptor is not None

    @property
    def lives(self) -> bool:
        """Until its last thread has ended; nothing is said of who may live."""
        if self._descriptor is not None:
            return not select.select([self._descriptor], [], [], 0)[0]
        # Who ends leaves its children to another; 0: this one cannot see it from where it is.
        return os.getppid() in (self.pid, 0)

    def wait(self, seconds: float, *, also: tuple[int, ...] = ()) -> list[int]:
        """Until it has ended, or one of `also` can be read: which of them."""
        own = () if self._descriptor is None else (self._descriptor,)
        if not own:
            seconds = min(seconds, BLIND_CHECK_SECONDS)
        readable, _, _ = select.select([*own, *also], [], [], seconds)
        return readable

    def how_it_ended(self) -> str:
        """In words; that nobody says how, where that is so."""
        from nervous_system.contract.exit_code import how_it_ended
        from nervous_system.host.process_end import exit_code_of

        code = None
        if self._descriptor is not None:
            code = exit_code_of(self._descriptor, self.pid, within_seconds=HOW_SECONDS)
        if code is None:
            return "its process has ended; how, only who started it can know"
        how = f"its process {how_it_ended(code)}"
        by_whom = ", as by a person, or by the kernel for want of memory"
        return how + by_whom if code == -signal.SIGKILL else how


def _is_of(descriptor: int, pid: int) -> bool:
    """Whether the kernel says so; of a process that has been waited for it says -1."""
    if descriptor <= LAST_STANDARD:
        return False
    try:
        lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines()
    except OSError:
        return False
    # By namespace, where there are some: this one's own may be any of them.
    said = [each.split()[1:] for each in lines if each.startswith(("Pid:", "NSpid:"))]
    return any(str(pid) in each or "-1" in each for each in said)


def main() -> int:
    """Until there is nobody to stand in for."""
    parent, wards = Parent(*map(int, sys.argv[1:])), Wards()
    if parent.is_known_without_being_its_child and os.fork():
        return 0  # to who has begun it; whoever waits for all its children would wait for ever
    told: tuple[int, ...] = (sys.stdin.fileno(),)
    while parent.lives:
        due_at = min((each.due_at() for each in wards.every.values() if told), default=float("inf"))
        left = max(0.0, min(due_at - _now(), CHECK_SECONDS))
        readable = parent.wait(left, also=told)
        if any(each in readable for each in told):
            if not wards.hear():
                told = ()  # it closes all files, or is another program now: nothing is kept for it
        elif told and parent.lives:
            for ward in wards.every.values():
                if ward.due_at() <= _now():
                    stand_in(ward, parent.pid)
                    ward.beaten_at = _now()
    wards.hear_the_rest()
    take_leave(wards.every.values(), parent)
    return 0


def stand_in(ward: Ward, parent: int) -> None:
    """Say its heartbeat, if its process is there and not made to stand still."""
    import asyncio  # only now: most workers are never silent

    import psutil
    import structlog

    from enchanted.events.v1.worker_pb2 import WorkerHeartbeat
    from nervous_system.settings import MeshSettings
    from nervous_system.telemetry.log import configure

    settings = MeshSettings(**ward.settings)
    configure(service=ward.worker_id, level=settings.log_level, format=settings.log_format)
    log = structlog.get_logger()
    heartbeat = WorkerHeartbeat(
        worker_id=ward.worker_id, task_ids=ward.task_ids, draining=ward.draining
    )
    try:
        if psutil.Process(parent).status() == psutil.STATUS_STOPPED:
            return
        asyncio.run(_say(ward, _of(ward, heartbeat)))
    except Exception as error:  # noqa: BLE001 - it tries again; the lease may run out meanwhile
        log.warning("worker.heartbeat_lost", reason=f"its deputy: {type(error).__name__}: {error}")
    else:
        silent = f"{_now() - ward.said_at:.0f} s"
        log.warning("worker.stood_in_for", silent=silent, tasks=len(ward.task_ids))


def take_leave(wards: Iterable[Ward], parent: Parent) -> None:
    """Say of each that had not left that it is gone, and how that came, until somebody has heard
    it. What it reported before stands before this on the log, and counts.

    What it says of itself is not written down any more: whoever reads what the process wrote waits
    for the last one that may write."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    left = [each for each in wards if each.session]
    if not left:
        return
    how = parent.how_it_ended()

    import asyncio

    from enchanted.events.v1.worker_pb2 import WorkerDeparted
    from nervous_system.errors import GanglionError, Transient

    until = _now() + LEAVE_SECONDS
    for ward in left:
        departed = _of(ward, WorkerDeparted(worker_id=ward.worker_id, reason=how))
        while _now() < until:
            try:
                asyncio.run(_say(ward, departed))
            except (Transient, OSError):  # a timeout is one
                time.sleep(AGAIN_SECONDS)
            except GanglionError:
                break  # nobody takes it from it
            else:
                break


def _of(ward: Ward, payload: Any) -> Any:
    """The event by which a worker says this of itself."""
    from nervous_system.clock import system_clock
    from nervous_system.contract.event import Event
    from nervous_system.ids import new_event_id

    return Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ward.role,  # type: ignore[arg-type]  # the number of one
        agent_id=ward.worker_id,
        payload=payload,
        producer_session=ward.session,
    )


async def _say(ward: Ward, event: Any) -> None:
    import asyncio

    from nervous_system.bus import open_bus
    from nervous_system.settings import MeshSettings

    settings, name = MeshSettings(**ward.settings), f"deputy of {ward.worker_id}"
    async with asyncio.timeout(BEAT_SECONDS), open_bus(settings, name=name, user=ward.user) as bus:
        await bus.publish(event)


def _now() -> float:
    return time.monotonic()


if __name__ == "__main__":
    sys.exit(main())
