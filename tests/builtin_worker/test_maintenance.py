"""Does maintenance keep every line, every policy and every checksum?"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import lz4.frame
import pytest

from builtin_worker.action import ActionContext
from builtin_worker.actions import ACTIONS
from builtin_worker.archive import only_one
from builtin_worker.protected import PROTECTED
from local_mesh.supervisor.log_file import bound_log, open_log
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.errors import Permanent, Transient
from nervous_system.service.packing import Snapshot
from nervous_system.service.snapshots import Snapshots, open_snapshots
from tests.builtin_worker.mesh_of_worker import NOW, Told, do, job, killed_at, packed, tree
from tests.real_servers import NatsServer

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class State:
    """What a service folded."""

    text: str


def rotated(home: Path, name: str = "ingestor.log.1", text: str = "one line\n") -> Path:
    path = home / "logs" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def aged(path: Path, age: timedelta) -> Path:
    """A file that was last written so long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(path.name)
    moment = (NOW - age).timestamp()
    os.utime(path, (moment, moment))
    return path


async def save(bus: Bus, text: str, *, key: str = "overseer.main") -> None:
    """What a service does with its state."""
    snapshots = Snapshots(bus.connection, await open_snapshots(bus.connection), key, State)
    await snapshots.save(
        Snapshot(
            state=State(text),
            sequence=1,
            stream_created="",
            fingerprint="",
            pending_ids=frozenset(),
        )
    )


# Logs


async def test_a_rotated_log_is_packed_and_a_live_one_untouched(place: ActionContext) -> None:
    text = "".join(f"line {number}\n" for number in range(10_000))
    rotated(place.home, text=text)
    live = rotated(place.home, "ingestor.log", "the newest line\n")
    done = await do(job("maintain.logs"), place)
    (path,) = packed(place.home)
    assert re.fullmatch(r"logs/ingestor\.log\.\d{8}T\d{12}Z\.gz", path)
    assert packed(place.home)[path].decode() == text
    assert live.read_text() == "the newest line\n"
    assert [each.name for each in (place.home / "logs").iterdir()] == ["ingestor.log"]
    assert done.changed_files == (f"archive/{path}",)
    assert done.notes == "nothing to look at"
    await do(job("maintain.logs", key="second"), place)
    assert list(packed(place.home)) == [path]


class Writer:
    """A process that appends lines to a log, each on disk before the next is asked for."""

    def __init__(self, log: Path) -> None:
        descriptor = open_log(log, max_bytes=2**30)
        code = "import sys\nfor line in sys.stdin: print(line, end=''); sys.stderr.write('.')"
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", code],
            stdin=subprocess.PIPE,
            stdout=descriptor,
            stderr=subprocess.PIPE,
        )
        os.close(descriptor)

    def write(self, lines: list[str]) -> None:
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        for line in lines:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
            assert self._process.stderr.read(1) == b"."

    def end(self) -> None:
        self._process.communicate()


async def test_no_line_is_lost_while_a_process_writes_and_the_supervisor_rotates(
    place: ActionContext,
) -> None:
    """The writer keeps its file open over the rotation, as a slow process does."""
    lines = [f"line {number}\n" for number in range(20)]
    log = place.home / "logs" / "service.log"
    writer = Writer(log)
    writer.write(lines[:10])
    os.close(open_log(log, max_bytes=1))  # rotates: the writer's file is service.log.1 now
    done = await do(job("maintain.logs", key="while it is open"), place)
    assert "a process still has it open" in done.output
    assert packed_logs(place.home) == []
    writer.write(lines[10:])
    writer.end()
    await do(job("maintain.logs", key="after it ended"), place)
    assert packed_logs(place.home) == ["".join(lines)]
    assert [each.name for each in (place.home / "logs").iterdir()] == ["service.log"]


async def test_each_rotation_is_kept_although_the_supervisor_has_one_name_for_all(
    place: ActionContext,
) -> None:
    log = rotated(place.home, "service.log", "first")
    for key, text in (("1", "second"), ("2", "third")):
        bound_log(log, max_bytes=log.stat().st_size - 1)
        log.write_text(text)
        await do(job("maintain.logs", key=key), place)
    assert sorted(packed_logs(place.home)) == ["econd", "irst"]  # it cuts to the size it is given


