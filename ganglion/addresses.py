"""Where are the log and the tables of this mesh?"""

from __future__ import annotations

from dataclasses import dataclass

from ganglion.home import Home
from ganglion.settings import LocalMeshSettings, read_settings
from ganglion.supervisor.lock import holder
from ganglion.supervisor.mesh_file import MeshRecord, read_mesh
from nervous_system.settings import MeshSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the two servers are. `embedded`: this mesh runs it; otherwise somebody else does."""

    nats_url: str
    nats_embedded: bool
    clickhouse_url: str
    clickhouse_embedded: bool


def configured_addresses(mesh: MeshSettings, local: LocalMeshSettings) -> Addresses:
    """What the settings say: a URL that was given is somebody else's server, a port is one of
    ours.
    """
    given = mesh.model_fields_set
    return Addresses(
        nats_url=mesh.nats_url if "nats_url" in given else f"nats://127.0.0.1:{local.nats_port}",
        nats_embedded="nats_url" not in given,
        clickhouse_url=mesh.clickhouse_url
        if "clickhouse_url" in given
        else f"http://127.0.0.1:{local.clickhouse_port}",
        clickhouse_embedded="clickhouse_url" not in given,
    )


def running_mesh(home: Home) -> MeshRecord | None:
    """The mesh that runs in this home, None when none does."""
    pid = holder(home.lock_file)
    mesh = read_mesh(home.mesh_file)
    return mesh if mesh is not None and mesh.pid == pid else None


def client_settings() -> MeshSettings:
    """Settings for a command that talks to a mesh: `nats_url` and `clickhouse_url` lead to it.

    A URL that was given wins; else the addresses of the mesh that runs in this home; else the
    configured ports.
    """
    settings = read_settings(MeshSettings)
    addresses = configured_addresses(settings, read_settings(LocalMeshSettings))
    mesh = running_mesh(Home.at(settings.home))
    nats_url, clickhouse_url = addresses.nats_url, addresses.clickhouse_url
    if mesh is not None and addresses.nats_embedded:
        nats_url = mesh.nats_url
    if mesh is not None and addresses.clickhouse_embedded:
        clickhouse_url = mesh.clickhouse_url
    return settings.model_copy(update={"nats_url": nats_url, "clickhouse_url": clickhouse_url})
