"""Is every commit imported whose folders nobody would make, and does it spoil no other?"""

from __future__ import annotations

import pytest

from enchanted.events.v1.state_change_pb2 import StateChange
from importers.append import append_units
from importers.git.history import open_history
from importers.log import BusLog
from importers.unit import ImportUnit
from nervous_system.bus import Bus
from tests.importers.importing_samples import Repository


class Forge:
    """Writes objects as they are, each commit upon the last."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._last = ""
        self.blob = self.made("blob", b"one\n")
        self.other = self.made("blob", b"two\n")

    def made(self, kind: str, content: bytes) -> str:
        made = self._repository.git(
            "hash-object", "--literally", "-t", kind, "-w", "--stdin", content=content
        )
        return made.decode().strip()

    def tree(self, *entries: tuple[str, bytes, str]) -> str:
        """Mode, name, object."""
        return self.made(
            "tree",
            b"".join(
                mode.encode() + b" " + name + b"\0" + bytes.fromhex(object_id)
                for mode, name, object_id in entries
            ),
        )

    def commit(self, tree: str, message: str) -> None:
        parent = f"parent {self._last}\n" if self._last else ""
        text = f"tree {tree}\n{parent}author a <a> 1 +0000\ncommitter a <a> 1 +0000\n\n{message}\n"
        self._last = self.made("commit", text.encode())
        self._repository.git("update-ref", "HEAD", self._last)


@pytest.fixture
def forge(repository: Repository) -> Forge:
    made = Forge(repository)
    made.commit(made.tree(("100644", b"first", made.blob)), "first")
    return made


async def _units(repository: Repository) -> list[ImportUnit]:
    source = await open_history(repository.path)
    units = [unit async for unit in source.units]
    assert (len(units), list(source.refused)) == (source.total, [])
    return units


def _paths(unit: ImportUnit) -> list[str]:
    payloads = [entry.event.payload for entry in unit.entries]
    return [payload.target_resource for payload in payloads if isinstance(payload, StateChange)]


async def test_a_file_that_stands_where_a_folder_should_is_not_taken_for_lost(
    repository: Repository, forge: Forge
) -> None:
    forge.commit(forge.tree(("40000", b"odd", forge.blob)), "odd")
    forge.commit(forge.tree(("100644", b"first", forge.blob)), "without")
    forge.commit(forge.tree(("100644", b"first", forge.other)), "after")
    units = await _units(repository)
    assert [unit.gap.partition(" (")[0] for unit in units] == [
        "",
        "its files could not be listed",
        "its files could not be listed",
        "",
    ]
    change = units[-1].entries[1].event.payload
    assert isinstance(change, StateChange)
    assert change.is_reversible


async def test_two_files_of_one_name_are_two_events(
    bus: Bus, repository: Repository, forge: Forge
) -> None:
    pair = ("100644", b"same", forge.blob), ("100644", b"same", forge.other)
    forge.commit(forge.tree(*pair), "two")
    forge.commit(forge.tree(*pair[::-1]), "turned")
    forge.commit(forge.tree(("100644", b"z", forge.blob), *pair, ("100644", b"a", forge.blob)), "x")
    units = await _units(repository)
    assert _paths(units[1]).count("same") == 2
    ids = [entry.event.event_id for unit in units for entry in unit.entries]
    assert len(ids) == len(set(ids))
    report = await append_units(BusLog(bus), await open_history(repository.path))
    assert (report.units, report.events, report.refused) == (4, len(ids), ())
    again = await append_units(BusLog(bus), await open_history(repository.path))
    assert (again.units_skipped, again.events) == (4, 0)


async def test_a_folder_that_is_garbage_costs_its_own_commits(
    repository: Repository, forge: Forge
) -> None:
    for tree in (
        forge.made("tree", b"garbage"),
        forge.tree(("100644", b"", forge.blob)),
        forge.blob,
    ):
        forge.commit(tree, "odd")
    forge.commit(forge.tree(("100644", b"first", forge.blob)), "without")
    forge.commit(forge.tree(("100644", b"first", forge.other)), "after")
    units = await _units(repository)
    assert ["could not be listed" in unit.gap for unit in units] == [False] + [True] * 4 + [False]
    assert _paths(units[-1]) == ["first"]