def packed_logs(home: Path) -> list[str]:
    if not (home / "archive" / "manifest.jsonl").exists():
        return []
    return [text.decode() for path, text in packed(home).items() if path.startswith("logs/")]


@pytest.mark.parametrize(
    "point", ["logs.set_aside", "archive.before_manifest", "archive.after_manifest"]
)
async def test_killed_at_any_point_each_line_is_archived_once(
    place: ActionContext, nats_server: NatsServer, tmp_path: Path, point: str
) -> None:
    for name in ("governor", "ingestor", "overseer"):
        rotated(place.home, f"{name}.log.1", f"all of {name}\n")
    await killed_at(
        f"{point}:2", place, nats_server, {"action": "maintain.logs", "key": "k"}, tmp_path
    )
    assert any((place.home / "logs").iterdir())
    done = await do(job("maintain.logs", key="k"), place)
    assert sorted(packed_logs(place.home)) == [
        *("all of governor\n", "all of ingestor\n", "all of overseer\n"),
    ]
    assert not list((place.home / "logs").iterdir())
    assert "wait for the next run" in done.output
    after = await do(job("maintain.logs", key="next"), place)
    assert "3 of 3 files are as they were archived, 0 are not" in after.output
    assert after.notes == "nothing to look at"


async def test_a_log_that_cannot_be_archived_stays_where_it_is(place: ActionContext) -> None:
    rotated(place.home)
    (place.home / "archive").mkdir()
    (place.home / "archive" / "logs").write_text("in the way")
    done = await do(job("maintain.logs"), place)
    (kept,) = (place.home / "logs").iterdir()
    assert kept.read_text() == "one line\n"
    assert f"logs/{kept.name}: " in done.notes
    (place.home / "archive" / "logs").unlink()
    await do(job("maintain.logs", key="later"), place)
    assert packed_logs(place.home) == ["one line\n"]


# Policies, links


async def test_what_governs_the_swarm_is_never_touched(place: ActionContext) -> None:
    folders = [
        *("", "logs", "archive", "archive/logs", "reports", "reports/diagnostics"),
        "reports/trends/2020-01-01-old",
    ]
    protected = [
        aged(place.home / folder / name, 100 * WEEK) for folder in folders for name in PROTECTED
    ]
    assert {"policy.yaml", "registry.jsonl", "charter.md"} <= PROTECTED
    before = {path: (path.read_bytes(), path.stat()) for path in protected}
    aged(place.home / "reports" / "diagnostics" / "old.md", 100 * WEEK)
    rotated(place.home)
    done = await do(job("maintain.logs", payload={"keep_days": 1}), place)
    assert len(done.changed_files) == 2
    for path, (content, status) in before.items():
        now = path.stat()
        assert path.read_bytes() == content
        assert (now.st_ino, now.st_mtime_ns, now.st_mode) == (
            *(status.st_ino, status.st_mtime_ns, status.st_mode),
        )
    assert not any(Path(path).name in PROTECTED for path in done.changed_files)


async def test_what_lies_behind_a_link_is_not_ours(place: ActionContext, tmp_path: Path) -> None:
    for folder in ("logs", "reports"):
        aged(tmp_path / "elsewhere" / folder / "some.log.1", 100 * WEEK)
        (place.home / folder).symlink_to(tmp_path / "elsewhere" / folder)
    before = tree(tmp_path / "elsewhere")
    done = await do(job("maintain.logs"), place)
    assert tree(tmp_path / "elsewhere") == before
    assert done.output.count("it is a link") == 2


# Reports


async def test_old_reports_go_and_young_ones_stay(place: ActionContext) -> None:
    reports = place.home / "reports"
    aged(reports / "diagnostics" / "old.md", 3 * WEEK)
    aged(reports / "trends" / "2026-10-01-t" / "trends.md", 3 * WEEK)
    young = aged(reports / "diagnostics" / "young.md", WEEK)
    linked = reports / "diagnostics" / "linked.md"
    linked.symlink_to(young)
    done = await do(job("maintain.logs"), place)
    assert set(done.changed_files) == {
        *("reports/diagnostics/old.md", "reports/trends/2026-10-01-t/trends.md")
    }
    assert sorted(each.name for each in reports.rglob("*")) == [
        *("diagnostics", "linked.md", "trends", "young.md")
    ]
    await do(job("maintain.logs", key="sooner", payload={"keep_days": 7}), place)
    assert young.exists()
    await do(job("maintain.logs", key="soonest", payload={"keep_days": 6}), place)
    assert not young.exists()


