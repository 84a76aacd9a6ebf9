"""Does `ganglion tasks add` give the swarm one task, whole, and once?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from enchanted.events.v1.swarm_event_pb2 import ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import RISK_EXPERIMENTAL, TaskManifest, TaskSubmitted
from ganglion.exit_codes import REFUSED, USAGE
from nervous_system.bus import Bus
from operations.log_session import said_by
from tests.command_line import CommandLine, Run


async def submitted(bus: Bus) -> list[TaskManifest]:
    history = await said_by(ROLE_OVERSEER, bus, "swarm.events.task.submitted.>")
    payloads = [each.event.payload for each in history]
    return [each.manifest for each in payloads if isinstance(each, TaskSubmitted)]


async def test_all_that_is_said_of_a_task_is_in_its_manifest(
    run: Run, bus: Bus, tmp_path: Path
) -> None:
    payload = tmp_path / "payload.json"
    payload.write_text('{"depth": 2}')
    first = await run("tasks", "add", "--action", "dig", "--id", "dig the hole")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith(
        "dig the hole is added; `ganglion tasks show 'dig the hole'` shows how it goes\nit waits: "
    )
    said = await run(
        *("tasks", "add", "--action", "plant", "--id", "p", "--payload", f"@{payload}"),
        *("--after", "dig the", "--skill", "gardening", "--skill", "patience", "--priority", "9"),
        *("--max-attempts", "2", "--timeout", "10m", "--description", "an oak", "--json"),
        *("--max-losses", "0", "--ttl", "2h", "--risk", "experimental", "--cpu-count", "0.5"),
        *("--memory-bytes", "1024"),
    )
    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    assert answer["task_id"] == "p"
    assert answer["waits"].startswith("it depends on dig the hole")
    manifest = (await submitted(bus))[-1]
    assert json.loads(manifest.payload_json) == {"depth": 2}
    assert list(manifest.depends_on) == ["dig the hole"]
    assert list(manifest.required_skills) == ["gardening", "patience"]
    assert (manifest.priority, manifest.max_attempts, manifest.attempt_seconds) == (9, 2, 600.0)
    assert (manifest.action, manifest.description) == ("plant", "an oak")
    assert (manifest.max_losses, manifest.ttl_seconds) == (0, 7200.0)
    assert (manifest.required_cpu_count, manifest.required_memory_bytes) == (0.5, 1024)
    assert manifest.risk_tier == RISK_EXPERIMENTAL


async def test_said_again_under_its_id_it_is_one_task_and_another_is_refused(
    run: Run, bus: Bus
) -> None:
    add = ("tasks", "add", "--id", "d")
    for _ in range(2):
        said = await run(*add, "--action", "dig", "--payload", "@-", stdin='{"depth": 1}')
        assert said.returncode == 0, said.stderr
    other = await run(*add, "--action", "fill")
    assert (other.returncode, other.stdout) == (REFUSED, "")
    assert "a task d exists already" in other.stderr
    assert [each.task_id for each in await submitted(bus)] == ["d"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--payload", "[1]"), "--payload is not a JSON object"),
        (("--payload", "{"), "--payload is not JSON: a name in double quotes is expected where it"),
        (("--payload", "{bad"), "in double quotes is expected in line 1, column 2: bad"),
        (("--payload", '{"a": 1, "a": 2}'), "--payload says a twice in one object"),
        (("--ttl", "soon"), "--ttl is 'soon'"),
        (("--risk", "mad"), "--risk"),
        (("--max-losses", "-1"), "--max-losses"),
        (("--payload", '{"a": NaN}'), "--payload is not JSON: NaN"),
        (("--payload", "@/nowhere"), "--payload cannot be read"),
        (("--timeout", "soon"), "--timeout is 'soon'"),
        (("--priority", "11"), "--priority"),
        (("--max-attempts", "0"), "--max-attempts"),
    ],
)
def test_what_makes_no_sense_is_said_by_the_name_of_its_option(
    ganglion: CommandLine, wrong: tuple[str, ...], said: str
) -> None:
    answer = ganglion("tasks", "add", "--action", "dig", *wrong)
    assert (answer.returncode, answer.stdout) == (USAGE, "")
    assert said in answer.stderr


async def test_what_nobody_knows_cannot_be_waited_for(run: Run) -> None:
    answer = await run("tasks", "add", "--action", "dig", "--after", "never")
    assert (answer.returncode, answer.stdout) == (USAGE, "")
    assert "no task never is open" in answer.stderr
