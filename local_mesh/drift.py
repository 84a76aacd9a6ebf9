"""Are the log and the buckets still what they were made as? Somebody with the rights to may have
changed them: sealed, shrunk, mirrored, or paused who reads them.

What the server allows to be changed back, an admin changes back. What it does not, such as a seal,
goes away with the description of the stream, which the supervisor then writes anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nervous_system import names
from nervous_system.errors import Permanent
from nervous_system.service.lease import LEASE_SECONDS
from nervous_system.settings import MeshSettings
from nervous_system.transport.connection import Connection
from nervous_system.transport.stream import Stream, configuration
from nervous_system.transport.telemetry_stream import telemetry_configuration

_UNLIMITED: Final = ("max_consumers", "max_msgs", "max_msgs_per_subject", "max_msg_size")
_AS_MADE: Final[dict[str, Any]] = {
    "storage": "file",
    "retention": "limits",
    "sealed": False,
    "no_ack": False,
    "mirror": None,
    "sources": None,
    "republish": None,
    "subject_transform": None,
    **dict.fromkeys(_UNLIMITED, -1),
}
_NOTHING: Final[dict[str, Any]] = {
    "sealed": False,
    "no_ack": False,
    **dict.fromkeys(_UNLIMITED, -1),
}
"""What the server means where it leaves a setting out."""

_FOR_EVER: Final = frozenset({"sealed", "storage", "mirror", "deny_delete", "deny_purge"})
"""What no update changes back."""

MENDED: Final = "the supervisor changes it back within seconds, or else `ganglion init` does"

OF_SETTINGS: Final = frozenset({"max_bytes", "max_age", "duplicate_window", "num_replicas"})
"""What whoever asks may be told otherwise than who started the mesh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One thing that is not as it was made."""

    where: str  # the stream
    sentence: str
    remedy: str = ""  # what a person must do; empty where an admin's look mends it
    paused: str = ""  # the consumer that it is about; empty: the stream itself


def wanted_streams(settings: MeshSettings) -> dict[str, dict[str, Any]]:
    """By stream, the settings that matter, as the API has them."""
    lease = round(LEASE_SECONDS * 1e9)
    return {
        names.STREAM: {**_AS_MADE, **configuration(settings)},
        f"KV_{names.LEASES}": {
            **_AS_MADE,
            "subjects": [f"$KV.{names.LEASES}.>"],
            "max_age": lease,
            "allow_direct": True,
            "max_bytes": -1,
            "max_msgs_per_subject": 1,
            "discard": "new",
            "allow_rollup_hdrs": True,
            "deny_purge": False,
        },
        f"OBJ_{names.SNAPSHOTS}": {
            **_AS_MADE,
            "subjects": [f"$O.{names.SNAPSHOTS}.C.>", f"$O.{names.SNAPSHOTS}.M.>"],
            "max_age": 0,
            "max_bytes": -1,
            "allow_rollup_hdrs": True,
            "deny_delete": False,
            "deny_purge": False,
        },
        names.TELEMETRY_STREAM: {**_AS_MADE, **telemetry_configuration(settings)},
    }


def differing(have: Mapping[str, Any], want: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings that are not as they were made."""
    return tuple(
        sorted(key for key, value in want.items() if have.get(key, _NOTHING.get(key)) != value)
    )


async def find_drift(
    connection: Connection, settings: MeshSettings, *, but: frozenset[str] = frozenset()
) -> list[Drift]:
    """What is not as it was made, `but` these settings; a stream that is missing is not looked at.
    Raises Transient, Forbidden."""
    found = []
    for stream, all_of_it in wanted_streams(settings).items():
        want = {key: value for key, value in all_of_it.items() if key not in but}
        have = await Stream(connection, name=stream).configuration_or_none()
        changed = differing(have, want) if have is not None else ()
        if changed:
            found.append(_drift(stream, changed))
    found += [
        Drift(
            where=names.STREAM,
            sentence=f"its consumer {each} is paused: who reads by it waits",
            paused=each,
        )
        for each in await _paused_consumers(connection)
    ]
    return found


async def mend_drift(connection: Connection, settings: MeshSettings) -> list[Drift]:
    """As the admin: change back what is found; what was not as it was made, and with a `remedy`
    what still is not. Raises as `find_drift`."""
    found = await find_drift(connection, settings)
    for stream, want in wanted_streams(settings).items():
        if not any(each.where == stream and not each.paused for each in found):
            continue
        have = await Stream(connection, name=stream).configuration_or_none()
        if have is None or not differing(have, want):
            continue
        put_right = {**have, **{key: value for key, value in want.items() if value is not None}}
        for key, value in want.items():
            if value is None:
                put_right.pop(key, None)
        try:
            await connection.request_json(f"$JS.API.STREAM.UPDATE.{stream}", put_right)
        except Permanent as error:
            found = [each for each in found if each.where != stream or each.paused]
            found.append(_drift(stream, differing(have, want), refused=str(error)))
    for each in found:
        if each.paused:
            subject = f"$JS.API.CONSUMER.PAUSE.{names.STREAM}.{each.paused}"
            await connection.request_json(subject, {})
    return found


def _drift(stream: str, changed: tuple[str, ...], *, refused: str = "") -> Drift:
    sentence = f"its {', '.join(changed)} {'is' if len(changed) == 1 else 'are'} not as it was made"
    if refused:
        sentence = f"{sentence}, and the server does not change it back ({refused})"
    elif not _FOR_EVER & set(changed):
        return Drift(where=stream, sentence=sentence)
    return Drift(
        where=stream,
        sentence=sentence,
        remedy=f"`ganglion down`, remove nats/jetstream/MESH/streams/{stream}/meta.inf in the home,"
        " `ganglion up --detach`: it is described anew then, with all that is in it",
    )


async def _paused_consumers(connection: Connection) -> list[str]:
    listed = await connection.request_json(f"$JS.API.CONSUMER.LIST.{names.STREAM}", {})
    return [each["name"] for each in listed.get("consumers") or () if each.get("paused")]
