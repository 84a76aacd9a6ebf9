"""Does `ganglion objectives` say what became of an objective?"""

from __future__ import annotations

import asyncio
import json
from subprocess import CompletedProcess

from ganglion.exit_codes import FAILURE, USAGE
from nervous_system.bus import Bus
from tests.command_line import CommandLine
from tests.real_servers import NatsServer, RealProcess

GENEROUS_SECONDS = 300.0
PLAN = ("--metadata", json.dumps({"tasks": [{"action": "dig"}]}))
HIGH_RISK = ("--metadata", json.dumps({"tasks": [{"action": "dig", "risk_tier": "high-risk"}]}))


async def test_what_waits_for_a_person_is_not_called_planned(
    ganglion: CommandLine, overseer: RealProcess, nats_server: NatsServer, bus: Bus
) -> None:
    subject = "swarm.events.overseer.charter_adopted"
    async with bus.reader(start_sequence=1, subjects=[subject]) as reader:
        while not await reader.batch(max_messages=1, within_seconds=5.0):
            pass
    ganglion.lead_to(nats_server.url)

    async def said(*arguments: str) -> str:
        answer = await asyncio.to_thread(ganglion, "objective", *arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    assert await said("add", "plant a tree", "--id", "o1", *PLAN) == (
        "o1 is planned; `ganglion objectives show o1` shows how it goes\n"
        "it waits: no worker is there\n"
    )
    assert await said("add", "fell a tree", "--id", "o 2", *HIGH_RISK) == (
        "o 2 waits for a person; say yes with `ganglion objectives approve 'o 2'`,"
        " or no with `ganglion objectives cancel 'o 2'`\n"
    )
    status = await asyncio.to_thread(ganglion, "status")  # no ClickHouse is there
    assert "o 2 waits for a person; say yes with `ganglion objectives approve 'o 2'`" in (
        status.stdout
    )
    await asyncio.to_thread(ganglion, "halt", "--reason", "lunch")
    added = await said("add", "plant two trees", "--id", "o3", *PLAN)
    assert "it waits: dispatch is halted: lunch (ordered by " in added
    listed = await said("list")
    assert "\t1\tplant a tree" in listed
    assert "\twaits for approval\texplicit\t0\tfell a tree" in listed
    before = await said("show", "o 2")
    assert "waits for approval" in before
    assert "o 2.1\tnot begun\t-\t" in before  # what would be done, before anybody said yes
    assert await said("approve", "o ", "--reason", "the window is open") == "o 2 is approved\n"
    approved = json.loads(await said("show", "o 2", "--json"))["approved"]
    assert approved["reason"] == "the window is open"
    shown = await said("show", "o 2")
    assert f"approved by {approved['agent_id']}, " in shown
    assert ": the window is open\n" in shown
    assert "\tplanned\texplicit\t1\tfell a tree" in await said("list")


async def test_an_objective_is_called_off_with_its_tasks_or_had_ended_already(
    ganglion: CommandLine, overseer: RealProcess, nats_server: NatsServer
) -> None:
    ganglion.lead_to(nats_server.url)

    async def run(*arguments: str) -> CompletedProcess[str]:
        return await asyncio.to_thread(ganglion, *arguments)

    assert (await run("objective", "add", "fell a tree", "--id", "o1", *HIGH_RISK)).returncode == 0
    assert (await run("objective", "add", "plant a tree", "--id", "o2", *PLAN)).returncode == 0
    for objective_id in ("o1", "o2", "o2"):
        answer = await run("objective", "cancel", objective_id, "--reason", "no trees")
        assert answer.stdout == f"{objective_id} is cancelled\n"
    assert "no objective is open" in (await run("objective", "list")).stdout
    every = (await run("objective", "list", "--all")).stdout
    assert "o1\t5\tcancelled\t" in every

    async with asyncio.timeout(GENEROUS_SECONDS):
        while "cancelled" not in (await run("tasks", "show", "o2.1")).stdout:
            pass
    for verb in ("cancel", "approve", "show"):
        answer = await run("objective", verb, "nobody")
        assert (answer.returncode, answer.stdout) == (USAGE, "")
        assert "no objective nobody" in answer.stderr
    answer = await run("objective", "approve", "o2")
    assert (answer.returncode, answer.stdout) == (FAILURE, ""), answer.stderr


async def test_an_objective_whose_tasks_could_not_be_is_not_called_planned(
    ganglion: CommandLine, overseer: RealProcess, nats_server: NatsServer
) -> None:
    ganglion.lead_to(nats_server.url)
    steps = json.dumps({"tasks": [{"action": "dig", "after": ["nothing"]}]})
    answer = await asyncio.to_thread(
        ganglion, "objective", "add", "dig", "--id", "o1", "--metadata", steps
    )
    assert (answer.returncode, answer.stdout) == (4, "")
    assert "o1.1: it depends on o1.nothing, which nobody knows" in answer.stderr


async def test_what_is_set_aside_is_said_wherever_one_looks(
    ganglion: CommandLine, overseer: RealProcess, nats_server: NatsServer
) -> None:
    ganglion.lead_to(nats_server.url)

    async def said(*arguments: str) -> str:
        answer = await asyncio.to_thread(ganglion, *arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    steps = {"tasks": [{"id": "a", "action": "dig"}, {"id": "b", "action": "dig", "after": ["a"]}]}
    await said("objectives", "add", "dig", "--id", "o1", "--metadata", json.dumps(steps))
    assert "it waits: o1.a: no worker is there\n" in await said("objectives", "show", "o1")
    await said("tasks", "quarantine", "o1.a", "--reason", "the well is dry")
    aside = (
        "it is set aside: the well is dry; `ganglion tasks retry o1.a` lets it be tried again,"
        " `ganglion tasks cancel o1.a` calls it off\n"
    )
    assert f"it waits: o1.a: {aside}" in await said("objectives", "show", "o1")
    assert f"it waits: {aside}" in await said("tasks", "show", "o1.a")
    rows = json.loads(await said("tasks", "--json"))
    assert {each["task_id"]: each["held_by"] for each in rows} == {"o1.a": "o1.a", "o1.b": "o1.a"}
    listed = await said("tasks")
    assert f"o1.a waits: {aside}" in listed
    assert listed.count("it is set aside") == 1, "what waits for it does not say it again"
    status = await asyncio.to_thread(ganglion, "status")  # no ClickHouse is there
    assert f"o1.a waits: {aside}" in status.stdout
    await said("tasks", "retry", "o1.a")
    assert "set aside" not in await said("objectives", "show", "o1")
