"""Which keys sign here, and whose signatures count? A file of the home for each private key, and
one of all that are trusted.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from nervous_system.clock import system_clock
from nervous_system.contract.live_keys import COUNTS_AFTER_SECONDS
from nervous_system.contract.signature import EVERYBODY, Signer, TrustedKey, TrustedKeys, counting
from nervous_system.errors import BadSetting
from nervous_system.host.files import PRIVATE, create_atomically, make_private, write_atomically
from nervous_system.settings import MESH_KEY, TRUSTED_KEYS

HEAD: Final = """\
# Whose signatures count: a key's id, its public key, and the agents it speaks for (names, or shell
# patterns; a blank in a name is %20). An agent that is named here must sign; services vouch for all
# they say with a key that speaks for *. What is here counts for messages that were stored from the
# moment of since= on and before that of until=. Whatever runs reads a change within a second: write
# moments a few seconds ahead. Do not take lines away, but end them with until= (`ganglion keys
# revoke`): what they signed stands on the log.
"""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made, and the agents it speaks for."""

    key_id: str
    file: Path
    agents: tuple[str, ...]
    since: datetime  # from then on it counts

    @property
    def is_of_mesh(self) -> bool:
        """Whether services vouch with it, from their next start on."""
        return self.key_id == MESH_KEY.name


def soon() -> datetime:
    """The first moment for which everybody who runs will have read what is written now."""
    return system_clock() + timedelta(seconds=COUNTS_AFTER_SECONDS)


def make_keys(
    home: Path, key_id: str, agents: Sequence[str], *, since: datetime | None = None
) -> list[NewKey]:
    """A key for these agents; before it the mesh's own, where there is none yet: the overseer puts
    what it is asked on the log, and vouches for it. They count since now where no moment is given:
    where somebody runs that may decide by them, give `soon()`.

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
    return [_make(home, *each, since=since) for each in wanted]


def key_id_for(home: Path, user: str) -> str:
    """An id for a key of this user: its own, or one that says how many it had. Raises BadSetting
    where it has one that was not revoked, Fatal."""
    keys = TrustedKeys.read(home / TRUSTED_KEYS).keys
    had = list(_ids_of(user, keys))
    if user == MESH_KEY.name or (had and keys[had[-1]].until is None):
        raise BadSetting(
            f"there is a key {user} already; choose another name, or end it with `ganglion keys"
            f" revoke {user}`"
        )
    return f"{user}.{len(had) + 1}" if had else user


def end_keys(home: Path, user: str, *, until: datetime) -> bool:
    """Take this user's keys away: what they signed before that moment is believed, and from then on
    nothing is. Whether there was any that counts; the mesh's own cannot be ended. Raises Fatal,
    OSError."""
    public = home / TRUSTED_KEYS
    with _alone(home):
        keys = TrustedKeys.read(public).keys
        ended = [key_id for key_id in _ids_of(user, keys) if keys[key_id].until is None]
        if not ended:
            return False
        _replace(public, counting(public.read_text(encoding="utf-8"), ended, until=until))
        for key_id in ended:
            (home / MESH_KEY.parent / key_id).unlink(missing_ok=True)
        return True


async def counts(moment: datetime) -> None:
    """Returns when that moment is over: whoever runs goes by what was written."""
    await asyncio.sleep(max((moment - system_clock()).total_seconds(), 0.0))


def _ids_of(user: str, keys: Mapping[str, TrustedKey]) -> Iterator[str]:
    """The keys that this user has or had, as `key_id_for` calls them: `ext-1`, `ext-1.2`."""
    key_id, number = user, 1
    while key_id != MESH_KEY.name and key_id in keys:
        yield key_id
        if keys[key_id].until is None:
            return  # what is called like another of its keys is not: it needed none
        number += 1
        key_id = f"{user}.{number}"


def ensure_mesh_key(home: Path) -> None:
    """The mesh's own key, made where there is none yet, readable by the owner only, and trusted.

    Raises Fatal where what is there cannot be read; OSError.
    """
    file, public = home / MESH_KEY, home / TRUSTED_KEYS
    if not file.exists():
        _write_private(file, Signer.generate(MESH_KEY.name))
    signer = Signer.read(file)
    with _alone(home):
        trusted = TrustedKeys.read(public).keys.get(signer.key_id)
        if trusted is None:  # also where that was cut off
            _trust(public, signer, (EVERYBODY,), since=system_clock())
        elif trusted.since is None:
            # Of an earlier version, whose services need not have vouched: what they said counts.
            text = public.read_text(encoding="utf-8")
            _replace(public, counting(text, (signer.key_id,), since=system_clock()))


def _make(home: Path, key_id: str, agents: tuple[str, ...], *, since: datetime | None) -> NewKey:
    file = home / MESH_KEY.parent / key_id
    if "/" in key_id or key_id.startswith("."):
        raise BadSetting(f"{key_id!r} cannot be the id of a key: it is the name of its file, too")
    public = home / TRUSTED_KEYS
    try:
        signer = Signer.generate(key_id)
    except ValueError as error:
        raise BadSetting(str(error)) from error
    # The mesh's own is for services that start with it, and counts at once.
    if since is None or key_id == MESH_KEY.name:
        since = system_clock()
    with _alone(home):
        if file.exists() or key_id in TrustedKeys.read(public).keys:
            raise BadSetting(f"there is a key {key_id} already; choose another id")
        _write_private(file, signer)
        _trust(public, signer, agents, since=since)
    return NewKey(key_id, file, agents, since)


def _write_private(file: Path, signer: Signer) -> None:
    """Whole or not at all: half a key would keep everything from starting."""
    make_private(file.parent)
    create_atomically(file, f"{signer.private_line}\n".encode(), mode=PRIVATE)


def _trust(public: Path, signer: Signer, agents: Sequence[str], *, since: datetime) -> None:
    text = public.read_text(encoding="utf-8") if public.exists() else HEAD
    if not text.endswith("\n"):  # somebody edited it
        text += "\n"
    _replace(public, text + signer.public_line(*agents, since=since) + "\n")


def _replace(public: Path, text: str) -> None:
    """Whole at once: whoever runs reads it at any moment."""
    public = public.resolve()
    mode = stat.S_IMODE(public.stat().st_mode) if public.exists() else None
    write_atomically(public, text.encode(), mode=mode)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Nobody else adds a line meanwhile."""
    folder = home / MESH_KEY.parent
    make_private(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
