"""Is a batch staged in memory as safe as one staged on the disk, and is nothing left behind?"""

from __future__ import annotations

from pathlib import Path

import pytest
from real_servers import NatsServer

from ganglion.engines.batch_staging import BatchStaging
from nervous_system.bus import Bus, open_bus
from nervous_system.contract.message import Message
from nervous_system.settings import MeshSettings


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
    assert staging.link()
    await bus.publisher.append_batch(batch(4))
    assert names_in(memory), "nothing was staged there"
    nats_server.kill()
    nats_server.start()
    async with open_bus(mesh_settings, name="again") as again:
        assert (await again.stream.state()).last_sequence == 6
        assert staging.link(), "the server removes the link when it starts"
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
    assert not staging.link()
    assert names_in(batches) == ["one"]
    (batches / "one" / "msgs").rmdir()
    (batches / "one").rmdir()
    assert staging.link()
    assert staging.link()


def test_without_a_stream_or_without_memory_nothing_happens(tmp_path: Path, memory: Path) -> None:
    assert not BatchStaging(tmp_path, in_memory=memory).link()
    assert not BatchStaging(tmp_path, in_memory=tmp_path / "none").link()
    assert not list(memory.iterdir())
    BatchStaging(tmp_path, in_memory=memory).remove()
