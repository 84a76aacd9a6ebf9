"""Is what keeps the swarm from its work told, with what helps?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from enchanted.events.v1.swarm_event_pb2 import ROLE_WORKER
from nervous_system.contract.words import HALTED
from overseer import hindrances
from overseer.kernel.registered_worker import RegisteredWorker
from overseer.model import CoreSettings, OverseerState

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WELL = OverseerState(charter_hash="c")


@pytest.mark.parametrize(
    ("state", "told", "helps"),
    [
        (WELL, "", ""),
        (replace(WELL, halted="look first"), "look first", "`ganglion resume`"),
        (replace(WELL, mode=HALTED), "the guardian halted the system", "`ganglion incidents`"),
        (
            replace(WELL, held="memory was short"),
            "within the limits again",
            "counts within seconds",
        ),
    ],
)
def test_what_keeps_the_swarm_from_its_work_is_told(
    state: OverseerState, told: str, helps: str
) -> None:
    sentence, remedy = hindrances.dispatch(state, CoreSettings(), NOW)
    assert told in sentence
    assert helps in remedy
    assert bool(sentence) is bool(told)


def test_a_pulse_that_is_overdue_and_a_missing_charter_are_told() -> None:
    def due(ago: timedelta) -> OverseerState:
        return replace(WELL, cadence=replace(WELL.cadence, number=6, due_at=NOW - ago))

    assert hindrances.pulse(due(timedelta(seconds=29)), NOW) == hindrances.NOTHING
    assert hindrances.pulse(due(timedelta(seconds=31)), NOW)[0] == "pulse 7 is overdue by 31 s"
    sentence, remedy = hindrances.pulse(OverseerState(), NOW)
    assert sentence == "no charter is in force yet"
    assert "`ganglion init`" in remedy


def test_workers_that_may_do_nothing_are_named() -> None:
    worker = RegisteredWorker(
        worker_id="w-1",
        role=ROLE_WORKER,
        skills=frozenset(),
        max_concurrent_tasks=1,
        host="n",
        registered_at=NOW,
        heard_at=NOW,
    )
    strict = WELL.policy.model_copy(update={"allow_unregistered_agents": False})
    lax = WELL.policy.model_copy(update={"allow_unregistered_agents": True})
    kernel = replace(WELL.kernel, workers=WELL.kernel.workers.set("w-1", worker))
    idle = replace(WELL, policy=strict, kernel=kernel)
    sentence, remedy = hindrances.workers(idle)
    assert sentence.startswith("w-1 may do nothing: not in the registry")
    assert "registry.jsonl" in remedy
    assert hindrances.workers(replace(idle, registered=frozenset({"w-1"}))) == hindrances.NOTHING
    assert hindrances.workers(replace(idle, policy=lax)) == hindrances.NOTHING
