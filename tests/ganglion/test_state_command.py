"""Does `ganglion state` say what was, and what changed, by which events?"""

from __future__ import annotations

import json

from ganglion.exit_codes import OK, USAGE
from tests.command_line import Run


async def test_a_task_comes_between_two_moments_and_the_event_is_named(run: Run) -> None:
    before = json.loads((await run("state", "--json")).stdout)
    assert before["tasks"] == {}
    assert before["mode"]["system"]["mode"] == "operational"
    assert (await run("tasks", "add", "--action", "dig\x1b[2J", "--id", "one")).returncode == OK
    after = json.loads((await run("state", "--json")).stdout)
    assert after["position"] > before["position"]
    assert after["tasks"]["one"]["status"] == "waits"
    moments = ("--at", str(after["position"]), "--diff", before["recorded_at"])
    found = json.loads((await run("state", *moments, "--json")).stdout)
    assert (found["from"]["position"], found["to"]["position"]) == (
        before["position"],
        after["position"],
    )
    (task,) = [each for each in found["differences"] if each["section"] == "tasks"]
    assert (task["id"], task["way"], task["before"]) == ("one", "came", None)
    assert [each["payload_kind"] for each in task["events"]] == ["task_submitted"]
    said = await run("state", *moments)
    assert said.returncode == OK
    assert "submitted of overseer/main at" in said.stdout
    assert "\x1b" not in said.stdout + (await run("state")).stdout
    back = await run("state", "--at", str(before["position"]), "--json")
    assert json.loads(back.stdout) == before


async def test_what_is_no_moment_is_said_in_a_sentence(run: Run) -> None:
    for typed, why in {
        "0": "is before the log",
        "999999": "is not there yet",
        "9000-01-01": "is yet to come",
        "soon": "is no moment",
    }.items():
        refused = await run("state", "--at", typed)
        assert (refused.returncode, refused.stdout) == (USAGE, "")
        assert why in refused.stderr, refused.stderr
        assert "Traceback" not in refused.stderr
