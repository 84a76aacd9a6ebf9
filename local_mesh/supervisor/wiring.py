"""How is a local mesh put together and run, from settings to the last process that ends?"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from embedded_clickhouse.passwords import own_passwords
from embedded_clickhouse.users import OWN_ACCOUNTS
from local_mesh.addresses import Addresses, configured_addresses
from local_mesh.batch_staging import BatchStaging
from local_mesh.default_files import write_default_files
from local_mesh.home import Home
from local_mesh.key_files import ensure_mesh_key
from local_mesh.nats import LOOPBACK, adopt_store
from local_mesh.nats_keys import NatsKeys
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.first_look import check_given, look_first
from local_mesh.supervisor.foundations import lay_foundations, watch_foundations
from local_mesh.supervisor.lock import HomeLock, hold_lock
from local_mesh.supervisor.log_file import open_log
from local_mesh.supervisor.log_server import OPEN, monitor_path, write_configuration
from local_mesh.supervisor.mesh_file import MeshRecord, remove_mesh
from local_mesh.supervisor.outbox import Outbox
from local_mesh.supervisor.page import page_address
from local_mesh.supervisor.ports import Screen
from local_mesh.supervisor.preflight import check_disk, check_ports
from local_mesh.supervisor.process_list import NATS, MeshPlan, plan_mesh
from local_mesh.supervisor.recording import (
    RecordingStatus,
    ask_health,
    recording_line,
    recording_of,
)
from local_mesh.supervisor.supervisor import Supervisor
from nervous_system.cancelling import cancel
from nervous_system.clock import Clock, stopwatch, system_clock
from nervous_system.errors import GanglionError
from nervous_system.host.store_lock import hold_store
from nervous_system.phrases import pluralize
from nervous_system.settings import CLICKHOUSE_KEYS, MeshSettings

LOOK_SECONDS: Final = 1.0
"""How often a terminal's line is brought up to date."""
QUIET_LOOK_SECONDS: Final = 30.0
"""How often a log gets a line, if something changed."""
MARKS_SECONDS: Final = 2.0
"""How often it is looked whether the files are there by which others find this mesh."""
LOG_TAIL_SECONDS: Final = 2.0
SUPERVISOR_LOG_BYTES: Final = 16 * 1024**2

if TYPE_CHECKING:
    from local_mesh.supervisor.log_publisher import LogPublisher


