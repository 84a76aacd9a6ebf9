"""Does a swarm come back to a checkpoint, as far as it can be?"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from enchanted.events.v1.checkpoint_pb2 import CheckpointMade, RollbackOrdered
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER
from nervous_system.bus import Bus
from nervous_system.client.agent import Agent
from nervous_system.client.workspace import Workspace
from nervous_system.contract.checkpoint import (
    UNKNOWN_KEY,
    UNSIGNED,
    WRONG,
    checkpoint_problem,
    sign_checkpoint,
)
from nervous_system.contract.event import Event
from nervous_system.contract.resource import Resource
from nervous_system.contract.signature import Signer, TrustedKey, TrustedKeys
from nervous_system.ids import child_id, new_event_id
from nervous_system.service.projection import Projection
from operations.actions.on_record import record_of_person
from operations.queries.overseer_projection import projection_of_overseer
from operations.queries.state_hash import state_hash
from tests.command_line import CommandLine
from tests.ganglion.conftest import command_lines as command_lines
from tests.ganglion.conftest import ganglion as ganglion
from tests.mission_control.door import Door
from tests.real_servers import RealProcess, wait_until


async def _checkpoint(
    bus: Bus, name: str, *, position: int | None = None, created: str = ""
) -> None:
    log = await bus.stream.state()
    made = CheckpointMade(
        checkpoint_id=f"id-of-{name}",
        name=name,
        epoch=1,
        position=log.last_sequence if position is None else position,
        log_created=created or log.created,
    )
    await record_of_person(bus, made, person="ada", event_id=new_event_id())


async def _rollbacks(bus: Bus) -> list[Event]:
    """Those that were ordered; services say things of their own meanwhile."""
    said = [bus.decode_stored(each).event async for each in bus.replay()]
    return [each for each in said if isinstance(each.payload, RollbackOrdered)]


async def test_what_was_done_since_is_taken_back_once(
    door: Door, overseer: RealProcess, bus: Bus
) -> None:
    coder = Agent(bus, role=ROLE_CODER, agent_id="coder-1", workspace=Workspace("w", None))
    await coder.change("old.py", before=None, after="1\n")
    assert door.post("/tasks", {"action": "dig", "id": "before"}).status == 201
    await _checkpoint(bus, "good")
    assert door.post("/system/rollback/good?dry_run=true", {}).json["would"] == [
        "nothing: nothing has changed since"
    ]
    await coder.change("old.py", before="1\n", after="2\n")
    await coder.change("new.py", before=None, after="1\n")
    await coder.change("gone.py", before=None, after="1\n")
    await coder.change("gone.py", before="1\n", after=None)
    assert door.post("/tasks", {"action": "dig", "id": "since"}).status == 201
    given = {"description": "Dig", "objective_id": "o", "metadata": {"tasks": [{"action": "dig"}]}}
    assert door.post("/objective", given).status == 201

    dry = door.post("/system/rollback/good?dry_run=true", {})
    assert dry.json["would"] == [
        "1 objective is called off: o",
        "1 task is called off: since",
        "old.py of w is put back",
        "new.py of w is removed, as it was not there",
        "the files wait for a worker that has them at hand: no worker does now; name their folder"
        " in GANGLION_WORKER_WORKSPACE and start one",
    ]
    assert await _rollbacks(bus) == [], "nothing was done"
    assert door.get("/tasks/since").json["task"]["status"] == "ready"

    first = door.post("/system/rollback/id-of-good", {"reason": "it broke"}, Idempotency_Key="r")
    assert first.status == 200, first.body
    again = door.post("/system/rollback/id-of-good", {"reason": "it broke"}, Idempotency_Key="r")
    assert again.status == 200, again.body
    objective_id = first.json["objective_id"]
    assert again.json["objective_id"] == objective_id
    assert list(door.get("/api/state").json["objectives"]) == [objective_id]
    assert door.get("/tasks/since").json["task"]["status"] == "cancelled"
    assert door.get("/tasks/before").json["task"]["status"] == "ready"
    (ordered,) = await _rollbacks(bus)
    assert (ordered.agent_id, ordered.event_id) == ("ada", first.json["event_id"])
    assert isinstance(ordered.payload, RollbackOrdered)
    assert list(ordered.payload.cancelled_objectives) == ["o"]
    assert list(ordered.payload.cancelled_tasks) == ["since"]


async def test_a_rollback_that_was_cut_short_is_finished(
    door: Door, overseer: RealProcess, bus: Bus
) -> None:
    await _checkpoint(bus, "good")
    assert door.post("/tasks", {"action": "dig", "id": "since"}).status == 201
    event_id = child_id("asked over HTTP by ada", "r")  # of the event, after which it was killed
    ordered = RollbackOrdered(checkpoint_id="id-of-good", cancelled_tasks=["since"])
    await record_of_person(bus, ordered, person="ada", event_id=event_id)
    done = door.post("/system/rollback/good", {}, Idempotency_Key="r")
    assert (done.status, done.json["event_id"]) == (200, event_id), done.body
    assert door.get("/tasks/since").json["task"]["status"] == "cancelled"
    assert [each.event_id for each in await _rollbacks(bus)] == [event_id]


async def test_what_cannot_be_taken_back_is_refused_with_each_reason(
    door: Door, overseer: RealProcess, bus: Bus
) -> None:
    await _checkpoint(bus, "good")
    coder = Agent(bus, role=ROLE_CODER, agent_id="coder-1", workspace=Workspace("w", None))
    await coder.change(Resource.variable("PATH"), before="a", after="b")
    await coder.change("seen.py", before=None, after="1\n")
    refused = door.post("/system/rollback/good", {})
    assert refused.status == 409
    assert refused.json["reasons"] == ["ENV_VAR PATH: only files are put back, and this is ENV_VAR"]
    assert await _rollbacks(bus) == []
    dry = door.post("/system/rollback/good?dry_run=true", {"leave": True}).json
    assert dry["left"] == refused.json["reasons"]
    done = door.post("/system/rollback/good", {"leave": True})
    assert (done.status, done.json["left"]) == (200, refused.json["reasons"])
    assert done.json["objective_id"]


async def test_a_checkpoint_to_which_nothing_leads_back_is_refused(
    door: Door, overseer: RealProcess, bus: Bus
) -> None:
    await _checkpoint(bus, "other life", created="2020-01-01T00:00:00Z")
    await _checkpoint(bus, "ahead", position=10**6)
    for name, why in (("other%20life", "another life"), ("ahead", "another life")):
        answer = door.post(f"/system/rollback/{name}", {})
        assert (answer.status, why in answer.json["detail"]) == (409, True), answer.body
    assert door.post("/system/rollback/none", {}).status == 404
    listed = door.get("/system/checkpoints").json["checkpoints"]
    assert [each["name"] for each in listed] == ["ahead", "other life"]
    await _checkpoint(bus, "ahead")
    listed = door.get("/system/checkpoints").json["checkpoints"]
    assert len(listed) == 2, "of one name the first counts"
    made = door.post("/system/checkpoint", {"name": "now"})
    assert made.status == 503, "without the tables nobody knows which epoch it is"
    assert door.post("/system/checkpoint", {"name": "checkpoint-1"}).status == 422
    assert door.post("/system/checkpoint", {"name": ""}).status == 422


async def test_a_state_has_the_same_hash_in_whatever_order_it_was_folded(
    door: Door, overseer: RealProcess, bus: Bus
) -> None:
    for number in range(20):
        skills = [f"s{each}" for each in range(number)]
        assert door.post("/tasks", {"action": "dig", "id": f"t{number}", "skills": skills})
        assert door.post("/workers", {"worker_id": f"w{number}", "skills": skills})
    one = await projection_of_overseer(bus)
    other = Projection(bus, one.role)
    await other.state_at(one.sequence - 1)
    before = state_hash(other.state)
    assert state_hash(await other.state_at(one.sequence)) == state_hash(one.state) != before


def test_a_checkpoint_says_who_signed_it_and_whether_it_was_changed() -> None:
    signer, other = Signer.generate("mesh"), Signer.generate("mesh")
    now = datetime(2026, 11, 30, tzinfo=UTC)
    trusted = TrustedKeys(keys={"mesh": TrustedKey(signer.key.verify_key, ("*",))})
    made = CheckpointMade(checkpoint_id="c", name="n", epoch=1, position=7, state_hash="h")
    assert checkpoint_problem(made, TrustedKeys.none(), at=now) == ""
    assert checkpoint_problem(made, trusted, at=now) == UNSIGNED
    signed = sign_checkpoint(made, signer)
    assert checkpoint_problem(signed, trusted, at=now) == ""
    assert checkpoint_problem(sign_checkpoint(made, other), trusted, at=now) == WRONG
    for field, value in (("position", 8), ("epoch", 2), ("name", "m"), ("state_hash", "i")):
        changed = CheckpointMade.FromString(signed.SerializeToString())
        setattr(changed, field, value)
        assert checkpoint_problem(changed, trusted, at=now) == WRONG, field
    changed = CheckpointMade.FromString(signed.SerializeToString())
    changed.key_id = "another"
    assert checkpoint_problem(changed, trusted, at=now) == UNKNOWN_KEY


def _ask(base: str, path: str, document: object = None) -> Any:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{base}{path}", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


@pytest.mark.heavy
def test_a_mesh_goes_back_to_a_checkpoint(ganglion: CommandLine, tmp_path: Path) -> None:
    """A mesh as `ganglion up` starts it: its worker puts the file back."""
    workspace = tmp_path / "files"
    workspace.mkdir()
    file = workspace / "poem.txt"
    file.write_text("roses\n")
    ganglion.environment["GANGLION_WORKER_WORKSPACE"] = str(workspace)
    services = ("nats", "clickhouse", "ingestor", "overseer", "worker", "mission_control")
    only = [word for name in services for word in ("--only", name)]
    started = ganglion("up", "--detach", *only)
    assert started.returncode == 0, started.stdout + started.stderr
    base = f"http://localhost:{ganglion.environment['GANGLION_HTTP_PORT']}"
    wait_until(
        lambda: _ask(base, "/system/checkpoint", {"name": "good"}).get("status") != 503,
        "the epoch is known",
    )
    (made,) = _ask(base, "/system/checkpoints")["checkpoints"]
    assert (made["name"], made["epoch"], made["problem"]) == ("good", 1, "")
    assert made["signed_by"], "a mesh has a key"
    assert len(made["state_hash"]) == 64
    again = _ask(base, "/system/checkpoint", {"name": "good"})
    assert (again["status"], made["checkpoint_id"] in again["detail"]) == (409, True)

    before = tmp_path / "before"
    file.rename(before)
    file.write_text("violets\n")
    changed = ganglion(
        *("emit", "change", "poem.txt", "--workspace", ""),
        *("--before", str(before), "--after", str(file)),
    )
    assert changed.returncode == 0, changed.stderr
    dry = ganglion("rollback", "good", "--dry-run")
    assert "poem.txt" in dry.stdout, dry.stderr
    assert file.read_text() == "violets\n"
    done = ganglion("rollback", "good", "--reason", "roses", "--json")
    assert done.returncode == 0, done.stderr
    objective_id = json.loads(done.stdout)["objective_id"]
    wait_until(lambda: file.read_text() == "roses\n", f"{objective_id} puts it back")
    shown = ganglion.json("checkpoints", "--json")
    assert [each["checkpoint_id"] for each in shown] == [made["checkpoint_id"]]
