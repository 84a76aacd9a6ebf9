"""Does `ganglion status` tell of a line of the inbox that could not be read, for as long as it is
there?
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from ganglion.exit_codes import OK
from tests.command_line import CommandLine


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_a_broken_line_is_told_of_until_the_file_is_gone(ganglion: CommandLine) -> None:
    def broken() -> str | None:
        swarm = ganglion.json("status", "--json")["swarm"]
        return None if swarm is None else str(swarm["inbox_broken"])

    def start() -> None:
        started = ganglion("up", "--detach", "--only", "nats", "--only", "overseer")
        assert started.returncode == OK, started.stderr

    inbox = ganglion.home / "objectives.jsonl"
    start()
    until(lambda: broken() == "")
    inbox.write_text('{"priority": 3}\n')
    until(lambda: broken() == f"{inbox}:1: description: Field required")
    said = ganglion("status")
    assert said.returncode == OK, said.stderr
    assert f"not taken from the inbox, write it anew: {broken()}\n" in said.stdout

    with inbox.open("a") as file:
        for line in ("{}", json.dumps({"description": "Diagnose", "objective_id": "o1"})):
            file.write(f"{line}\n")
    until(lambda: "o1" in ganglion("objective", "list").stdout)
    told = f"{inbox}:2: description: Field required (the last of 2 such lines)"
    assert broken() == told
    assert ganglion("down").returncode == OK
    start()
    until(lambda: broken() == told)

    inbox.unlink()
    until(lambda: broken() == "")
    assert ganglion("down").returncode == OK
