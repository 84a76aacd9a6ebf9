"""How is the mesh of a home stopped from outside, and when is it really gone?"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Iterator

from local_mesh.batch_staging import BatchStaging
from local_mesh.home import Home
from local_mesh.supervisor.lock import holder
from local_mesh.supervisor.mesh_file import read_mesh
from nervous_system.clock import stopwatch
from nervous_system.errors import Fatal, NotRunning
from nervous_system.host.store_lock import holders_of, in_use


def stop_mesh(home: Home, *, timeout_seconds: float, kill: bool) -> int:
    """Stop the mesh and wait until the supervisor and all its processes are gone; returns its pid.

    `kill` skips the draining. Raises NotRunning when nothing runs, Fatal when it is not gone in
    time.
    """
    deadline = stopwatch() + timeout_seconds
    pid = holder(home.lock_file)
    if pid is None:
        stores = (home.nats_store, home.clickhouse_store)
        left = [in_use(store, found) for store in stores if (found := holders_of(store))]
        raise NotRunning("; ".join((f"no mesh runs in {home.path}", *left)))
    mesh = read_mesh(home.mesh_file)
    children = [each.pid for each in mesh.processes if each.pid] if mesh and mesh.pid == pid else []
    with contextlib.ExitStack() as stack:
        supervisor = stack.enter_context(_pin_process(pid))
        descriptors = [
            supervisor,
            *(stack.enter_context(_pin_process(child)) for child in children),
        ]
        # The pid is pinned now. If the lock is still that pid's, it is the supervisor, nobody else.
        if holder(home.lock_file) != pid or supervisor is None:
            raise NotRunning(f"the mesh in {home.path} ended just now")
        signal.pidfd_send_signal(supervisor, signal.SIGKILL if kill else signal.SIGTERM)
        for descriptor in descriptors:
            if descriptor is not None and not _wait_gone(descriptor, deadline - stopwatch()):
                raise Fatal(
                    f"the mesh in {home.path} (pid {pid}) is still stopping after"
                    f" {timeout_seconds:g} s; wait longer with --timeout, or end it with --kill"
                )
    BatchStaging(home.nats_store).remove()  # one that was killed could not
    return pid


@contextlib.contextmanager
def _pin_process(pid: int) -> Iterator[int | None]:
    """A descriptor that means this very process, None when it is gone already."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _wait_gone(descriptor: int, within_seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(max(0.0, within_seconds) * 1000))
