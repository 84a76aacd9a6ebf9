"""What can a person do where a service goes on trying? What it fails at says it itself."""

from __future__ import annotations

from nervous_system.errors import Fenced, GanglionError, LogFull


def what_helps(error: GanglionError, *, server: str) -> str:
    """`server`: whom the call was for, `nats` or `clickhouse`; where nothing else is known it does
    not answer, or not in time."""
    if isinstance(error, LogFull):
        return (
            "raise GANGLION_STREAM_MAX_BYTES or lower GANGLION_STREAM_MAX_AGE_SECONDS, and start"
            " the mesh again"
        )
    if isinstance(error, Fenced):
        return (
            "nothing, if it is over in a minute: it takes the lead again by itself. Where it is"
            " not, give this machine less to do, or end the other mesh that works on the same log"
        )
    return (
        f"nothing, if it is over in a minute: it is tried again all the time. Where it is not, see"
        f" `ganglion logs {server}`, make room in memory and on the disk, or start the mesh again"
    )
