"""Where does the server listen? Found out before the wall stands: behind it no socket is made."""

from __future__ import annotations

import socket

from embedded_clickhouse.settings import ClickHouseSettings
from nervous_system.host.private_socket import listen_privately

_BACKLOG = 512
"""Connections that the kernel holds until they are accepted."""


class PortInUseError(Exception):
    """The server can't listen. The sentence says where and what to do."""


def listen_at(settings: ClickHouseSettings) -> list[socket.socket]:
    """The sockets of these settings. Raises `PortInUseError`."""
    sockets = [listen(settings.host, settings.port)]
    if settings.health_socket is not None:
        try:
            sockets.append(listen_privately(settings.health_socket))
        except OSError as error:
            raise PortInUseError(
                f"Cannot listen at {settings.health_socket}: {error.strerror}."
                " End what listens there, or choose another GANGLION_CLICKHOUSE_HEALTH_SOCKET."
            ) from error
    return sockets


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `PortInUseError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise PortInUseError(
            f"Cannot listen on {host}:{port}: {error.strerror}."
            " Stop what listens there, or choose another port with --port."
        ) from error