@pytest.mark.parametrize("keep_days", [0, -14, "14", True, 0.5])
async def test_days_that_are_of_no_use_are_refused(place: ActionContext, keep_days: object) -> None:
    report = aged(place.home / "reports" / "diagnostics" / "r.md", 100 * WEEK)
    with pytest.raises(Permanent, match="keep_days"):
        await do(job("maintain.logs", payload={"keep_days": keep_days}), place)
    assert report.exists()


# Snapshots


async def test_each_state_of_a_snapshot_is_copied_once(place: ActionContext, bus: Bus) -> None:
    await save(bus, "first")
    await save(bus, "of another " * 50_000, key="governor.node 1/a")
    await do(job("maintain.logs", key="1"), place)
    await do(job("maintain.logs", key="2"), place)
    copies = packed(place.home)
    assert len(copies) == 2
    bucket = await open_snapshots(bus.connection)
    for name in ("overseer.main", "governor.node 1/a"):
        assert (await bucket.get(name)).data in copies.values()
    await save(bus, "second")
    later = replace(place, clock=lambda: NOW + timedelta(minutes=30))
    done = await do(job("maintain.logs", key="3"), later)
    assert len(packed(place.home)) == 3
    assert "2 in the bucket, 1 of them in the archive already" in done.output
    assert not list(place.home.rglob("*.partial"))


async def test_a_copy_put_back_is_the_snapshot(place: ActionContext, bus: Bus) -> None:
    await save(bus, "the state")
    await do(job("maintain.logs"), place)
    bucket = await open_snapshots(bus.connection)
    await bucket.delete("overseer.main")
    (content,) = packed(place.home).values()
    await bucket.put("overseer.main", content)
    found = await Snapshots(bus.connection, bucket, "overseer.main", State).load()
    assert found is not None
    assert found.state == State("the state")


async def test_only_the_last_copies_of_a_snapshot_are_kept(place: ActionContext, bus: Bus) -> None:
    for number in range(5):
        await save(bus, f"state {number}")
        moment = NOW + number * timedelta(minutes=30)
        await do(
            job("maintain.logs", key=str(number), payload={"keep_snapshots": 2}),
            replace(place, clock=lambda moment=moment: moment),  # type: ignore[misc]
        )
    # Its shape, its seal, and the state.
    states = [lz4.frame.decompress(each.split(b"\n", 2)[2]) for each in packed(place.home).values()]
    kept = (b"state 3", b"state 4")
    assert [any(state in each for state in kept) for each in states] == [True, True]


async def test_a_snapshot_whose_parts_are_gone_costs_only_itself(
    place: ActionContext, bus: Bus
) -> None:
    await save(bus, "whole")
    await save(bus, "broken", key="broken.main")
    bucket = await open_snapshots(bus.connection)
    nuid = (await bucket.get_info("broken.main")).nuid
    jetstream = bus.connection.client.jetstream()
    stored = await jetstream.get_last_msg(
        f"OBJ_{names.SNAPSHOTS}", f"$O.{names.SNAPSHOTS}.C.{nuid}"
    )
    await jetstream.delete_msg(f"OBJ_{names.SNAPSHOTS}", stored.seq)  # type: ignore[arg-type]
    await jetstream.publish(f"$O.{names.SNAPSHOTS}.C.{nuid}", b"something else")
    done = await do(job("maintain.logs"), place)
    assert len(packed(place.home)) == 1
    assert f"{names.SNAPSHOTS}/broken.main: " in done.notes


async def test_without_a_log_the_rest_is_done(
    place: ActionContext, nats_server: NatsServer
) -> None:
    rotated(place.home)
    nats_server.kill()
    done = await do(job("maintain.logs"), place)
    assert names.SNAPSHOTS in done.notes
    assert packed_logs(place.home) == ["one line\n"]


# Checksums


