"""How were the histories recorded? `python tests/replay/record.py` records them anew: a quarter of
a minute of an overseer, a governor and a guardian on a real log, in which much goes wrong.

Do it when a service decides otherwise by intent, or when its settings changed, and look at what the
replay of the old recording said first: that is what your change means for a past that happened. The
old one stays, in `kept/`: add it to the table in `test_kept.py`, with the decision record that says
what is decided otherwise since.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from enchanted.events.v1.objective_pb2 import ObjectiveApproved, ObjectiveProposed
from enchanted.events.v1.pulse_pb2 import HaltLifted, HaltOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_OPERATOR
from enchanted.events.v1.task_pb2 import TaskClaimed
from enchanted.events.v1.task_request_pb2 import (
    ORDER_CANCEL,
    ORDER_QUARANTINE,
    ORDER_RETRY,
    TaskOrdered,
)
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.request_client import RequestClient
from nervous_system.clock import system_clock
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.contract.stored import Stored
from nervous_system.contract.subjects import on_any
from nervous_system.ids import new_event_id
from tests.faults.mesh_under_test import until
from tests.faults.swarm_under_test import OVERSEER, Swarm, manifest
from tests.real_servers import NatsServer, RealProcess
from tests.replay.histories import ROLES, History
from tests.replaying import replay

TESTS: Final = Path(__file__).parents[1]

SETTINGS: Final = {
    "overseer": OVERSEER.model_dump(exclude_unset=True),
    "governor": {
        "host": "recorded",
        "sample_seconds": 0.3,
        "memory_high_percent": 0.02,  # so that it has something to say on every machine
        "memory_low_percent": 0.01,
        "sleep_samples": 1000,
    },
    "guardian": {"tick_seconds": 0.2, "look_seconds": 1.0, "no_progress_seconds": 600.0},
}

BEHIND_THE_WRONG_CLAIM: Final = 20
"""So many events more does the wrong history have."""


async def main() -> None:
    with TemporaryDirectory() as folder:
        nats = NatsServer(Path(folder) / "nats")
        nats.start()
        swarm = Swarm(Path(folder), nats)
        others = [_service(swarm, name) for name in ("governor", "guardian")]
        try:
            async with swarm.bus() as bus:
                await _scene(swarm, bus)
                for process in (*swarm.workers, *swarm.overseers, *others):
                    if process.running:
                        await asyncio.to_thread(process.terminate)
                positions = [each async for each in bus.replay()]
        finally:
            swarm.end()
            for process in others:
                process.kill()
            nats.kill()
    for service in ROLES:
        _write(service, positions)


def _service(swarm: Swarm, name: str) -> RealProcess:
    variables = {
        f"GANGLION_{name.upper()}_{key.upper()}": str(value)
        for key, value in SETTINGS[name].items()
    }
    return RealProcess(
        [sys.executable, str(TESTS / name / f"{name}_program.py")],
        log=swarm.home / f"{name}.log",
        environment={
            "GANGLION_HOME": str(swarm.home),
            "NATS_URL": swarm.nats.url,
            "CLICKHOUSE_URL": "http://127.0.0.1:1",
            "GANGLION_METRICS_PORT": "0",
            **variables,
        },
    )


async def _scene(swarm: Swarm, bus: Bus) -> None:
    asker = swarm.asker(bus)
    policy = swarm.home / "policy.yaml"
    policy.write_text("max_cpu_pct: 100\nmax_ram_pct: 100\n")  # this machine has other work, too
    first = swarm.overseer()
    await _objectives(asker)
    bad = '{"how": "failed"}'
    failing = [
        manifest(f"bad-{n}", payload_json=bad, objective_id="bad", max_attempts=2)
        for n in range(12)
    ]
    await swarm.propose(asker, *failing, manifest("after-bad", depends_on=["bad-1"]))
    await swarm.propose(asker, manifest("good", priority=9), manifest("later", ttl_seconds=0.5))
    await swarm.propose(asker, manifest("wrong", priority=12), manifest("odd", depends_on=["?"]))
    await swarm.propose(asker, manifest("called off"), manifest("set aside"))
    for task_id, order in (
        ("called off", ORDER_CANCEL),
        ("set aside", ORDER_QUARANTINE),
        ("set aside", ORDER_RETRY),
    ):
        await asker.ask(TaskOrdered(task_id=task_id, order=order))
    unlucky = [swarm.worker(worker_id, most=4) for worker_id in ("w0", "w1")]
    await swarm.completed(bus, 4)

    async def incident() -> bool:
        return bool(await bus.event_ids(["swarm.events.incident.>"]))

    await until(incident, "an incident")  # whoever tries fails at these
    for worker in unlucky:
        await worker.ends()
    await _say(bus, HaltOrdered(reason="to see what happens"))
    await swarm.propose(asker, manifest("held up", priority=10))
    await _say(bus, HaltLifted())
    doomed = swarm.worker("w2", seconds=60)
    await swarm.propose(asker, *(manifest(f"again-{n}", max_attempts=1) for n in range(3)))
    await doomed.says("begun")
    doomed.kill()
    policy.write_text("max_cpu_pct: 100\nmax_ram_pct: 100\nallowed_actions: ['w*']\nnew: 1\n")
    first.kill()
    for _ in range(2):  # the guardian may have one drained, for want of pulses
        swarm.overseer()
    await swarm.led(bus, term=2)
    await swarm.propose(asker, manifest("forbidden", action="dig"), manifest("allowed"))

    swarm.worker("w3", most=4)
    await swarm.completed(bus, 9)
    await asyncio.sleep(2.0)  # a few more pulses and samples, with nothing to do


async def _objectives(asker: RequestClient) -> None:
    steps = (
        '{"tasks": [{"id": "a", "action": "work"}, {"id": "b", "action": "work", "after": ["a"]}]}'
    )
    for objective_id, metadata in (("o1", steps), ("o2", '{"plan": "no such plan"}')):
        proposed = ObjectiveProposed(
            objective_id=objective_id, description="plant", priority=7, metadata_json=metadata
        )
        await asker.ask(proposed)
    await asker.ask(ObjectiveApproved(objective_id="o2"))


async def _say(bus: Bus, payload: Payload) -> None:
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_OPERATOR,
        agent_id="tester",
        payload=payload,
    )
    await bus.publish(event)


def _write(service: str, positions: list[Stored]) -> None:
    settings = SETTINGS[service]
    role = ROLES[service](settings)
    is_read = on_any(role.replay_filters)
    read = [each for each in positions if is_read(each.subject)]
    replayed = replay(role, [decode_stored(each) for each in read])
    for difference in replayed.differences:
        print(f"{service}: {difference}")
    history = History(
        service=service,
        settings=settings,
        decisions=replayed.decisions,
        state_hash=replayed.state_hash,
        positions=read,
    )
    history.write(service)
    print(f"{service}: {len(read)} events, {replayed.decisions} decisions")
    if service == "overseer":
        _write_wrong(history)


def _write_wrong(history: History) -> None:
    """The same history, but somebody else was given a task."""
    positions = list(history.positions)
    for number, position in enumerate(positions):
        event = decode_stored(position).event
        if isinstance(event.payload, TaskClaimed):
            event.payload.worker_id = "somebody else"
            positions[number] = position._replace(data=encode(event))
            break
    wrong = History(
        service=history.service,
        settings=history.settings,
        decisions=0,
        state_hash="",
        positions=positions[: number + BEHIND_THE_WRONG_CLAIM],
    )
    wrong.write("overseer_wrong")


if __name__ == "__main__":
    asyncio.run(main())
