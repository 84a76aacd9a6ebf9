"""Is a batch staged in memory as safe as one staged on the disk, and is nothing left behind?"""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from local_mesh import batch_staging
from local_mesh.batch_staging import MARK, BatchStaging
from nervous_system.bus import Bus, open_bus
from nervous_system.contract.message import Message
from nervous_system.settings import MeshSettings
from tests.real_servers import NatsServer


def batch(first: int, count: int = 3) -> list[Message]:
    return [
        Message(subject="swarm.events.coder.decision", message_id=f"m{number}", data=b"x")
        for number in range(first, first + count)
    ]


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def staging_folder(store: Path) -> Path:
    (stream,) = store.rglob("ENCHANTED_SWARM")
    return stream / "batches"


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    folder = tmp_path / "memory"
    folder.mkdir()
    return folder


async def test_batches_are_stored_and_survive_a_kill_of_the_server(
    bus: Bus, nats_server: NatsServer, memory: Path, mesh_settings: MeshSettings
) -> None:
    staging = BatchStaging(nats_server.store, in_memory=memory)
    await bus.publisher.append_batch(batch(1))
    assert staging.look() == ""
    await bus.publisher.append_batch(batch(4))
    assert names_in(memory), "nothing was staged there"
    nats_server.kill()
    nats_server.start()
    async with open_bus(mesh_settings, name="again") as again:
        assert (await again.stream.state()).last_sequence == 6
        assert staging.look() == "", "the server removes the link when it starts"
        assert staging_folder(nats_server.store).is_symlink()
        await again.publisher.append_batch(batch(7))
        assert (await again.stream.state()).last_sequence == 9
    nats_server.stop()
    staging.remove()
    assert not names_in(memory)


async def test_a_folder_with_a_batch_in_it_is_left_alone(
    bus: Bus, nats_server: NatsServer, memory: Path
) -> None:
    staging = BatchStaging(nats_server.store, in_memory=memory)
    batches = staging_folder(nats_server.store)
    (batches / "one" / "msgs").mkdir(parents=True)
    staging.look()
    assert not batches.is_symlink()
    assert names_in(batches) == ["one"]
    (batches / "one" / "msgs").rmdir()
    (batches / "one").rmdir()
    staging.look()
    assert batches.is_symlink()


def test_without_a_stream_or_without_memory_nothing_happens(tmp_path: Path, memory: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    assert BatchStaging(store, in_memory=memory).look() == ""
    assert "cannot be used" in BatchStaging(store, in_memory=tmp_path / "none").look()
    assert not list(memory.iterdir())
    BatchStaging(store, in_memory=memory).remove()


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    """A store with the folder of the log's stream in it."""
    folder = tmp_path / "store" / "jetstream" / "$G" / "streams" / "ENCHANTED_SWARM"
    folder.mkdir(parents=True)
    return folder


def test_the_folder_is_ours_alone_and_nobody_can_foresee_its_name(
    tmp_path: Path, stream: Path, memory: Path
) -> None:
    one, two = (BatchStaging(tmp_path / "store", in_memory=memory) for _ in range(2))
    one.look()
    first = one.folder
    assert first is not None
    assert stat.S_IMODE(first.lstat().st_mode) == 0o700
    one.remove()
    two.look()
    assert two.folder is not None
    assert two.folder.name != first.name
    assert (stream / "batches").readlink() == two.folder


def test_what_a_crash_left_is_removed_at_the_next_start(
    tmp_path: Path, stream: Path, memory: Path
) -> None:
    crashed = BatchStaging(tmp_path / "store", in_memory=memory)
    crashed.look()
    assert names_in(memory)
    BatchStaging(tmp_path / "store", in_memory=memory).remove()
    assert not names_in(memory)
    assert not (stream / "batches").is_symlink()


def test_nobody_elses_folder_is_removed(tmp_path: Path, stream: Path, memory: Path) -> None:
    """Whatever the mark says: it may be old, and its name somebody else's by now."""
    for victim in (tmp_path / "victim", memory / "theirs", memory / "ganglion-open"):
        victim.mkdir(mode=0o755)
        (victim / "keep").write_text("")
        (tmp_path / "store" / MARK).write_bytes(os.fsencode(victim))
        BatchStaging(tmp_path / "store", in_memory=memory).remove()
        assert names_in(victim) == ["keep"]
    (memory / "ganglion-link").symlink_to(tmp_path / "victim")
    (tmp_path / "store" / MARK).write_bytes(os.fsencode(memory / "ganglion-link"))
    BatchStaging(tmp_path / "store", in_memory=memory).remove()
    assert names_in(tmp_path / "victim") == ["keep"]


def test_whatever_is_wrong_with_memory_batches_go_to_the_disk_and_back(
    tmp_path: Path, stream: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging, place = BatchStaging(tmp_path / "store", in_memory=memory), stream / "batches"

    def is_on_disk(why: str) -> None:
        assert why in staging.look()
        assert not place.is_symlink()
        assert not [name for name in names_in(memory) if name.startswith("ganglion-")]

    def is_in_memory() -> None:
        assert staging.look() == ""
        assert place.is_symlink()

    is_in_memory()
    memory.chmod(0o777)  # without the sticky bit anybody may replace our folder
    is_on_disk("others may remove or replace")
    memory.chmod(0o1777)
    is_in_memory()
    assert staging.folder is not None
    staging.folder.rename(tmp_path / "taken")
    is_on_disk("removed or changed by somebody")
    is_in_memory()
    staging.folder.rename(tmp_path / "taken too")
    planted = staging.folder
    planted.symlink_to(tmp_path / "taken too")
    assert "removed or changed by somebody" in staging.look()
    assert not place.is_symlink()
    assert (tmp_path / "taken too").is_dir(), "what a planted link leads to is not touched"
    planted.unlink()
    is_in_memory()
    place.unlink()
    place.symlink_to(tmp_path)
    is_on_disk("the link to a folder in memory was changed")
    is_in_memory()
    monkeypatch.setattr(batch_staging, "ROOM_BYTES", 2**62)
    is_on_disk("MiB left")


def test_a_link_that_is_there_before_is_not_believed(
    tmp_path: Path, stream: Path, memory: Path
) -> None:
    (stream / "batches").symlink_to(tmp_path)
    staging = BatchStaging(tmp_path / "store", in_memory=memory)
    assert "is not ours" in staging.look()
    assert staging.look() == ""
    assert (stream / "batches").readlink() == staging.folder


async def test_when_memory_is_full_under_way_batches_go_on(
    bus: Bus, nats_server: NatsServer, memory: Path
) -> None:
    """Those that found no room are sent again, and find it on the disk."""
    staging = BatchStaging(nats_server.store, in_memory=memory)
    await bus.publisher.append_batch(batch(1))
    assert staging.look() == ""
    assert staging.folder is not None
    staging.folder.chmod(0o500)
    staging.folder.rename(memory / "gone")  # as far as the server sees there is no room
    sending = asyncio.create_task(bus.publisher.append_batch(batch(4)))
    keeping = asyncio.create_task(staging.keep())
    try:
        await sending
    finally:
        keeping.cancel()
    assert (await bus.stream.state()).last_sequence == 6
