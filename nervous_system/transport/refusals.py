"""What does a refusal by JetStream mean to whoever asked: again later, never, or not as this
process?

By the server's own number (its `errors.json`, version 2.15.1). Where one is not listed here, a
status of 503 (out of service) or 429 (too many) may be over soon, and any other will not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import nats.js.errors

from nervous_system import names
from nervous_system.errors import (
    Conflict,
    Crowded,
    Duplicate,
    Fatal,
    GanglionError,
    LogFull,
    Permanent,
    TooLarge,
    Unavailable,
)

_PASSING_STATUS: Final = (429, 503)

_NO_ROOM: Final = {
    10002: "the account's storage",
    names.ERROR_INSUFFICIENT_RESOURCES: "the server's storage or memory",
    10028: "the server's memory",
    10047: "the server's storage",
    names.ERROR_STREAM_FULL: "the stream, or its disk",
}
"""What is full. Who publishes is told that the log is; who makes a stream, a bucket or a consumer
waits until others have gone: the server counts room for two that are made at once."""

_PASSING: Final[Mapping[int, str]] = {
    10007: "this server of the cluster has yet to take part",
    10008: "the cluster has no leader yet",
    10009: "the cluster's leader is another server by now",
    10012: "the consumer could not be made; the server has just begun, or its disk is full",
    names.ERROR_CONSUMER_NOT_FOUND: "the consumer has gone",
    10026: "as many read as the server allows: end some readers, or raise"
    " jetstream.limits.default_max_consumers",
    10027: "there are as many streams as the account allows: remove some, or raise its limit",
    10041: "the servers of the cluster do not agree at the moment",
    10048: "the cluster could not place the stream",
    10049: "the stream could not be made; see the server's log and its disk",
    10051: "see the server's log",
    names.ERROR_STREAM_NOT_FOUND: "`ganglion up` makes it",
    10096: "its store is being opened, or is damaged: see the server's log",
    10104: "the consumer's store could not be made: see the server's disk",
    10118: "the stream is offline",
    10119: "the consumer is offline",
    10124: "the stream is being moved",
    10158: "another try with the same id is under way",
    10163: "somebody else has just written to the same subject",
    10194: "the stream is offline",
    10195: "the consumer is offline",
    10202: "the cluster is being changed",
    10226: "the stream is being changed",
}

_CROWDED: Final[Mapping[int, str]] = {
    10167: "more is published than the log can store at the moment",
    names.ERROR_BATCH_INCOMPLETE: "the server had no place for its beginning, or lost it",
    names.ERROR_BATCHES_IN_FLIGHT: "too many others are being sent at this moment",
    10211: "too many others are being sent at this moment",
}

_REFUSED: Final[Mapping[int, type[GanglionError]]] = {
    names.ERROR_WRONG_LAST_SEQUENCE: Conflict,
    names.ERROR_WRONG_LAST_SEQUENCE_CONSTANT: Conflict,
    names.ERROR_MESSAGE_TOO_LARGE: TooLarge,
    10097: TooLarge,  # of headers
    names.ERROR_BATCH_DUPLICATE: Duplicate,
}

_HOPELESS: Final[Mapping[int, str]] = {
    10074: "it is no cluster: set GANGLION_STREAM_REPLICAS to 1, or run three servers",
    10109: "somebody sealed it, for good: stop the mesh, move the server's store away, start it,"
    " and bring the events back with `ganglion epochs republish`",
}
"""What a person must mend before this process can do anything."""


def refusal(error: Mapping[str, Any], *, what: str, publishing: bool = False) -> GanglionError:
    """The server's JSON error (`code`, `err_code`, `description`) as one of ours; `what` begins its
    sentence."""
    number = error.get("err_code", 0)
    said = f"{what} was refused: {error.get('description', 'no description')} (error {number})"
    family = _REFUSED.get(number)
    if family is not None:
        return family(said)
    if number in _NO_ROOM:
        if publishing:
            return LogFull(
                f"{said}; free space or raise GANGLION_STREAM_MAX_BYTES, then publish again"
            )
        return Unavailable(
            f"{said}: {_NO_ROOM[number]} is full, or others have just asked for the same room; free"
            " space, or lower GANGLION_STREAM_MAX_BYTES"
        )
    if number in _HOPELESS:
        return Fatal(f"{said}; {_HOPELESS[number]}")
    if number in _CROWDED:
        return Crowded(f"{said}; {_CROWDED[number]}")
    if number in _PASSING:
        return Unavailable(f"{said}; {_PASSING[number]}")
    return Unavailable(said) if error.get("code") in _PASSING_STATUS else Permanent(said)


def refusal_of(error: nats.js.errors.APIError, *, what: str) -> GanglionError:
    """As `refusal`, of one that nats-py has raised."""
    answer = {
        "code": error.code,
        "err_code": error.err_code or 0,
        "description": error.description or "no description",
    }
    return refusal(answer, what=what)
