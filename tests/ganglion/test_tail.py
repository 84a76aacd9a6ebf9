"""Does `ganglion tail` show what was asked for, and end where that was asked?"""

from __future__ import annotations

import asyncio
import json

import nats
import pytest

from enchanted.events.v1.action_outcome_pb2 import (
    OUTCOME_FAILED,
    OUTCOME_SUCCEEDED,
    ActionOutcome,
)
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from ganglion.exit_codes import OK, USAGE
from nervous_system.bus import Bus
from nervous_system.clock import system_clock
from nervous_system.contract.event import Event
from nervous_system.contract.payload import Payload
from nervous_system.ids import new_event_id
from tests.command_line import CommandLine
from tests.real_servers import NatsServer

LOOK = AgentDecision(chosen_action="look")
DECISION = new_event_id()


async def put(bus: Bus, agent_id: str, payload: Payload) -> None:
    event = Event(
        event_id=new_event_id(),
        timestamp=system_clock(),
        agent_role=ROLE_CODER,
        agent_id=agent_id,
        payload=payload,
    )
    await bus.publish(event)


@pytest.fixture
async def told(ganglion: CommandLine, nats_server: NatsServer, bus: Bus) -> CommandLine:
    """The command line of a mesh in which two agents decided, and one failed."""
    ganglion.lead_to(nats_server.url)
    await put(bus, "c1", LOOK)
    await put(bus, "c2", LOOK)
    await put(bus, "c2", ActionOutcome(decision_event_id=DECISION, status=OUTCOME_FAILED))
    await put(bus, "c1", ActionOutcome(decision_event_id=DECISION, status=OUTCOME_SUCCEEDED))
    client = await nats.connect(nats_server.url)
    await client.jetstream().publish("swarm.events.coder.decision", b"\xffjunk")
    await client.close()
    return ganglion


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        ((), [1, 2, 3, 4, 5]),
        (("--from", "3"), [3, 4, 5]),
        (("--agent", "c2"), [2, 3]),
        (("--agent", "c1", "--agent", "c2", "--kind", "decision"), [1, 2]),
        (("--kind", "outcome"), [3, 4]),
        (("--kind", "action_outcome", "--agent", "c1"), [4]),
        (("--failed",), [3]),
        (("--failed", "--agent", "c1"), []),
        (("--agent", "c2", "-n", "1"), [2]),
        (("--subject", "swarm.events.coder.outcome.>"), []),
    ],
)
async def test_only_what_is_wanted_is_shown_and_the_end_is_an_end(
    told: CommandLine, options: tuple[str, ...], positions: list[int]
) -> None:
    said = await asyncio.to_thread(told, "tail", "--until-end", "--json", *options)
    assert said.returncode == OK, said.stderr
    found = [json.loads(line)["sequence"] for line in said.stdout.splitlines()]
    assert found == positions
    assert bool(found) is not ("nothing on the log is like that" in said.stderr)


def test_a_kind_that_there_is_not_is_said_with_what_was_meant(ganglion: CommandLine) -> None:
    answer = ganglion("tail", "--kind", "decison")
    assert (answer.returncode, answer.stdout) == (USAGE, "")
    assert "did you mean decision" in answer.stderr
