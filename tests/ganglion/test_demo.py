"""Does the swarm of `ganglion demo` live its story on a real log, and leave nothing behind it?"""

from __future__ import annotations

import asyncio
from collections import Counter

from enchanted.events.v1.objective_pb2 import ObjectiveFinished, ObjectivePlanned, ObjectiveResult
from nervous_system.bus import Bus, decode_stored
from nervous_system.contract.words import word
from simulation.demo.story import read_story
from tests.command_line import Run

FINISHED = "swarm.events.objective.finished.*"
PLANNED = "swarm.events.objective.planned.*"


async def ends(bus: Bus) -> list[str]:
    """How the objectives on the log ended, in its order."""
    found = []
    async for stored in bus.replay(subjects=[FINISHED]):
        payload = decode_stored(stored).event.payload
        assert isinstance(payload, ObjectiveFinished)
        found.append(word(ObjectiveResult, payload.result))
    return found


async def test_the_story_is_on_the_log_as_it_is_written(run: Run, bus: Bus) -> None:
    told = await run("demo", "--speed", "100", "--wait", "0")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines()[-1] == "the demo is over"
    story = read_story()
    steps = [*story.opening.steps]
    for action, task in story.tasks.items():
        if action != "demo.release":
            steps += [step for attempt in task.attempts for step in attempt.steps]
    written = Counter(
        decision=sum(step.decide is not None for step in steps),
        outcome=sum(step.outcome is not None for step in steps),
        state_change=sum(step.change is not None for step in steps),
    )
    stood: Counter[str] = Counter()
    async for stored in bus.replay(subjects=[f"swarm.events.*.{each}.>" for each in written]):
        stood[stored.subject.split(".")[3]] += 1
    async for stored in bus.replay(subjects=[f"swarm.events.*.{each}" for each in written]):
        stood[stored.subject.split(".")[3]] += 1
    assert stood == written
    assert await ends(bus) == ["achieved"]


async def test_a_release_that_a_person_approves_goes_out(run: Run, bus: Bus) -> None:
    playing = asyncio.create_task(run("demo", "--speed", "100", "--wait", "600"))
    async with asyncio.timeout(600):
        waiting = await waits_for_a_person(bus)
    assert (await run("objectives", "approve", waiting)).returncode == 0
    told = await playing
    assert told.stdout.splitlines()[-1].endswith("you approved the release, and it is out")
    assert await ends(bus) == ["achieved", "achieved"]


async def test_a_release_that_nobody_approves_is_called_off(run: Run, bus: Bus) -> None:
    told = await run("demo", "--speed", "100", "--wait", "0.1")
    assert told.returncode == 0
    assert "nobody approved the release" in told.stdout
    assert await ends(bus) == ["achieved", "cancelled"]


async def waits_for_a_person(bus: Bus) -> str:
    """The first objective that does, as soon as one does."""
    async with bus.reader(start_sequence=1, subjects=[PLANNED]) as reader:
        async for stored in reader:
            payload = decode_stored(stored).event.payload
            assert isinstance(payload, ObjectivePlanned)
            if payload.waits_for_approval:
                return payload.objective_id
    raise AssertionError("the log came to an end")