async def test_what_is_not_as_it_was_archived_is_named(place: ActionContext) -> None:
    for name in ("a", "b", "c"):
        rotated(place.home, f"{name}.log.1", f"all of {name}\n")
    await do(job("maintain.logs", key="1"), place)
    flipped, missing, whole = (place.home / "archive" / path for path in sorted(packed(place.home)))
    content = bytearray(flipped.read_bytes())
    content[-5] ^= 1
    flipped.write_bytes(content)
    missing.unlink()
    stray = whole.with_name("stray.log.gz")
    stray.write_bytes(b"")
    done = await do(job("maintain.logs", key="2"), place)
    assert "1 of 3 files are as they were archived, 2 are not" in done.output
    assert re.search(rf"{flipped.name}: its SHA-256 is", done.notes)
    assert f"{missing.name}: it is missing" in done.notes
    assert f"| archive/logs/{stray.name} | it is not in the manifest" in done.output
    assert whole.name not in done.output
    again = await do(job("maintain.logs", key="3"), place)
    assert again.notes == done.notes  # until somebody does something about it


async def test_a_manifest_with_a_bad_line_is_kept_and_said_to_be_bad(place: ActionContext) -> None:
    rotated(place.home, "a.log.1")
    await do(job("maintain.logs", key="1"), place)
    manifest = place.home / "archive" / "manifest.jsonl"
    good = manifest.read_text()
    escape = good.replace('"logs/', '"../../')
    manifest.write_text(f'{good}not json\n{escape}["a list"]\n')
    bad = manifest.read_bytes()
    done = await do(job("maintain.logs", key="2"), place)
    for line in ("line 2: ", "line 3: its path leads out of the archive", "line 4: "):
        assert f"archive/manifest.jsonl, {line}" in done.notes
    (aside,) = (place.home / "archive").glob("manifest.jsonl.unreadable-*")
    assert aside.read_bytes() == bad
    assert len(packed(place.home)) == 1


async def test_old_archived_logs_go(place: ActionContext) -> None:
    rotated(place.home)
    await do(job("maintain.logs", key="1"), place)
    for days, left in ((89, 1), (91, 0)):
        later = replace(place, clock=lambda days=days: NOW + timedelta(days=days))  # type: ignore[misc]
        await do(job("maintain.logs", key=f"after {days}"), later)
        assert len(packed(place.home)) == left


# Twice, at once, cancelled


async def test_done_again_under_the_same_key_nothing_changes_any_more(
    place: ActionContext, bus: Bus
) -> None:
    rotated(place.home)
    await save(bus, "state")
    first = await do(job("maintain.logs", key="k"), place)
    rotated(place.home, "later.log.1")
    await save(bus, "another state")
    aged(place.home / "reports" / "old.md", 100 * WEEK)
    before = tree(place.home)
    second = await do(job("maintain.logs", key="k"), replace(place, clock=lambda: NOW + WEEK))
    assert tree(place.home) == before
    assert (second.output, second.changed_files) == (first.output, first.changed_files)
    assert "done under this idempotency key at 2026-11-21T12:00:00+00:00" in second.notes


async def test_two_at_once_do_not_meet(place: ActionContext) -> None:
    rotated(place.home)
    with only_one(place.home), pytest.raises(Transient, match="another run of maintenance"):
        await do(job("maintain.logs", key="k"), place)
    await do(job("maintain.logs", key="k"), place)
    assert packed_logs(place.home) == ["one line\n"]


async def test_cancelled_at_any_step_it_leaves_everything_whole(
    place: ActionContext, bus: Bus
) -> None:
    rotated(place.home)
    await save(bus, "state")
    aged(place.home / "reports" / "old.md", 100 * WEEK)

    class Cancelling(Told):
        """Calls the task off at one of its steps."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

        async def __call__(self, fraction: float, note: str) -> None:
            await super().__call__(fraction, note)
            if len(self.steps) == self.step:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()

    for step in range(1, 5):
        attempt = ACTIONS["maintain.logs"](job("maintain.logs", key="k"), place, Cancelling(step))
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(attempt)  # type: ignore[arg-type]
        if (place.home / "archive" / "manifest.jsonl").exists():
            packed(place.home)
    await do(job("maintain.logs", key="k"), place)
    assert packed_logs(place.home) == ["one line\n"]
    assert len(packed(place.home)) == 2
    assert not (place.home / "reports" / "old.md").exists()
