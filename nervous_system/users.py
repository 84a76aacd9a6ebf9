"""Who is a program to the NATS server, and how does it prove it? By a file of the home that only
its owner may read, shown to no other server than that home's.

`ganglion up` makes a user for each service, each role of agents and the person at the command line,
with a password of 256 random bits each. What may be said as which user is in
`local_mesh/nats_permissions.py`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_GOVERNOR,
    ROLE_GUARDIAN,
    ROLE_INGESTOR,
    ROLE_MISSION_CONTROL,
    ROLE_OVERSEER,
)
from nervous_system.browsers import LOOPBACK_NAMES
from nervous_system.contract.subjects import source_of
from nervous_system.environment import read_settings
from nervous_system.errors import Fatal
from nervous_system.settings import MeshSettings
from nervous_system.shown_address import problem_of

FOLDER: Final = Path("keys/nats")
"""In the home: a file with the password of each user, named after it."""

LISTENS: Final = "listens"
"""Beside them: the addresses of the home's own server, `host:port`, one a line."""

ADMIN: Final = "admin"
"""Makes and mends the log and the buckets; who publishes again what was on record."""

OPERATOR: Final = "operator"
"""The command, in a person's hand."""

MAINTENANCE: Final = "maintenance"
"""The service `worker`: a worker that looks into the mesh itself."""

INGESTOR: Final = source_of(ROLE_INGESTOR)
OVERSEER: Final = source_of(ROLE_OVERSEER)
GOVERNOR: Final = source_of(ROLE_GOVERNOR)
GUARDIAN: Final = source_of(ROLE_GUARDIAN)
MISSION_CONTROL: Final = source_of(ROLE_MISSION_CONTROL)
"""It has no user of its own: it does what persons ask it to."""
SERVICES: Final = (INGESTOR, OVERSEER, GOVERNOR, GUARDIAN)
"""Those that lead. Only they read positions of the log directly (decision 31)."""

WORKS: Final = "_worker"
"""What the name of the user ends in that is an agent's role and offers itself for tasks, too."""

DEFAULT_PORT: Final = 4222
_SCHEMES: Final = frozenset({"nats", "tls", "ws", "wss", ""})


def user_of_service(service: str) -> str:
    """The user that a service is."""
    if service == "worker":
        return MAINTENANCE
    return OPERATOR if service == MISSION_CONTROL else service


def user_of_role(role: str, *, works: bool = False) -> str:
    """The user that an agent of this role is, such as `coder`; `works`: it does tasks, too."""
    return role if not works or role == "worker" else f"{role}{WORKS}"


def with_user(settings: MeshSettings, user: str) -> MeshSettings:
    """The settings with what this user of the home's own server proves itself with.

    As they are where they name a user, or lead to another server than the home's. Raises Fatal for
    a password that others may read.
    """
    if settings.nats_user or settings.nats_credentials or problem_of(settings.nats_url):
        return settings
    if any(urlsplit(each.strip()).username for each in settings.nats_url.split(",")):
        return settings
    if not is_of_home(settings.nats_url, settings.home):
        return settings
    password = read_password(settings.home / FOLDER / user)
    if password is None:
        return settings
    return settings.model_copy(update={"nats_user": user, "nats_password": password})


def address_of(settings: MeshSettings) -> str:
    """Where the log is: at the address that was given, else where the server of the home was last
    said to listen, else where one listens by default."""
    if "nats_url" in settings.model_fields_set:
        return settings.nats_url
    listens = _lines(settings.home / FOLDER / LISTENS)
    return f"nats://{listens[0]}" if listens else settings.nats_url


def settings_at(url: str | None, settings: MeshSettings | None) -> MeshSettings:
    """These settings, or those of the environment, for the log at this address; where none is
    given, for the one that they lead to. Raises BadSetting."""
    if settings is None:
        # What is no address is refused by whoever connects to it, in words about an address.
        given = {"nats_url": url} if url is not None and not problem_of(url) else {}
        settings = read_settings(MeshSettings, **given)
    return settings.model_copy(update={"nats_url": url or address_of(settings)})


def is_of_home(nats_url: str, home: Path) -> bool:
    """Whether an address, or each of several, leads to the home's own server."""
    listens = _lines(home / FOLDER / LISTENS)
    return all(listens_on(each.strip(), listens) for each in nats_url.split(","))


def listens_on(url: str, listens: list[str]) -> bool:
    """Whether a URL leads to one of these addresses (`host:port`)."""
    parts = urlsplit(url if "://" in url else f"nats://{url}")
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        return False
    if parts.scheme not in _SCHEMES or parts.hostname is None:
        return False
    hosts = LOOPBACK_NAMES if parts.hostname in LOOPBACK_NAMES else {parts.hostname}
    return any(f"{host}:{port}" in listens for host in hosts)


def read_password(path: Path) -> str | None:
    """The password in this file; None where there is none for us. Raises Fatal where others may
    read or replace it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # not there, not ours to read, or no file but a link
        return None
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or not _is_ours(about):
            return None
        if about.st_mode & 0o077:
            raise Fatal(
                f"{path} can be read by others than its owner, so it proves nothing any more;"
                " remove it and run `ganglion up` again, which makes another"
            )
        return file.read().strip() or None


def _is_ours(about: os.stat_result) -> bool:
    return os.geteuid() == 0 or about.st_uid in (os.geteuid(), 0)


def _lines(path: Path) -> list[str]:
    try:
        about = path.parent.lstat()
        if not _is_ours(about):
            return []  # somebody else's folder says nothing about our mesh
        return path.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return []
