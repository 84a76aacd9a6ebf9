"""Does `docker compose up` give the same mesh: the tour, traces, crashes, and nothing lost?

Run by `make compose-test`. Images that no registry gives here are replaced; what ran is printed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestor.warehouse import ClickHouseWarehouse
from nervous_system.bus import Bus, open_bus
from nervous_system.ids import new_event_id
from nervous_system.settings import MeshSettings
from tests import tour
from tests.compose.jaeger import built
from tests.compose.stack import (
    BUILD_SECONDS,
    HERE,
    ROOT,
    SERVERS,
    SERVICES,
    Stack,
    build_by_host_network,
    can_be_pulled,
    command,
)
from tests.conservation import Ledger, examine, gather
from tests.events_under_test import Publishing
from tests.real_servers import free_port

pytestmark = pytest.mark.compose


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Built and started; gone afterwards, with its volumes."""
    compose = command()
    if compose is None:
        pytest.skip("needs a Docker engine and docker compose")
    files, served_by, more = _what_can_be_had()
    variables = ("NATS", "NATS_MONITOR", "CLICKHOUSE", "HTTP", "JAEGER", "OTLP_GRPC", "OTLP_HTTP")
    stack = Stack(
        project=f"ganglion-test-{os.getpid()}",
        ports={f"GANGLION_{name}_PORT": free_port() for name in variables},
        command=compose,
        files=files,
        more=more,
    )
    try:
        if _builds_by_the_network_of_the_machine(files):
            build_by_host_network()
        else:
            stack("build", seconds=BUILD_SECONDS)
        began = time.monotonic()
        stack("up", "-d", seconds=600)
        every = (*SERVERS, *SERVICES)
        stack.until(lambda: all(map(stack.healthy, every)), "health", seconds=240)
        print(f"\n`up` with {served_by}: healthy after {time.monotonic() - began:.0f} s")
        yield stack
    finally:
        stack("down", "--volumes", "--timeout", "40")


def _what_can_be_had() -> tuple[list[Path], str, dict[str, str]]:
    """The compose files to go by, in words, and what they want in the environment."""
    files = [ROOT / "docker-compose.yml"]
    nats, clickhouse, jaeger = (can_be_pulled(_image(name)) for name in SERVERS)
    assert nats, "the image of NATS can neither be pulled nor is it here"
    said, more = ["the real NATS"], {}
    if clickhouse:
        said.append("the real ClickHouse")
    else:
        files.append(HERE / "docker-compose.clickhouse.yml")
        said.append("the embedded engine for ClickHouse")
    if jaeger:
        said.append("the real Jaeger")
    elif (binary := built()) is not None:
        files.append(HERE / "docker-compose.jaeger.yml")
        more["GANGLION_TEST_JAEGER"] = str(binary)
        said.append("the real Jaeger, built from source")
    else:
        files.append(HERE / "docker-compose.receiver.yml")
        said.append("a receiver for Jaeger")
    return files, ", ".join(said), more


def _builds_by_the_network_of_the_machine(files: list[Path]) -> bool:
    """Where a registry is out of reach, so is the package index from a network of the engine's."""
    return len(files) > 1


def _image(service: str) -> str:
    text = (ROOT / "docker-compose.yml").read_text()
    found = re.search(rf"^  {service}:\n    image: (\S+)$", text, flags=re.M)
    assert found is not None, service
    return found[1]


