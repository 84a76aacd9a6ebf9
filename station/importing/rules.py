"""
How do a station's rules come into force?

Its `policy.yaml` and `registry.jsonl` are written into the home of the mesh, from where the
overseer adopts them.
"""

from __future__ import annotations

from pathlib import Path

from importers.refusal import ImportRefused
from nervous_system.host.files import make_private, write_atomically
from nervous_system.ids import content_hash
from overseer.policy import read_policy
from overseer.registry import read_registry
from station.importing.folder import StationFolder
from station.names import POLICY, REGISTRY, WHOLE_FILES


def rules_to_write(station: StationFolder, home: Path, *, force: bool) -> tuple[str, ...]:
    """
    The files that are not in the home yet as the station has them.

    Raises ImportRefused where the home has another of that name and `force` is not given, and
    PolicyRefused or RegistryRefused for what the overseer would not adopt.
    """
    if POLICY in station.whole:
        read_policy(station.whole[POLICY].decode(), where=f"{station.name}/{POLICY}")
    if REGISTRY in station.whole:
        read_registry(station.whole[REGISTRY].decode(), where=f"{station.name}/{REGISTRY}")
    wanted = []
    for name in WHOLE_FILES:
        if name not in station.whole:
            continue
        path = home / name
        try:
            found = path.read_bytes()
        except FileNotFoundError:
            wanted.append(name)
            continue
        except OSError as error:
            raise ImportRefused(f"{path} cannot be read: {error.strerror}") from error
        if content_hash(found) == content_hash(station.whole[name]):
            continue
        if not force:
            raise ImportRefused(
                f"{path} is there and says something else than the station's; nothing was"
                " imported. Keep a copy of it and say --force to overwrite it, or import without"
                " --activate"
            )
        wanted.append(name)
    return tuple(wanted)


def write_rules(station: StationFolder, home: Path, names: tuple[str, ...]) -> None:
    """Put these files into the home, each whole or not at all. Raises ImportRefused."""
    try:
        make_private(home)
        for name in names:
            write_atomically(home / name, station.whole[name])
    except OSError as error:
        raise ImportRefused(
            f"the station's rules cannot be written into {home}: {error.strerror};"
            " set GANGLION_HOME to a folder that you may write to"
        ) from error
