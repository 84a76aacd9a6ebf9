"""Is what a task changed put back, on disk and on record, and nothing else?"""

from __future__ import annotations

import stat
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from builtin_worker.action import ActionContext
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import ROLE_CODER, ROLE_OVERSEER
from enchanted.events.v1.task_pb2 import (
    RESULT_COMPLETED,
    RESULT_QUARANTINED,
    TaskAcknowledged,
    TaskClaimed,
    TaskFailed,
    TaskReleased,
)
from nervous_system.bus import Bus, decode_stored
from nervous_system.client.agent import Agent
from nervous_system.client.finding_workspace import find_workspace
from nervous_system.contract.event import Event, RecordedEvent
from nervous_system.contract.resource import Resource
from nervous_system.contract.subjects import chain_filter
from nervous_system.errors import Permanent, Transient
from nervous_system.ids import content_hash, new_event_id
from tests.builtin_worker.mesh_of_worker import NOW, do, job, killed_at, publish
from tests.real_servers import NatsServer

TASK = "tasks/1"
WORK = job("restore.task", task_id="r", payload={"task_id": TASK, "reason": "it failed"})


@dataclass(frozen=True)
class Swarm:
    """A coder that works on a task, in files that lie in a workspace."""

    bus: Bus
    workspace: Path
    coder: Agent

    @asynccontextmanager
    async def attempt(self, task_id: str = TASK) -> AsyncIterator[None]:
        """One attempt at the task: claimed, worked at in a trace of its own, failed."""
        with self.bus.tracer.span("work", root=True) as span:
            claimed = Event(
                event_id=new_event_id(),
                timestamp=NOW,
                agent_role=ROLE_OVERSEER,
                agent_id="overseer",
                trace_id=span.trace_id,
                span_id=span.span_id,
                payload=TaskClaimed(task_id=task_id, worker_id="coder-1", attempt=1),
            )
            await self.bus.publish(claimed)
            yield
        await publish(self.bus, TaskFailed(task_id=task_id, worker_id="coder-1", attempt=1))

    async def set_aside(self) -> None:
        """As the guardian orders it."""
        await publish(self.bus, TaskAcknowledged(task_id=TASK, result=RESULT_QUARANTINED))

    async def write(self, name: str, after: str | None, *, by: Agent | None = None) -> None:
        """A file, and the link of its chain."""
        path = self.workspace / name
        before = path.read_bytes() if path.exists() else None
        if after is None:
            path.unlink()
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(after.encode())
        await (by or self.coder).change(name, before=before, after=after)

    def files(self) -> dict[str, str]:
        """Every file there is."""
        found = (each for each in self.workspace.rglob("*") if each.is_file())
        return {str(each.relative_to(self.workspace)): each.read_text() for each in found}

    async def links(self, name: str) -> list[StateChange]:
        """The chain of a file; each link begins where the one before it ended."""
        chain = chain_filter(Resource.file(name).key)
        links = [
            decode_stored(each).event.payload async for each in self.bus.replay(subjects=[chain])
        ]
        for one, after in pairwise(links):
            assert one.new_state_hash == after.previous_state_hash
        return links  # type: ignore[return-value]


@pytest.fixture
def swarm(bus: Bus, tmp_path: Path) -> Swarm:
    """Nothing was changed yet."""
    (tmp_path / "workspace").mkdir()
    coder = Agent(bus, role=ROLE_CODER, agent_id="coder-1", clock=lambda: NOW)
    return Swarm(bus, tmp_path / "workspace", coder)


@pytest.fixture
def place(place: ActionContext, swarm: Swarm) -> ActionContext:
    """Where the built-in worker has the files at hand."""
    return replace(place, workspace=swarm.workspace)


