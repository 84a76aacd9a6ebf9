"""Where are the log and the tables of this mesh?"""

from __future__ import annotations

from dataclasses import dataclass

from local_mesh.home import Home
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.lock import holder
from local_mesh.supervisor.mesh_file import MeshRecord, read_mesh
from nervous_system.environment import read_settings
from nervous_system.errors import BadSetting
from nervous_system.place import rule_in_force
from nervous_system.settings import MeshSettings
from nervous_system.users import is_of_home


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the two servers are. Embedded: this mesh runs it; otherwise somebody else does."""

    nats_url: str
    nats_embedded: bool
    clickhouse_url: str
    clickhouse_embedded: bool


def configured_addresses(local: LocalMeshSettings) -> Addresses:
    """What `ganglion up` takes: a server of one's own that it was told of, else one that it runs.
    Where programs find a mesh (NATS_URL) is another matter.
    """
    return Addresses(
        nats_url=local.nats_url or f"nats://127.0.0.1:{local.nats_port}",
        nats_embedded=local.nats_url is None,
        clickhouse_url=local.clickhouse_url or f"http://127.0.0.1:{local.clickhouse_port}",
        clickhouse_embedded=local.clickhouse_url is None,
    )


def running_mesh(home: Home) -> MeshRecord | None:
    """The mesh that runs in this home, None when none does."""
    pid = holder(home.lock_file)
    mesh = read_mesh(home.mesh_file)
    return mesh if mesh is not None and mesh.pid == pid else None


def home_of_rule() -> Home:
    """The home that is meant. Raises BadSetting where a context is, whose mesh is elsewhere: what
    is done to a home is not done to whichever is near."""
    rule = rule_in_force()
    if rule.is_elsewhere:
        raise BadSetting(
            f"{rule.by} is a mesh elsewhere, which is started, stopped and given keys there; say"
            " which home with `ganglion --home DIR …`, or choose none with `ganglion contexts use"
            " default`"
        )
    return Home.at(read_settings(MeshSettings).home)


def leads_home(settings: MeshSettings) -> bool:
    """Whether these settings, as they were read, lead to the mesh of their home: no address was
    given, or one of its own."""
    if "nats_url" not in settings.model_fields_set:
        return True
    mesh = running_mesh(Home.at(settings.home))
    return is_of_home(settings.nats_url, settings.home) or (
        mesh is not None and mesh.nats_url == settings.nats_url
    )


def client_settings() -> MeshSettings:
    """Settings for a command that talks to a mesh: `nats_url` and `clickhouse_url` lead to it.

    A URL that was given wins; else the addresses of the mesh that runs in this home; else the
    configured ports. Whether one was given, and which home is meant: `nervous_system/place.py`.
    """
    settings = read_settings(MeshSettings)
    found = running_mesh(Home.at(settings.home)) or configured_addresses(
        read_settings(LocalMeshSettings)
    )
    own = {
        "nats_url": found.nats_url,
        # The tables of this home are no answer to what is asked about another mesh.
        "clickhouse_url": found.clickhouse_url if leads_home(settings) else "",
    }
    return settings.model_copy(
        update={name: url for name, url in own.items() if name not in settings.model_fields_set}
    )