async def run_mesh(
    settings: MeshSettings, local: LocalMeshSettings, *, console: Screen, only: Collection[str]
) -> None:
    """Start the mesh of this home and keep it up until SIGINT, SIGTERM or SIGHUP.

    Raises InUse, NoRoom, NotRunning, StartFailed, Fatal; then nothing is left running.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # `ganglion up` held it back
    await look_first(settings, local, only=only)
    home = Home.at(settings.home)
    home.create()
    if home.is_new:
        write_default_files(home)
    addresses = configured_addresses(local)
    with contextlib.ExitStack() as held:
        lock = held.enter_context(hold_lock(home.lock_file))
        ensure_mesh_key(home.path)
        if addresses.nats_embedded:
            NatsKeys(home.path).make()
        if addresses.clickhouse_embedded:
            own_passwords(home.path / CLICKHOUSE_KEYS, OWN_ACCOUNTS)
        plan = plan_mesh(
            local,
            home=home,
            addresses=addresses,
            only=only,
            monitor_path=monitor_path(local, home=home) if addresses.nats_embedded else "",
        )
        if plan.process(NATS) is not None:
            # Handed to the server: it has the lock for as long as it lives, whoever else ends.
            plan = plan.keeping(NATS, held.enter_context(hold_store(home.nats_store)))
        check_ports(plan.ports)
        check_disk(home.path, min_free_bytes=local.min_free_bytes)
        await check_given(addresses)
        if addresses.nats_embedded:
            adopt_store(home.nats_store)
            write_configuration(settings, local, home=home)
        console.line(f"starting the mesh in {home.path}")
        if local.nats_open and addresses.nats_embedded:
            console.trouble(OPEN)
        update: dict[str, Any] = {"home": home.path, "nats_url": addresses.nats_url}
        if addresses.nats_embedded:
            update["nats_credentials"] = None  # they are for where NATS_URL leads
        try:
            await _supervise(
                settings.model_copy(update=update),
                local,
                plan=plan,
                mesh=_first_record(addresses, local, home=home, plan=plan, clock=system_clock),
                console=console,
                lock=lock,
            )
        finally:
            remove_mesh(home.mesh_file)


async def _supervise(
    settings: MeshSettings,
    local: LocalMeshSettings,
    *,
    plan: MeshPlan,
    mesh: MeshRecord,
    console: Screen,
    lock: HomeLock,
) -> None:
    home = Home.at(settings.home)
    outbox = Outbox(clock=system_clock, trouble=console.trouble)
    supervisor = Supervisor(
        plan.processes,
        mesh=mesh,
        home=home,
        record=outbox,
        show=console,
        stopwatch=stopwatch,
        stop_timeout_seconds=local.stop_timeout_seconds,
        log_max_bytes=local.log_max_bytes,
    )
    staging = BatchStaging(home.nats_store)
    if plan.process(NATS) is not None:
        staging.remove()  # of a run that was killed
    deliver: asyncio.Task[None] | None = None
    publisher: LogPublisher | None = None

    async def while_running() -> None:
        nonlocal deliver, publisher
        # Whoever is told that it is up must find a log.
        await asyncio.wait({laying}, timeout=local.ready_timeout_seconds)
        console.up(supervisor.mesh, page=page_address(supervisor.mesh, home))
        # Only now: what it imports takes half a second that the start would have to wait for.
        publisher = _open_publisher(settings)
        deliver = asyncio.create_task(outbox.deliver(publisher), name="deliver process events")
        async with asyncio.TaskGroup() as tasks:
            if supervisor.mesh.process(NATS) is not None:
                # On, as a batch of two to ten messages, such as a claim is, takes a fifth to an
                # eighth of the time; a look takes 0.06 ms, once a second (docs/decisions/0007).
                tasks.create_task(staging.keep(tell_staging), name="batch staging")
            tasks.create_task(keep_marks(), name="keep marks")
            tasks.create_task(
                watch_foundations(settings, trouble=console.trouble, record=outbox.put),
                name="watch foundations",
            )
            await _show_recording(supervisor, console=console)

    async def keep_marks() -> None:
        """Whoever removes the folder of marks hides a mesh that runs."""
        while True:
            await asyncio.sleep(MARKS_SECONDS)
            if lock.is_in_place and home.mesh_file.exists() and home.nats_configuration.exists():
                continue
            try:
                home.create()
                if not lock.is_in_place:
                    lock.restore()
                if supervisor.mesh.process(NATS) is not None:
                    write_configuration(settings, local, home=home)
                supervisor.write_down()
            except (GanglionError, OSError) as error:
                console.trouble(f"what runs here could not be marked again: {error}")
            else:
                console.trouble(
                    f"somebody removed marks of this mesh in {home.lock_file.parent};"
                    " they are put back"
                )

    def tell_staging(why: str) -> None:
        supervisor.note_staging(why)
        console.trouble(
            f"batches are staged on the disk, which is slower: {why}"
            if why
            else "batches are staged in memory again"
        )

    async def before_stop() -> None:
        if deliver is None or publisher is None:
            return
        console.moving("  draining …")
        left = await outbox.drain(within_seconds=LOG_TAIL_SECONDS)
        if left:
            console.trouble(f"{pluralize(left, 'event')} about processes could not be recorded")
        await cancel(deliver)
        await publisher.close()

    laying = asyncio.create_task(
        lay_foundations(settings, trouble=console.trouble), name="lay foundations"
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.ask_to_stop)
    await asyncio.sleep(0)  # a Ctrl-C that came before ends it here, with nothing started
    try:
        await supervisor.run(while_running=while_running, before_stop=before_stop)
    finally:
        await cancel(laying)
        staging.remove()
    console.line("everything is stopped")


def _open_publisher(settings: MeshSettings) -> LogPublisher:
    from local_mesh.supervisor.log_publisher import LogPublisher
    from nervous_system.telemetry.log import configure

    lines = open_log(Home.at(settings.home).log("supervisor"), max_bytes=SUPERVISOR_LOG_BYTES)
    configure(
        service="supervisor",
        level=settings.log_level,
        format=settings.log_format,
        stream=os.fdopen(lines, "w", buffering=1, encoding="utf-8"),
    )
    return LogPublisher(settings)


async def _show_recording(supervisor: Supervisor, *, console: Screen) -> None:
    """Keep the line about what is recorded up to date, for as long as the mesh runs."""
    ingestor = supervisor.mesh.process("ingestor")
    if ingestor is None:
        await asyncio.Event().wait()
        return
    pause = LOOK_SECONDS if console.is_terminal else QUIET_LOOK_SECONDS
    before: RecordingStatus | None = None
    seen = stopwatch()
    while True:
        health = await ask_health(ingestor.health_url)
        now, moment = recording_of(health), stopwatch()
        if now is not None:
            line = recording_line(now, before=before, seconds=moment - seen)
            console.moving(f"  {line}")
            if not console.is_terminal and now != before:
                console.line(line)
            before, seen = now, moment
        else:
            console.moving(f"  the ingestor does not say how far it is: {health.sentence or 'yet'}")
        await asyncio.sleep(pause)


def _first_record(
    addresses: Addresses, local: LocalMeshSettings, *, home: Home, plan: MeshPlan, clock: Clock
) -> MeshRecord:
    names = {each.name for each in plan.processes}
    path = monitor_path(local, home=home) if addresses.nats_embedded else ""
    monitor = f"http://{LOOPBACK}:{local.nats_monitor_port}{path}"
    return MeshRecord(
        pid=os.getpid(),
        state="starting",
        started_at=clock().isoformat(timespec="seconds"),
        nats_url=addresses.nats_url,
        nats_monitor_url=monitor if NATS in names else None,
        nats_open=local.nats_open and addresses.nats_embedded,
        clickhouse_url=addresses.clickhouse_url,
        processes=(),
    )
