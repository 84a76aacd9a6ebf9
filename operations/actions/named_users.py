"""How is somebody from outside let in, and out again? As a user of his own at the NATS server, with
a key to sign with, and both in one file that a shell can read."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Final

from local_mesh.addresses import client_settings, running_mesh
from local_mesh.home import Home
from local_mesh.key_files import NewKey, counts, end_keys, key_id_for, make_keys, soon
from local_mesh.nats_keys import NamedUser, NatsKeys
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.log_server import write_users
from local_mesh.supervisor.process_list import NATS
from nervous_system.bus import open_bus
from nervous_system.clock import system_clock
from nervous_system.contract.signature import TrustedKeys
from nervous_system.contract.subjects import AGENTS
from nervous_system.errors import BadSetting, GanglionError, NotRunning
from nervous_system.host.files import PRIVATE, write_atomically
from nervous_system.settings import CLICKHOUSE_KEYS, TRUSTED_KEYS, MeshSettings, url_as
from nervous_system.users import OPERATOR
from operations.log_session import quiet_log

CREDENTIALS: Final = Path("keys/credentials")
"""In the home: a file for each that was let in, as `NAME=value` lines."""

READER: Final = "analyst"
"""The account of ClickHouse that a person who was let in reads as; all of them share it."""

KNOWN_SECONDS: Final = 20.0
AGAIN_SECONDS: Final = 0.3

ROLES: Final = (*AGENTS, OPERATOR)
_PATTERN: Final = frozenset("*?[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class LetIn:
    """What he gets."""

    url: str  # with user and password: any NATS client takes it
    credentials: Path
    reloaded: bool  # the server knows him already
    since: datetime | None  # from then on he must sign, and is believed then; None: he has no key
    knows_keys: bool  # what runs goes by that without a new start


@dataclass(frozen=True, slots=True, kw_only=True)
class LetOut:
    """What became of somebody who was revoked."""

    was_let_in: bool  # he had a user of his own, not only a key
    reloaded: bool  # the server knows already
    until: datetime | None  # from then on nothing that he signs counts; None: he had no key
    reads: bool  # he was told the password by which persons read the tables


class NamedUsers:
    """Those of one home."""

    def __init__(self, mesh: MeshSettings, local: LocalMeshSettings) -> None:
        self._mesh = mesh
        self._local = local
        self._home = Home.at(mesh.home)
        self._keys = NatsKeys(self._home.path)

    def let_in(self, name: str, *, role: str, works: bool, signs: bool) -> LetIn:
        """Make a user for an agent of this name; where it `signs`, nobody else is believed under
        the name. Raises BadSetting, Fatal, OSError."""
        quiet_log()
        if role not in ROLES:
            raise BadSetting(f"there is no role {role!r} to let in; there are {', '.join(ROLES)}")
        if not name.strip() or not name.isprintable():
            raise BadSetting(f"{name!r} cannot be the name of an agent")
        if signs and _PATTERN & set(name):
            raise BadSetting(
                f"{name!r} would be a pattern in `trusted_keys`; choose a name without any of"
                f" {' '.join(sorted(_PATTERN))}, or use --unsigned"
            )
        wanted = NamedUser(name, role, works)
        key_id = key_id_for(self._home.path, wanted.user) if signs else ""
        if not signs and self._must_sign(name):
            raise BadSetting(
                f"`trusted_keys` names {name!r}, so what it does not sign counts for nothing; leave"
                " --unsigned away, or choose another name"
            )
        password = self._keys.add(wanted)
        lines = []
        address = self._address()
        url = f"nats://{wanted.user}:{password}@{address}"
        lines.append(f"NATS_URL={url}")
        made = (
            make_keys(self._home.path, key_id, [name], since=self._next_moment()) if signs else []
        )
        lines += [f"GANGLION_SIGNING_KEY={each.file}" for each in made[-1:]]
        if made and role == OPERATOR:  # the key speaks for this name, not for user@host
            lines.append(f"GANGLION_OPERATOR={quote(name)}")
        if role == OPERATOR:
            lines += self._reading()
        file = self._write_credentials(wanted.user, lines)
        reloaded = asyncio.run(self._is_known(url))
        if made:
            asyncio.run(counts(made[-1].since))
        return LetIn(
            url=url,
            credentials=file,
            reloaded=reloaded,
            since=made[-1].since if made else None,
            knows_keys=not any(each.is_of_mesh for each in made),
        )

    def revoke(self, name: str) -> LetOut | None:
        """Let him in no more, and end his keys, or the key of this id; None where there is nothing
        of this name. What he signed before stays believed. Raises BadSetting, Fatal, OSError."""
        gone = self._keys.revoke(name)
        reloaded = False
        if gone is not None:
            (self._home.path / CREDENTIALS / f"{gone.user}.env").unlink(missing_ok=True)
            reloaded = self._reload()
        until = self._next_moment()
        ended = end_keys(self._home.path, gone.user if gone is not None else name, until=until)
        if gone is None and not ended:
            return None
        if ended:
            asyncio.run(counts(until))
        return LetOut(
            was_let_in=gone is not None,
            reloaded=reloaded,
            until=until if ended else None,
            reads=gone is not None and gone.role == OPERATOR,
        )

    def make_keys(self, key_id: str, agents: Sequence[str]) -> list[NewKey]:
        """Keys alone, as the function; returns when they count."""
        made = make_keys(self._home.path, key_id, agents, since=self._next_moment())
        asyncio.run(counts(made[-1].since))
        return made

    def _next_moment(self) -> datetime:
        """From when on what is written now can count: at once, unless somebody may be running who
        has yet to read it."""
        runs = self._local.nats_users_file is not None or running_mesh(self._home) is not None
        return soon() if runs else system_clock()

    def _must_sign(self, name: str) -> bool:
        trusted = TrustedKeys.read(self._home.path / TRUSTED_KEYS)
        return any(name in each.agents for each in trusted.keys.values())

    def all(self) -> list[NamedUser]:
        """Everybody that was let in and not revoked."""
        return self._keys.named_users()

    def _address(self) -> str:
        return self._keys.addresses()[0] if self._keys.addresses() else self._own_address

    @property
    def _own_address(self) -> str:
        return f"127.0.0.1:{self._local.nats_port}"

    def _reading(self) -> list[str]:
        """Where a person reads the tables: as the analyst, who only reads."""
        try:
            password = (self._home.path / CLICKHOUSE_KEYS / READER).read_text("utf-8").strip()
        except OSError:
            return []  # the ClickHouse is somebody else's, or was never started
        url = client_settings().clickhouse_url
        return [f"CLICKHOUSE_URL={url_as(url, READER, password)}"] if url else []

    def _write_credentials(self, user: str, lines: list[str]) -> Path:
        folder = self._home.path / CREDENTIALS
        folder.mkdir(mode=0o700, exist_ok=True)
        file = folder / f"{user}.env"
        write_atomically(file, "".join(f"{each}\n" for each in lines).encode(), mode=PRIVATE)
        return file

    async def _is_known(self, url: str) -> bool:
        """Whether the embedded server, where it runs, lets him in. Told once, nats-server 2.15.1
        knows a new account, but not yet what it shares with others: it is told again until it
        does. Raises NotRunning where it does not come to that."""
        try:
            async with asyncio.timeout(KNOWN_SECONDS):
                while self._reload():
                    settings = self._mesh.model_copy(update={"nats_url": url})
                    with suppress(GanglionError):
                        async with open_bus(settings, name="keys") as bus:
                            await bus.stream.state()
                            return True
                    await asyncio.sleep(AGAIN_SECONDS)
        except TimeoutError as error:
            raise NotRunning(
                f"the NATS server did not take the new user within {KNOWN_SECONDS:g} s; see"
                f" {self._home.log(NATS)}, then restart the mesh"
            ) from error
        return False

    def _reload(self) -> bool:
        """Tell the embedded server, which drops nobody for it; whether there was one."""
        if self._local.nats_users_file is not None:
            write_users(self._mesh, self._local, home=self._home)
            return False
        mesh = running_mesh(self._home)
        server = mesh.process(NATS) if mesh is not None else None
        if mesh is None or server is None or server.pid is None:
            return False
        local = self._local.model_copy(update={"nats_open": mesh.nats_open})
        write_users(self._mesh, local, home=self._home)
        os.kill(server.pid, signal.SIGHUP)
        return True