@pytest.fixture(scope="module")
def environment(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of somebody at the machine with nothing but the ports."""
    return stack.environment | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GANGLION_HOME": str(tmp_path_factory.mktemp("home")),
        "GANGLION_JAEGER_URL": f"http://127.0.0.1:{stack.ports['GANGLION_JAEGER_PORT']}",
        "NATS_URL": _nats_url(stack),
        "CLICKHOUSE_URL": _clickhouse_url(stack, "analyst"),
    }


def _nats_url(stack: Stack) -> str:
    """With a user of its own, as the README has somebody at the machine get one."""
    made = stack(
        "run",
        "--rm",
        "-T",
        "keys",
        "new",
        f"tour-{new_event_id()}",
        "--role",
        "operator",
        "--unsigned",
    )
    for _ in range(2):
        stack("exec", "-T", "nats", "kill", "-HUP", "1")
    return made.splitlines()[0]


def _clickhouse_url(stack: Stack, account: str) -> str:
    """With its password, as infra/README.md has somebody at the machine get it."""
    return stack("run", "--rm", "-T", "keys", "clickhouse", account).splitlines()[-1]


def test_the_tour(environment: dict[str, str]) -> None:
    tour.take(environment)


def test_a_row_leads_to_its_span(stack: Stack, environment: dict[str, str]) -> None:
    query = (
        "SELECT event_id FROM swarm.events WHERE subject LIKE 'swarm.events.task.completed%'"
        " ORDER BY seq LIMIT 1"
    )
    event_id = tour.run(f'ganglion sql "{query}"', environment).strip()
    found = json.loads(tour.run(f"ganglion trace {event_id} --json", environment))
    asked = next(each for each in found["events"] if each["event_id"] == event_id)
    page = f"/trace/{found['trace_id']}?uiFind={asked['span_id']}"
    assert found["jaeger_url"].endswith(page)
    assert len(found["events"]) > 5  # the objective's whole way
    api = f"{environment['GANGLION_JAEGER_URL']}/api/traces/{found['trace_id']}"
    stack.until(lambda: asked["span_id"] in _spans(api), f"span {asked['span_id']} in {api}")
    spans = _spans(api)
    missing = [each for each in found["events"] if each["span_id"] not in spans]
    # The tour's command that began it had no OTLP endpoint; all others are services with one.
    assert {each["agent_role"] for each in missing} <= {"operator"}


def _spans(api: str) -> set[str]:
    try:
        with urllib.request.urlopen(api, timeout=5) as answer:
            data = json.load(answer)["data"] or []
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return set()
        raise
    return {span["spanID"] for trace in data for span in trace["spans"]}


def test_only_those_who_may_write_do(environment: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="ACCESS|privilege|denied|readonly"):
        tour.run('ganglion sql "CREATE TABLE swarm.mine (a Int8) ENGINE = Memory"', environment)


@pytest.mark.parametrize("account", ["default", "ganglion", "services", "analyst"])
def test_nobody_comes_in_without_a_password_or_by_a_known_one(stack: Stack, account: str) -> None:
    address = f"http://127.0.0.1:{stack.ports['GANGLION_CLICKHOUSE_PORT']}/"
    for password in ("", "development-only", "development-only-analyst", account):
        asked = urllib.request.Request(
            address,
            data=b"SELECT 1",
            headers={"X-ClickHouse-User": account, "X-ClickHouse-Key": password},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=10)
        assert refused.value.code in (401, 403), refused.value.read()


def test_nobody_is_root_and_nothing_can_be_written(stack: Stack) -> None:
    for service in SERVICES:
        stack("exec", "-T", service, "python", "-c", "import os; assert os.getuid() == 10001")
        with pytest.raises(AssertionError, match="Read-only file system"):
            stack("exec", "-T", service, "python", "-c", "open('/opt/ganglion/x', 'w')")


async def test_each_container_killed_in_turn_and_nothing_is_lost(stack: Stack) -> None:
    """While agents publish. Each comes back by itself, and the law of conservation holds."""
    ledger = Ledger()
    settings = MeshSettings(nats_url=_nats_url(stack), publish_deadline_seconds=60.0)
    async with open_bus(settings, name="compose-test") as bus:
        publishing = Publishing(bus, ledger)
        async with publishing.load("compose"):
            for service in (*SERVICES, *SERVERS):
                before = await asyncio.to_thread(stack.kill, service)
                took = await asyncio.to_thread(_until_back, stack, service, before)
                print(f"{service} was killed and is healthy again after {took:.1f} s")
        await _law_holds(stack, bus, ledger)


def _until_back(stack: Stack, service: str, before: int) -> float:
    def back() -> bool:
        return stack.pid(service) not in (0, before) and stack.healthy(service)

    return stack.until(back, f"{service} coming back")


async def _law_holds(stack: Stack, bus: Bus, ledger: Ledger) -> None:
    url = await asyncio.to_thread(_clickhouse_url, stack, "ganglion")
    warehouse = await ClickHouseWarehouse.connect(url)
    try:
        deciding = [each for each in SERVICES if each != "ingestor"]
        await asyncio.to_thread(stack, "stop", "--timeout", "40", *deciding)
        last = (await bus.stream.state()).last_sequence
        await _recorded(warehouse, last)
        evidence = await gather(bus, warehouse)
        # The services publish, too.
        ledger.attempted.update(stored.message_id for stored in evidence.stream)  # type: ignore[misc]
        report = examine(evidence, ledger)
        print(report)
        assert not report.breaches, report
    finally:
        await warehouse.close()
    await asyncio.to_thread(stack, "stop", "--timeout", "40", "ingestor")


async def _recorded(warehouse: ClickHouseWarehouse, sequence: int) -> None:
    """Wait until that position is in ClickHouse."""
    async with asyncio.timeout(120):
        while True:
            watermark = await warehouse.watermark()
            if watermark is not None and watermark.seq >= sequence:
                return
            await asyncio.sleep(0.2)


def test_services_drain_when_they_are_told_to_stop(stack: Stack) -> None:
    """They were, by the test before."""
    codes = {service: stack.state(service)["ExitCode"] for service in SERVICES}
    assert codes == dict.fromkeys(SERVICES, 0), stack.logs()
