"""Which processes make a local mesh? Adding a service is adding one line to `SERVICES`."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from local_mesh.addresses import Addresses
from local_mesh.home import Home
from local_mesh.nats import LOOPBACK, find_binary
from local_mesh.nats_limits import MEMORY, MEMORY_IN_USE
from local_mesh.settings import LocalMeshSettings
from local_mesh.store_room import obstacle_in
from local_mesh.supervisor.preflight import WantedPort, pick_port
from local_mesh.supervisor.specification import ProcessSpecification
from nervous_system.errors import BadSetting
from nervous_system.host.cgroup import Cgroup
from nervous_system.host.http_get import url_at

NATS: Final = "nats"
CLICKHOUSE: Final = "clickhouse"
MISSION_CONTROL: Final = "mission_control"
CLICKHOUSE_MEMORY: Final = "GANGLION_CLICKHOUSE_MAX_MEMORY_BYTES"
ENGINE_SHARE: Final = 0.4
MIN_ENGINE_BYTES: Final = 256 * 1024**2
MAX_ENGINE_BYTES: Final = 2 * 1024**3
"""What it takes by itself where there is enough."""

UNHEALTHY_SECONDS: Final = 6.0
"""So long the log server may say of itself that it cannot write before it is started again."""


@dataclass(frozen=True, slots=True)
class Service:
    """A Python service of the mesh: `python -m <module>`, with /healthz and /metrics.

    Each waits by itself for the servers it needs, so all are started at once.
    """

    name: str
    needs: tuple[str, ...]
    ready_states: tuple[str, ...] = ()  # of its fact `state`; empty: a healthy answer is enough
    account: str = "services"  # at the embedded ClickHouse
    module: str = ""  # where it is not called as the service
    port: str = ""  # of `PORTS`, where it listens for others than its supervisor, too


SERVICES: Final = (
    Service(
        "ingestor",
        needs=(NATS, CLICKHOUSE),
        account="ganglion",
        # In both the schema is up to date; the lease may still be that of one that was killed.
        ready_states=("recording", "waiting for the lease"),
    ),
    Service("governor", needs=(NATS,)),
    Service("overseer", needs=(NATS,)),
    Service("guardian", needs=(NATS,)),
    Service("worker", needs=(NATS,), module="builtin_worker"),
    Service(MISSION_CONTROL, needs=(NATS,), port="http_port"),
)

PROCESSES: Final = (NATS, CLICKHOUSE, *(service.name for service in SERVICES))
"""All that `--only` may name; the help of `ganglion up` lists them, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshPlan:
    """What will be started, and the ports that must be free for it."""

    processes: tuple[ProcessSpecification, ...]
    ports: tuple[WantedPort, ...]

    def process(self, name: str) -> ProcessSpecification | None:
        """The process of that name, None when it is not wanted."""
        return next((each for each in self.processes if each.name == name), None)

    def keeping(self, name: str, descriptor: int) -> MeshPlan:
        """The same, and that process keeps an open file for as long as it lives."""
        return replace(
            self,
            processes=tuple(
                replace(each, descriptors=(*each.descriptors, descriptor))
                if each.name == name
                else each
                for each in self.processes
            ),
        )


def plan_mesh(
    settings: LocalMeshSettings,
    *,
    home: Home,
    addresses: Addresses,
    only: Collection[str] = (),
    monitor_path: str = "",
) -> MeshPlan:
    """The processes of this home and their ports. `only` names the wanted ones, empty means all;
    the monitoring of the NATS server is below `monitor_path`.

    A server that somebody else runs is not among them. Raises BadSetting for a name nobody has.
    """
    unknown = sorted(set(only) - set(PROCESSES))
    if unknown:
        raise BadSetting(f"no process is called {unknown[0]}; there are {', '.join(PROCESSES)}")
    wanted = set(only or PROCESSES)
    if not addresses.nats_embedded:
        wanted.discard(NATS)
    if not addresses.clickhouse_embedded:
        wanted.discard(CLICKHOUSE)
    processes: list[ProcessSpecification] = []
    ports: list[WantedPort] = []
    if NATS in wanted:
        processes.append(_nats(settings, home=home, addresses=addresses, monitor_path=monitor_path))
        ports.append(_wanted("nats_port", settings))
        ports.append(_wanted("nats_monitor_port", settings))
    if CLICKHOUSE in wanted:
        processes.append(_clickhouse(settings, home=home, addresses=addresses))
        ports.append(_wanted("clickhouse_port", settings))
    later = {getattr(settings, each.port) for each in SERVICES if each.port}
    for service in SERVICES:
        if service.name in wanted:
            port = settings.metrics_ports.get(service.name) or pick_port(
                home.path, name=service.name, taken={each.number for each in ports} | later
            )
            specification = _service(service, home=home, addresses=addresses, port=port)
            if service.port:
                specification = _listening(service, specification, settings)
                ports.append(_wanted(service.port, settings))
            processes.append(specification)
            ports.append(WantedPort(port, "GANGLION_METRICS_PORTS"))
    return MeshPlan(
        processes=tuple(
            replace(
                each,
                needs=tuple(name for name in each.needs if name in wanted),
                ready_timeout_seconds=settings.ready_timeout_seconds,
                silent_seconds=settings.silent_seconds,
            )
            for each in processes
        ),
        ports=tuple(ports),
    )


