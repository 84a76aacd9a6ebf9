"""Where does the server listen? Found out before the wall stands: behind it no socket is made."""

from __future__ import annotations

import socket

_BACKLOG = 512
"""Connections that the kernel holds until they are accepted."""


class PortInUseError(Exception):
    """The server can't listen. The sentence says where and what to do."""


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
