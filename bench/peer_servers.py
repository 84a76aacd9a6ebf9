"""How are the servers of others started? As programs with a folder of their own, on loopback."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import ganglion
from bench.child import started
from local_mesh.nats import LOOPBACK

BENCH: Final = Path(ganglion.__file__).parent.parent / "bench"
"""Where the programs of others are that use ours and theirs: in a checkout only."""

ENVIRONMENT: Final = "GANGLION_BENCH_PEERS"
"""Where their packages are, if not in `bench/peers/.venv`."""

_INITDB_SECONDS: Final = 60.0
_DEBIAN_POSTGRES: Final = Path("/usr/lib/postgresql")


def peers_python() -> Path:
    """The interpreter of the environment that has their packages."""
    return Path(os.environ.get(ENVIRONMENT) or BENCH / "peers" / ".venv") / "bin" / "python"


def missing(server: str) -> str:
    """What has to be installed before `redis-server` or `postgres` can serve its packages; empty
    where nothing has."""
    if not peers_python().exists():
        return "not installed: run `make bench-peers-setup` in a checkout"
    if server == "redis-server" and shutil.which("redis-server") is None:
        return "not installed: `apt-get install redis-server`"
    if server == "postgres" and postgres_program("initdb") is None:
        return "not installed: `apt-get install postgresql`"
    return ""


def redis(folder: Path, *, port: int, as_shipped: bool) -> tuple[str, ...]:
    """The command line of a Redis that has `folder` for itself; durable, or as it comes."""
    folder.mkdir()
    argv = ("redis-server", "--port", str(port), "--bind", LOOPBACK, "--dir", str(folder))
    durable = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
    return argv if as_shipped else (*argv, *durable)


async def postgres(folder: Path, *, port: int) -> tuple[str, ...]:
    """The command line of a durable PostgreSQL whose data is in `folder`, which is made here. It
    is stopped by SIGINT."""
    before = _as_its_user(folder)
    initdb, server = postgres_program("initdb"), postgres_program("postgres")
    assert initdb is not None
    assert server is not None
    make = (*before, initdb, "-D", str(folder), "-U", "bench", "-A", "trust", "--no-sync")
    async with started("initdb", make, folder=Path("/")) as child:
        await child.output(within_seconds=_INITDB_SECONDS)
    settings = ("unix_socket_directories=", f"listen_addresses={LOOPBACK}", f"port={port}")
    durable = ("fsync=on", "synchronous_commit=on")
    given = [word for each in (*settings, *durable) for word in ("-c", each)]
    return (*before, server, "-D", str(folder), *given)


def _as_its_user(folder: Path) -> tuple[str, ...]:
    """Makes the folder; what its programs are run by: they refuse to run as root."""
    folder.mkdir(mode=0o700)
    if os.geteuid() != 0:
        return ()
    shutil.chown(folder, "postgres", "postgres")
    folder.parent.chmod(0o711)
    as_user = ("--reuid=postgres", "--regid=postgres", "--clear-groups")
    return ("setpriv", *as_user, "--pdeathsig", "KILL")


def postgres_program(program: str) -> str | None:
    """Where one of its programs is, the newest there is: Debian keeps them beside the path."""
    versions = sorted(
        _DEBIAN_POSTGRES.glob(f"*/bin/{program}"), key=lambda each: float(each.parts[4])
    )
    return str(versions[-1]) if versions else shutil.which(program)
