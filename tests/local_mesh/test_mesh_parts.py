"""Do the small parts of the supervisor keep their promises: order, lock, ports, disk, logs, mesh
file?
"""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from local_mesh.addresses import Addresses, configured_addresses
from local_mesh.home import Home
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor import process_list
from local_mesh.supervisor.lock import hold_lock, holder
from local_mesh.supervisor.log_file import bound_log, last_lines, open_log
from local_mesh.supervisor.mesh_file import (
    MeshRecord,
    ProcessRecord,
    read_mesh,
    remove_mesh,
    write_mesh,
)
from local_mesh.supervisor.preflight import WantedPort, check_disk, check_ports, pick_port
from local_mesh.supervisor.process_list import SERVICES, plan_mesh
from local_mesh.supervisor.specification import dependents
from nervous_system.errors import BadSetting, Fatal, InUse, NoRoom
from nervous_system.host.cgroup import ResourceUse
from tests.command_line import FreePort
from tests.local_mesh.stub_mesh import stub

OURS = Addresses(
    nats_url="nats://127.0.0.1:4222",
    nats_embedded=True,
    clickhouse_url="http://127.0.0.1:8123",
    clickhouse_embedded=True,
)


def test_dependents() -> None:
    a, b = stub("a", port=1), stub("b", port=2, needs=("a",))
    assert dependents([b, a]) == {"a": ("b",), "b": ()}


@pytest.mark.parametrize("needs", [("b",), ("nobody",)])
def test_an_order_that_is_none(needs: tuple[str, ...]) -> None:
    a = stub("a", port=1, needs=needs)
    with pytest.raises(Fatal, match="wait for each other or for nobody"):
        dependents([a, stub("b", port=2, needs=("a",))])


def test_two_of_one_name() -> None:
    with pytest.raises(Fatal, match="the same name"):
        dependents([stub("a", port=1), stub("a", port=2)])


def test_the_plan_leaves_out_what_others_run(tmp_path: Path) -> None:
    home, local = Home.at(tmp_path), LocalMeshSettings()
    everything = plan_mesh(local, home=home, addresses=OURS)
    services = [service.name for service in SERVICES]
    assert [each.name for each in everything.processes] == ["nats", "clickhouse", *services]
    theirs = replace(OURS, nats_embedded=False, clickhouse_embedded=False)
    plan = plan_mesh(local, home=home, addresses=theirs)
    assert [each.name for each in plan.processes] == services
    assert all(not each.needs for each in plan.processes)
    assert len(plan.ports) == len(services) + 1  # mission control has one for others, too
    ingestor = plan.processes[0]
    assert ingestor.environment["NATS_URL"] == OURS.nats_url
    assert ingestor.environment["CLICKHOUSE_URL"] == OURS.clickhouse_url
    accounts = {
        each.name: each.environment["CLICKHOUSE_URL"].rpartition("@")[0]
        for each in everything.processes
        if each.name in services
    }
    assert accounts.pop("ingestor") == "http://ganglion"
    assert set(accounts.values()) == {"http://services"}


def test_the_log_servers_memory_has_a_limit_that_a_person_may_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limit() -> str:
        plan = plan_mesh(LocalMeshSettings(), home=Home.at(tmp_path), addresses=OURS)
        return plan.processes[0].environment["GOMEMLIMIT"]

    monkeypatch.delenv("GOMEMLIMIT", raising=False)
    assert limit() == "2GiB"
    monkeypatch.setenv("GOMEMLIMIT", "5GiB")
    assert limit() == "5GiB"


def test_the_plan_refuses_a_name_that_nobody_has(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="no process is called natz; there are nats, clickhouse"):
        plan_mesh(LocalMeshSettings(), home=Home.at(tmp_path), addresses=OURS, only=["natz"])


def test_a_fixed_metrics_port_is_taken(tmp_path: Path, free_port: FreePort) -> None:
    port = free_port()
    local = LocalMeshSettings(metrics_ports={"governor": port})
    plan = plan_mesh(local, home=Home.at(tmp_path), addresses=OURS)
    governor = next(each for each in plan.processes if each.name == "governor")
    assert governor.address == f"http://127.0.0.1:{port}"


def test_a_server_of_ones_own_is_used_and_where_programs_find_a_mesh_is_another_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GANGLION_NATS_URL", "nats://elsewhere:4222")
    monkeypatch.setenv("GANGLION_CLICKHOUSE_PORT", "9999")
    monkeypatch.setenv("NATS_URL", "nats://programs:4222")
    monkeypatch.setenv("CLICKHOUSE_URL", "http://programs:8123")
    found = configured_addresses(LocalMeshSettings())
    assert (found.nats_url, found.nats_embedded) == ("nats://elsewhere:4222", False)
    assert (found.clickhouse_url, found.clickhouse_embedded) == ("http://127.0.0.1:9999", True)


