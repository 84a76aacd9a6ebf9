"""What does the embedded NATS server find when it starts? Its configuration, and users whose
passwords only the owner of the home may read."""

from __future__ import annotations

from typing import Final

from local_mesh.home import Home
from local_mesh.nats import LOOPBACK, NatsConfiguration
from local_mesh.nats_keys import NatsKeys
from local_mesh.settings import LocalMeshSettings
from nervous_system.host.files import PRIVATE, write_atomically
from nervous_system.settings import MeshSettings

OPEN: Final = (
    "NATS is open (GANGLION_NATS_OPEN): everybody who reaches its port may publish as anybody, read"
    " everything and remove the log; unset it and start again"
)


def monitor_path(local: LocalMeshSettings, *, home: Home) -> str:
    """Where its monitoring is: it asks nobody who he is, so strangers must not find it."""
    return "" if local.nats_open else NatsKeys(home.path).monitoring_path


def write_configuration(settings: MeshSettings, local: LocalMeshSettings, *, home: Home) -> None:
    """Everything it reads, and where it will listen, for those who look for it. Raises Fatal,
    OSError."""
    NatsKeys(home.path).listen([f"{LOOPBACK}:{local.nats_port}"])
    configuration = NatsConfiguration(
        server_name=f"ganglion-{local.nats_port}",
        port=local.nats_port,
        monitor_port=local.nats_monitor_port,
        store=home.nats_store,
        stream_max_bytes=settings.stream_max_bytes,
        max_payload_bytes=local.nats_max_payload_bytes,
        users_file=home.nats_users.name,
        monitor_path=monitor_path(local, home=home),
    )
    write_users(settings, local, home=home)
    write_atomically(home.nats_configuration, configuration.render().encode(), mode=PRIVATE)


def write_users(settings: MeshSettings, local: LocalMeshSettings, *, home: Home) -> None:
    """Who may do what there; it reads it again when it gets SIGHUP. Where a server of one's own
    reads it, for that one. Raises Fatal, OSError."""
    also = (settings.nats_user, settings.nats_password) if settings.nats_user else None
    text = NatsKeys(home.path).accounts(
        is_open=local.nats_open, also=(also[0], also[1] or "") if also else None
    )
    path = local.nats_users_file or home.nats_users
    text = f"# Written by `ganglion`; changes made here are lost.\n{text}"
    write_atomically(path, text.encode(), mode=PRIVATE)