def _wanted(name: str, settings: LocalMeshSettings) -> WantedPort:
    return WantedPort(getattr(settings, name), settings.port_variable(name))


def _nats(
    settings: LocalMeshSettings, *, home: Home, addresses: Addresses, monitor_path: str
) -> ProcessSpecification:
    return ProcessSpecification(
        name=NATS,
        argv=(str(find_binary()), "--config", str(home.nats_configuration)),
        environment={MEMORY: os.environ.get(MEMORY, MEMORY_IN_USE)},
        address=addresses.nats_url,
        health_url=f"http://{LOOPBACK}:{settings.nats_monitor_port}{monitor_path}/healthz",
        # What its disk refused once it refuses until it is started again.
        unhealthy_seconds=UNHEALTHY_SECONDS,
        obstacle=partial(obstacle_in, home.nats_store),
    )


def _clickhouse(
    settings: LocalMeshSettings, *, home: Home, addresses: Addresses
) -> ProcessSpecification:
    port = settings.clickhouse_port
    return ProcessSpecification(
        name=CLICKHOUSE,
        argv=_python(
            "embedded_clickhouse", "--path", str(home.clickhouse_store), "--port", str(port)
        ),
        environment={
            **_memory_for_clickhouse(),
            "GANGLION_CLICKHOUSE_HEALTH_SOCKET": str(home.health_socket(CLICKHOUSE)),
        },
        address=addresses.clickhouse_url,
        health_url=url_at(home.health_socket(CLICKHOUSE), "/ping"),
    )


def _memory_for_clickhouse() -> dict[str, str]:
    """On a small machine, or in a small container, what the engine may take: the others need theirs
    too, and an engine that is refused memory says so, where one that takes it all is killed.
    """
    if CLICKHOUSE_MEMORY in os.environ:
        return {}
    share = Cgroup.find().memory()
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    there = min(machine, share.limit) if share is not None else machine
    wanted = max(MIN_ENGINE_BYTES, int(there * ENGINE_SHARE))
    return {CLICKHOUSE_MEMORY: str(wanted)} if wanted < MAX_ENGINE_BYTES else {}


def _service(
    service: Service, *, home: Home, addresses: Addresses, port: int
) -> ProcessSpecification:
    return ProcessSpecification(
        name=service.name,
        argv=_python(service.module or service.name),
        environment={
            "GANGLION_HOME": str(home.path),
            "NATS_URL": addresses.nats_url,
            "CLICKHOUSE_URL": _as(service.account, addresses),
            **_without_what_is_for_others(addresses),
            "GANGLION_METRICS_HOST": LOOPBACK,
            "GANGLION_METRICS_PORT": str(port),
            "GANGLION_HEALTH_SOCKET": str(home.health_socket(service.name)),
        },
        address=f"http://{LOOPBACK}:{port}",
        health_url=url_at(home.health_socket(service.name), "/healthz"),
        needs=service.needs,
        patient=True,
        ready_states=service.ready_states,
    )


def _listening(
    service: Service, specification: ProcessSpecification, settings: LocalMeshSettings
) -> ProcessSpecification:
    port = getattr(settings, service.port)
    variable = {f"GANGLION_{service.port}".upper(): str(port)}
    return replace(
        specification,
        environment={**specification.environment, **variable},
        address=f"http://{LOOPBACK}:{port}",
    )


def _without_what_is_for_others(addresses: Addresses) -> dict[str, str]:
    """What the person at the command line proves himself with elsewhere says nothing here."""
    nats = {"GANGLION_NATS_CREDENTIALS": ""} if addresses.nats_embedded else {}
    clickhouse = {"GANGLION_CLICKHOUSE_PASSWORD": ""} if addresses.clickhouse_embedded else {}
    return {**nats, **clickhouse}


def _as(account: str, addresses: Addresses) -> str:
    """Where a service finds ClickHouse. Its password it finds in the home; whoever gave another
    server said as whom."""
    if not addresses.clickhouse_embedded:
        return addresses.clickhouse_url
    return addresses.clickhouse_url.replace("://", f"://{account}@", 1)


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    # -P: a folder called `ingestor` where the command was typed is not the ingestor.
    return (sys.executable, "-P", "-m", module, *arguments)


def supervisor_arguments(only: Collection[str]) -> list[str]:
    """The command line of the supervisor itself."""
    return [*_python("ganglion.supervisor"), *(word for name in only for word in ("--only", name))]
