"""How is one process started so that it can never outlive its parent, and how does it end?"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from local_mesh.supervisor.log_file import last_lines
from local_mesh.supervisor.log_tail import MAX_LINES, log_tail
from local_mesh.supervisor.log_writer import LogWriter
from local_mesh.supervisor.specification import ProcessSpecification
from nervous_system.errors import StartFailed

_PR_SET_PDEATHSIG: Final = 1
_LOG_TAIL_SECONDS: Final = 1.0


class ChildProcess:
    """One run of one process.

    It leads a session of its own: the terminal's Ctrl-C does not reach it.

    When the parent dies, however it dies, the kernel kills the child (SIGKILL: nothing that was
    acknowledged depends on a clean end, and a drain without the other processes would only hang).
    """

    def __init__(
        self, process: subprocess.Popen[bytes], *, log_path: Path, writer: LogWriter
    ) -> None:
        self._process = process
        self._log_path = log_path
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._exit: asyncio.Future[int] = self._loop.create_future()
        self._pidfd = os.pidfd_open(process.pid)
        self._loop.add_reader(self._pidfd, self._reap)

    @classmethod
    def spawn(
        cls, specification: ProcessSpecification, *, log_path: Path, log_max_bytes: int
    ) -> ChildProcess:
        """Start it, its output appended to `log_path`.

        Raises StartFailed when there is no such program.
        """
        writer = LogWriter(log_path, max_bytes=log_max_bytes)
        try:
            process = subprocess.Popen(
                specification.argv,
                env={**os.environ, **specification.environment},
                stdin=subprocess.DEVNULL,
                stdout=writer.descriptor,
                stderr=writer.descriptor,
                start_new_session=True,
                pass_fds=specification.descriptors,
                preexec_fn=_die_with(os.getpid()),
            )
        except (OSError, subprocess.SubprocessError) as error:
            writer.abandon()
            raise StartFailed(
                f"{specification.name} could not be started: {specification.argv[0]}: {error}"
            ) from error
        writer.start()
        return cls(process, log_path=log_path, writer=writer)

    @property
    def pid(self) -> int:
        """The process id, also of its session and group."""
        return self._process.pid

    @property
    def exited(self) -> bool:
        """Whether it ended."""
        return self._exit.done()

    async def wait(self) -> int:
        """Its exit code; negative is the signal that ended it. May be awaited by many."""
        return await asyncio.shield(self._exit)

    def terminate(self) -> None:
        """Ask it to drain and end."""
        if not self.exited:
            with contextlib.suppress(ProcessLookupError):  # it ended just now
                signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)

    def kill(self) -> None:
        """End it and whatever it started, at once."""
        if not self.exited:
            self._kill_group()

    def log_tail(self) -> list[str]:
        """What it said in this run of why it ended, as `log_tail.log_tail`."""
        if self.exited:  # what it said last may still be on its way
            self._writer.wait(seconds=_LOG_TAIL_SECONDS)
        return log_tail(
            last_lines(self._log_path, since_byte=self._writer.start_byte, count=MAX_LINES)
        )

    def _reap(self) -> None:
        # It is a zombie now and holds its pid, so the group id cannot be anybody else's yet.
        self._loop.remove_reader(self._pidfd)
        self._kill_group()
        code = self._process.wait()
        os.close(self._pidfd)
        self._exit.set_result(code)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left in it
            os.killpg(self._process.pid, signal.SIGKILL)


def _die_with(parent: int) -> Callable[[], None]:
    """What the child does between fork and exec. Everything it needs is made before the fork."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def bind_to_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before prctl: the signal will never come
            os._exit(1)

    return bind_to_parent