async def test_everything_is_as_it_was_on_disk_and_on_record(
    place: ActionContext, swarm: Swarm
) -> None:
    await swarm.write("kept.py", "one\n")
    await swarm.write("changed.py", "one\ntwo\n")
    await swarm.write("removed.py", "with no end")
    await swarm.write("emptied.py", "full\n")
    await swarm.write("empty.py", "")
    (swarm.workspace / "changed.py").chmod(0o755)
    before = swarm.files()
    async with swarm.attempt():
        await swarm.write("changed.py", "one\nthree\n")
        await swarm.write("src/new.py", "new\n")
        await swarm.write("new_and_empty.py", "")
    async with swarm.attempt():
        await swarm.write("changed.py", "four\n")
        await swarm.write("removed.py", None)
        await swarm.write("emptied.py", "")
        await swarm.write("empty.py", "full\n")
        await swarm.write("there_and_back.py", "x")
        await swarm.write("there_and_back.py", None)
    async with swarm.attempt("another"):
        await swarm.write("another.py", "stays\n")
    await swarm.set_aside()
    done = await do(WORK, place)
    assert swarm.files() == {**before, "another.py": "stays\n"}
    assert stat.S_IMODE((swarm.workspace / "changed.py").stat().st_mode) == 0o755
    changed = {"changed.py", "src/new.py", "new_and_empty.py", "removed.py", "emptied.py"}
    assert set(done.changed_files) == {*changed, "empty.py"}
    assert done.notes == "files put back: 6"
    for name in done.changed_files:
        last = (await swarm.links(name))[-1]
        assert last.new_state_hash == content_hash(before.get(name))
        assert last.is_reversible or not last.diff_patch
        assert not last.external
    assert len(await swarm.links("kept.py")) == 1


async def test_what_was_taken_back_stands_under_a_decision_with_its_reason(
    place: ActionContext, swarm: Swarm
) -> None:
    async with swarm.attempt():
        await swarm.write("a.py", "a\n")
    await swarm.set_aside()
    await do(WORK, place)
    found = [decode_stored(each).event async for each in swarm.bus.replay()]
    decision, change = found[-2:]
    assert decision.payload.rationale == "it failed"
    assert decision.payload.chosen_action == f"take back what task {TASK} changed"
    assert change.causation_id == decision.event_id
    assert change.agent_id == "worker-1"


async def test_what_others_made_of_a_file_is_left_and_said(
    place: ActionContext, swarm: Swarm
) -> None:
    other = Agent(swarm.bus, role=ROLE_CODER, agent_id="coder-2")
    async with swarm.attempt():
        for name in ("mine.py", "ours.py", "theirs.py"):
            await swarm.write(name, f"{name}\n")
    await swarm.write("ours.py", "and more\n", by=other)
    (swarm.workspace / "theirs.py").write_text("by hand\n")
    await swarm.set_aside()
    with pytest.raises(Permanent) as refused:
        await do(WORK, place)
    assert "of 3 resources that task tasks/1 changed, 2 could not be put back" in str(refused.value)
    assert "ours.py: coder-2 has changed it since" in str(refused.value)
    assert "theirs.py: somebody has changed it since" in str(refused.value)
    assert swarm.files() == {"ours.py": "and more\n", "theirs.py": "by hand\n"}


async def test_what_came_back_and_was_changed_again_is_taken_back_again(
    place: ActionContext, swarm: Swarm
) -> None:
    await swarm.write("a.py", "a\n")
    for number in range(2):
        async with swarm.attempt():
            await swarm.write("a.py", f"{number}\n")
        await swarm.set_aside()
        await do(replace(WORK, task_id=f"r{number}"), place)
        assert swarm.files() == {"a.py": "a\n"}
    assert len(await swarm.links("a.py")) == 5


