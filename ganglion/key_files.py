"""Which keys sign here, and whose signatures count? A file of the home for each private key, and
one of all that are trusted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganglion.errors import BadSetting
from nervous_system.clock import system_clock
from nervous_system.contract.signature import EVERYBODY, Signer, TrustedKeys
from nervous_system.settings import MESH_KEY, TRUSTED_KEYS

HEAD: Final = """\
# Whose signatures count: a key's id, its public key, and the agents it speaks for (names, or shell
# patterns; a blank in a name is %20). An agent that is named here must sign; services vouch for all
# they say with a key that speaks for *, since the moment that its line names. Read when a service
# starts. Keep the lines of keys that are used no more: what they signed stands on the log.
"""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made, and the agents it speaks for."""

    key_id: str
    file: Path
    agents: tuple[str, ...]


def make_keys(home: Path, key_id: str, agents: Sequence[str]) -> list[NewKey]:
    """A key for these agents; before it the mesh's own, where there is none yet: the overseer puts
    what it is asked on the log, and vouches for it.

    Raises BadSetting where the id is taken or cannot be one, Fatal where `trusted_keys` cannot be
    read, OSError.
    """
    wanted: list[tuple[str, tuple[str, ...]]] = []
    if not (home / MESH_KEY).exists():
        wanted.append((MESH_KEY.name, (EVERYBODY,)))
    if key_id != MESH_KEY.name:
        wanted.append((key_id, tuple(agents) or (key_id,)))
    elif not wanted:
        raise BadSetting(f"{home / MESH_KEY} is there already; move it away to make another")
    return [_make(home, *each) for each in wanted]


def ensure_mesh_key(home: Path) -> None:
    """The mesh's own key, made where there is none yet, readable by the owner only, and trusted.

    Raises Fatal where what is there cannot be read; OSError.
    """
    file, public = home / MESH_KEY, home / TRUSTED_KEYS
    if not file.exists():
        _write_private(file, Signer.generate(MESH_KEY.name))
    signer = Signer.read(file)
    if signer.key_id not in TrustedKeys.read(public).keys:  # also where that was cut off
        _trust(public, signer, (EVERYBODY,))


def _make(home: Path, key_id: str, agents: tuple[str, ...]) -> NewKey:
    file = home / MESH_KEY.parent / key_id
    if "/" in key_id or key_id.startswith("."):
        raise BadSetting(f"{key_id!r} cannot be the id of a key: it is the name of its file, too")
    public = home / TRUSTED_KEYS
    if file.exists() or key_id in TrustedKeys.read(public).keys:
        raise BadSetting(f"there is a key {key_id} already; choose another id")
    try:
        signer = Signer.generate(key_id)
    except ValueError as error:
        raise BadSetting(str(error)) from error
    _write_private(file, signer)
    _trust(public, signer, agents)
    return NewKey(key_id, file, agents)


def _write_private(file: Path, signer: Signer) -> None:
    """Whole or not at all: half a key would keep everything from starting."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as private:
        private.write(signer.private_line + "\n")
        private.flush()
        os.fsync(private.fileno())
    try:
        os.link(new, file)  # never over one that is there
    except FileExistsError:
        pass
    finally:
        new.unlink()


def _trust(public: Path, signer: Signer, agents: Sequence[str]) -> None:
    begun = public.exists()
    if begun and not public.read_bytes().endswith(b"\n"):
        with public.open("a", encoding="utf-8") as lines:  # somebody edited it
            lines.write("\n")
    with public.open("a", encoding="utf-8") as lines:
        since = system_clock() if EVERYBODY in agents else None
        lines.write(("" if begun else HEAD) + signer.public_line(*agents, since=since) + "\n")