def test_the_lock_has_one_holder(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "lock"
    lock.parent.mkdir()
    assert holder(lock) is None
    with hold_lock(lock):
        assert holder(lock) == os.getpid()
        sentence = rf"home {tmp_path} is in use by pid {os.getpid()}; stop"
        with pytest.raises(InUse, match=sentence), hold_lock(lock):
            pass
    assert holder(lock) is None
    with hold_lock(lock):
        pass


def test_a_port_in_use(free_port: FreePort) -> None:
    port = free_port()
    check_ports([WantedPort(port, "GANGLION_NATS_PORT")])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(InUse, match=rf"port {port} on 127.0.0.1 is in use; set GANGLION_NATS"):
            check_ports([WantedPort(port, "GANGLION_NATS_PORT")])
        other, free = free_port(), free_port()
        with (
            socket.create_server(("127.0.0.1", other)),
            pytest.raises(InUse, match=rf"ports {port}, {other} on .* set A, C to free ones"),
        ):
            check_ports([WantedPort(port, "A"), WantedPort(free, "B"), WantedPort(other, "C")])


def test_one_port_for_two(free_port: FreePort) -> None:
    port = free_port()
    with pytest.raises(InUse, match="A_PORT and B_PORT are both"):
        check_ports([WantedPort(port, "A_PORT"), WantedPort(port, "B_PORT")])


def test_a_picked_port_stays_the_same_and_is_not_given_twice(tmp_path: Path) -> None:
    first = pick_port(tmp_path, name="ingestor", taken=())
    assert pick_port(tmp_path, name="ingestor", taken=()) == first
    assert pick_port(tmp_path, name="ingestor", taken=(first,)) != first


def test_a_full_disk(tmp_path: Path) -> None:
    check_disk(tmp_path, min_free_bytes=1)
    with pytest.raises(NoRoom, match=r"the mesh wants .* make room, set GANGLION_HOME"):
        check_disk(tmp_path, min_free_bytes=2**62)


def test_a_large_log_is_set_aside_at_the_start(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"
    descriptor = open_log(log, max_bytes=10)
    os.write(descriptor, b"one\ntwo\nthree\n")
    os.close(descriptor)
    assert last_lines(log, count=2) == ["two", "three"]
    assert last_lines(log, since_byte=8) == ["three"]
    os.close(open_log(log, max_bytes=10))
    assert log.read_bytes() == b""
    assert log.with_suffix(".log.1").read_bytes() == b"one\ntwo\nthree\n"


def test_a_large_log_is_cut_while_its_process_writes(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    descriptor = open_log(log, max_bytes=100)
    os.write(descriptor, b"a" * 60)
    bound_log(log, max_bytes=100)
    os.write(descriptor, b"b" * 60)
    bound_log(log, max_bytes=100)
    os.write(descriptor, b"c")
    os.close(descriptor)
    assert log.read_bytes() == b"c"
    assert log.with_suffix(".log.1").read_bytes() == b"a" * 40 + b"b" * 60


def test_last_lines_of_no_file(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "nothing") == []


def test_the_mesh_file_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "mesh.json"
    mesh = MeshRecord(
        pid=7,
        state="running",
        started_at="2026-11-21T10:00:00+00:00",
        nats_url="nats://u:p@h:1",
        nats_monitor_url=None,
        clickhouse_url="http://h:2",
        processes=(
            ProcessRecord(
                name="a",
                state="running",
                pid=8,
                address="x",
                health_url="y",
                log="z",
                attempt=1,
            ),
        ),
    )
    assert read_mesh(path) is None
    write_mesh(path, mesh)
    assert read_mesh(path) == mesh
    assert path.stat().st_mode & 0o777 == 0o600
    remove_mesh(path)
    remove_mesh(path)
    assert read_mesh(path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "pid": 1}'])
def test_a_mesh_file_that_makes_no_sense(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mesh.json"
    path.write_text(text)
    with pytest.raises(Fatal, match="cannot be understood"):
        read_mesh(path)


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Fatal, match=r"cannot be made .* set GANGLION_HOME"):
        Home.at(tmp_path / "file").create()


@pytest.mark.parametrize(
    ("limit", "told"),
    [(750 * 1024**2, 314572800), (100 * 1024**2, 256 * 1024**2), (64 * 1024**3, None)],
)
def test_the_engine_takes_what_a_small_machine_has_left(
    monkeypatch: pytest.MonkeyPatch, *, limit: int, told: int | None
) -> None:
    class Group:
        def memory(self) -> ResourceUse:
            return ResourceUse(used=0, limit=limit)

    monkeypatch.setattr(process_list.Cgroup, "find", lambda: Group())  # type: ignore[attr-defined]
    monkeypatch.setattr(process_list.os, "sysconf", lambda name: 2**20)  # type: ignore[attr-defined]
    found = process_list._memory_for_clickhouse()
    assert found == ({} if told is None else {process_list.CLICKHOUSE_MEMORY: str(told)})
    monkeypatch.setenv(process_list.CLICKHOUSE_MEMORY, "7")
    assert process_list._memory_for_clickhouse() == {}