async def test_nothing_outside_the_workspace_and_nothing_that_governs_is_written(
    place: ActionContext, swarm: Swarm, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (swarm.workspace / "link").symlink_to(tmp_path / "elsewhere")
    names = ("../outside.py", str(tmp_path / "absolute.py"), "link/behind.py", "policy.yaml")
    async with swarm.attempt():
        for name in names:
            await swarm.write(name, "x\n")
        await swarm.coder.change(Resource.variable("PATH"), before="a", after="b")
    await swarm.set_aside()
    with pytest.raises(Permanent, match="5 could not be put back") as refused:
        await do(WORK, place)
    assert str(refused.value).count("it does not lie in") == 3
    assert "policy.yaml: the swarm is governed by it" in str(refused.value)
    assert "PATH: only files are put back, and this is ENV_VAR" in str(refused.value)
    assert all((swarm.workspace / name).read_text() == "x\n" for name in names)


async def test_what_the_log_has_not_whole_is_left(place: ActionContext, swarm: Swarm) -> None:
    async with swarm.attempt():
        (swarm.workspace / "binary").write_bytes(b"\xff\xfe")
        await swarm.coder.change("binary", before=None, after=b"\xff\xfe")
        await swarm.write("secret.py", f"token = 'ghp_{'a' * 36}'\n")
    await swarm.set_aside()
    with pytest.raises(Permanent, match="2 could not be put back") as refused:
        await do(WORK, place)
    assert "binary: it is no text any more" in str(refused.value)
    assert "secret.py: the log does not have all of what was changed" in str(refused.value)


async def test_a_task_that_may_still_be_worked_on_is_waited_for(
    place: ActionContext, swarm: Swarm
) -> None:
    async with swarm.attempt():
        await swarm.write("a.py", "a\n")
        with pytest.raises(Transient, match="may still be worked on; cancel it, or set it aside"):
            await do(WORK, place)
    await publish(swarm.bus, TaskReleased(task_id=TASK, worker_id="coder-1", attempt=1))
    with pytest.raises(Transient, match="may still be worked on"):
        await do(WORK, place)
    assert swarm.files() == {"a.py": "a\n"}


async def test_nothing_changed_is_nothing_to_do(place: ActionContext, swarm: Swarm) -> None:
    async with swarm.attempt():
        pass
    await swarm.set_aside()
    done = await do(WORK, place)
    assert "Nothing is left of what task tasks/1 changed" in done.output
    assert done.changed_files == ()


async def test_what_cannot_be_asked_is_refused_with_what_to_do(place: ActionContext) -> None:
    with pytest.raises(Permanent, match="the log has no task tasks/1"):
        await do(WORK, place)
    with pytest.raises(Permanent, match="task_id in its payload is None; give a text"):
        await do(job("restore.task"), place)
    with pytest.raises(Permanent, match="name their folder in GANGLION_WORKER_WORKSPACE"):
        await do(WORK, replace(place, workspace=None))


async def test_an_attempt_that_died_before_it_said_so_is_finished_by_the_next(
    place: ActionContext, swarm: Swarm, nats_server: NatsServer, tmp_path: Path
) -> None:
    await swarm.write("a.py", "a\n")
    async with swarm.attempt():
        await swarm.write("a.py", "b\n")
        await swarm.write("a.py", "c\n")
    await swarm.set_aside()
    asked = {"action": WORK.action, "payload": WORK.payload, "workspace": str(swarm.workspace)}
    await killed_at("restore.before_record", place, nats_server, asked, tmp_path)
    assert swarm.files() == {"a.py": "a\n"}
    assert len(await swarm.links("a.py")) == 3
    done = await do(WORK, place)
    assert done.changed_files == ("a.py",)
    last = (await swarm.links("a.py"))[-1]
    assert (last.new_state_hash, last.external) == (content_hash("a\n"), False)
    assert last.diff_patch.endswith("-c\n+a\n")


async def test_one_odd_file_does_not_keep_the_others_from_being_put_back(
    place: ActionContext, swarm: Swarm
) -> None:
    async with swarm.attempt():
        await swarm.write("a.py", "a\n")
        await swarm.coder.change("odd\0name", before=None, after="x\n")
        await swarm.write("b.py", "b\n")
    await swarm.set_aside()
    with pytest.raises(Permanent, match="1 could not be put back: odd\0name: embedded null byte"):
        await do(WORK, place)
    assert swarm.files() == {}


async def test_a_folder_that_became_a_file_is_a_folder_again(
    place: ActionContext, swarm: Swarm
) -> None:
    await swarm.write("d/a.py", "a\n")
    async with swarm.attempt():
        await swarm.write("d/a.py", None)
        (swarm.workspace / "d").rmdir()
        await swarm.write("d", "a file now\n")
    await swarm.set_aside()
    await do(WORK, place)
    assert swarm.files() == {"d/a.py": "a\n"}


async def test_nothing_is_written_through_a_link(
    place: ActionContext, swarm: Swarm, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    await swarm.write("a.py", "a\n")
    (swarm.workspace / "real").mkdir()
    (swarm.workspace / "link").symlink_to("real")
    async with swarm.attempt():
        await swarm.write("a.py", "b\n")
        await swarm.write("link/f.py", "f\n")
    (swarm.workspace / ".a.py.ganglion.partial").symlink_to(victim)
    await swarm.set_aside()
    with pytest.raises(Permanent, match=r"link/f\.py: it does not lie in .* or it lies behind"):
        await do(WORK, place)
    assert victim.read_text() == "mine\n"
    assert (swarm.workspace / "a.py").read_text() == "a\n"
    assert not (swarm.workspace / "a.py").is_symlink()


async def test_what_was_completed_meanwhile_is_taken_back_only_for_a_person(
    place: ActionContext, swarm: Swarm
) -> None:
    async with swarm.attempt():
        await swarm.write("a.py", "a\n")
    await publish(swarm.bus, TaskAcknowledged(task_id=TASK, result=RESULT_COMPLETED))
    with pytest.raises(Permanent, match="was completed meanwhile, and what it did is left"):
        await do(WORK, place)
    assert swarm.files() == {"a.py": "a\n"}
    await do(replace(WORK, payload={"task_id": TASK, "completed": True}), place)
    assert swarm.files() == {}


async def test_only_files_of_its_own_workspace_are_put_back(
    swarm: Swarm, place: ActionContext
) -> None:
    """Another repository's file of the same path is left, and so is what a worker below the root
    does not have at hand."""
    root = swarm.workspace
    _git(root, "init", "--quiet")
    _git(root, "remote", "add", "origin", "https://host/ours")
    ours = await find_workspace(root)
    assert ours.name == "host/ours"
    here, there = (
        Agent(swarm.bus, role=ROLE_CODER, agent_id="c", workspace=each)
        for each in (ours, replace(ours, name="host/theirs"))
    )
    async with swarm.attempt():
        await swarm.write("sub/calc.py", "ours\n", by=here)
        await there.change("sub/calc.py", before=None, after="theirs\n")
    await swarm.set_aside()
    with pytest.raises(Permanent, match="in host/theirs, and the files here are in host/ours"):
        await do(WORK, replace(place, workspace=root / "sub"))
    assert not (root / "sub" / "calc.py").exists()
    links = [bus_link.event.payload async for bus_link in _links(swarm.bus)]
    assert [(link.workspace, bool(link.new_state_hash)) for link in links] == [
        ("host/ours", True),
        ("host/theirs", True),
        ("host/ours", False),
    ]


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)


async def _links(bus: Bus) -> AsyncIterator[RecordedEvent]:
    async for stored in bus.replay(subjects=["swarm.events.*.state_change.>"]):
        yield bus.decode_stored(stored)


async def test_all_that_was_changed_since_a_position_is_taken_back(
    place: ActionContext, swarm: Swarm
) -> None:
    await swarm.write("old.py", "one\n")
    await swarm.write("imported.py", "one\n")
    before, log = swarm.files(), await swarm.bus.stream.state()
    other = Agent(swarm.bus, role=ROLE_CODER, agent_id="coder-2", clock=lambda: NOW)
    await swarm.write("old.py", "two\n")
    await swarm.write("old.py", "three\n", by=other)
    await swarm.write("new.py", "new\n", by=other)
    imported = StateChange(
        target_type="FILE_SYSTEM",
        target_resource="imported.py",
        previous_state_hash="",
        new_state_hash=content_hash("one\n"),
        diff_patch="",
        is_reversible=True,
    )
    await swarm.bus.publish(
        Event(
            event_id=new_event_id(),
            timestamp=NOW,
            agent_role=ROLE_CODER,
            agent_id="author",
            payload=imported,
        )
    )
    payload = {"position": log.last_sequence, "log_created": log.created, "reason": "it broke"}
    done = await do(job("restore.checkpoint", task_id="c", payload=payload), place)
    assert swarm.files() == before, "what an import put on record was there before"
    assert set(done.changed_files) == {"old.py", "new.py"}
    assert [each.new_state_hash for each in await swarm.links("old.py")][-1] == content_hash(
        "one\n"
    )
    again = await do(job("restore.checkpoint", task_id="d", key="d", payload=payload), place)
    assert (again.changed_files, swarm.files()) == ((), before)


async def test_what_has_no_way_back_is_left_only_if_that_is_said(
    place: ActionContext, swarm: Swarm
) -> None:
    log = await swarm.bus.stream.state()
    await swarm.coder.change(Resource.variable("PATH"), before="a", after="b")
    await swarm.write("new.py", "new\n")
    payload = {"position": log.last_sequence, "log_created": log.created}
    with pytest.raises(Permanent, match="only files are put back"):
        await do(job("restore.checkpoint", task_id="c", payload=payload), place)
    leaving = job("restore.checkpoint", task_id="d", payload={**payload, "leave": True})
    await do(leaving, place)
    assert swarm.files() == {}
    elsewhere = job("restore.checkpoint", payload={**payload, "log_created": "2020-01-01"})
    with pytest.raises(Permanent, match="begun anew"):
        await do(elsewhere, place)
