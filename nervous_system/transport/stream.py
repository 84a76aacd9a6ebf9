"""What is the log, on the server's side?

Its settings, made idempotently, and the look at single positions.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from nervous_system import names
from nervous_system.contract.header_block import parse_headers
from nervous_system.contract.stored import EPOCH, Stored, StreamState
from nervous_system.errors import Fatal, Forbidden, Unavailable
from nervous_system.settings import MeshSettings
from nervous_system.transport.connection import Connection
from nervous_system.transport.making import found_or_made
from nervous_system.transport.refusals import refusal
from nervous_system.transport.requests import Reply

NANOSECONDS: Final = 1_000_000_000
DUPLICATE_WINDOW_SECONDS: Final = 600

REMEDY: Final = "`ganglion init` makes it anew, around what its files still hold"


def configuration(settings: MeshSettings) -> dict[str, Any]:
    """The stream as it must be; durations in nanoseconds, as the API takes them."""
    return {
        "name": names.STREAM,
        "description": "Every decision and every state change of the swarm",
        "subjects": [names.ALL_EVENTS],
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "max_bytes": settings.stream_max_bytes,
        "max_age": int(settings.stream_max_age_seconds * NANOSECONDS),
        "duplicate_window": int(
            min(DUPLICATE_WINDOW_SECONDS, settings.stream_max_age_seconds) * NANOSECONDS
        ),
        "num_replicas": settings.stream_replicas,
        "allow_atomic": True,
        "allow_direct": True,
        "deny_delete": True,
        "deny_purge": True,
    }


class Stream:
    """The log's management and single reads; `directly`: without a turn among the calls of the API,
    which only services may (decision 31)."""

    def __init__(
        self, connection: Connection, *, name: str = names.STREAM, directly: bool = False
    ) -> None:
        self._connection = connection
        self.name = name
        self._directly = directly
        self._state_subject = f"$JS.API.STREAM.INFO.{name}"
        self._message_subject = f"$JS.API.STREAM.MSG.GET.{name}"

    async def ensure(self, settings: MeshSettings) -> None:
        """Make the stream, or bring it to these settings.

        Raises Fatal where an existing one cannot become it; Unavailable where there is none yet,
        and this user may not make it. One that he may not change stays as it is: whoever may does
        it, and says so.
        """
        await self.ensure_as(configuration(settings))

    async def ensure_as(self, wanted: dict[str, Any]) -> None:
        """The same with a configuration of its own. Raises as `ensure`."""
        found = await found_or_made(
            self._info_or_none,
            lambda: self._connection.request_json(f"$JS.API.STREAM.CREATE.{self.name}", wanted),
            what=f"the stream {self.name}",
        )
        have = found["config"]
        differing = sorted(key for key, value in wanted.items() if have.get(key) != value)
        if not differing:
            return
        fixed = {"storage", "retention", "deny_delete", "deny_purge"} & set(differing)
        if fixed:
            raise Fatal(
                f"the stream {self.name} exists with another {', '.join(sorted(fixed))};"
                " it cannot be changed without losing it: publish to another server,"
                " or back it up and remove it by hand"
            )
        with suppress(Forbidden):
            await self._connection.request_json(
                f"$JS.API.STREAM.UPDATE.{self.name}", {**have, **wanted}
            )

    async def state(self, *, timeout_seconds: float = 5.0) -> StreamState:
        """First and last position, counts, creation.

        Raises Unavailable when there is no stream.
        """
        found = await self._info(timeout_seconds=timeout_seconds)
        state = found["state"]
        return StreamState(
            created=found["created"],
            first_sequence=state["first_seq"],
            last_sequence=state["last_seq"],
            messages=state["messages"],
            bytes=state["bytes"],
            max_bytes=found["config"]["max_bytes"],
        )

    async def time(self) -> datetime:
        """What time it is by the stream's clock, UTC.

        Raises Unavailable when there is no stream, and as `Connection.request`.
        """
        found = await self._info()
        return EPOCH + timedelta(microseconds=_nanoseconds(found["ts"]) // 1000)

    async def configuration(self) -> dict[str, Any]:
        """The settings in force, as the server reports them. Raises Unavailable when there is no
        stream."""
        config: dict[str, Any] = (await self._info())["config"]
        return config

    async def configuration_or_none(self) -> dict[str, Any] | None:
        """As `configuration`, None when there is no stream."""
        found = await self._info_or_none()
        return None if found is None else found["config"]

    async def at(self, sequence: int) -> Stored | None:
        """The message at one position, None where there is none."""
        return await self._read({"seq": sequence})

    async def last_on(self, subject: str) -> Stored | None:
        """The last message on a subject or filter; on a replicated log, as one of the replicas
        knows it."""
        return await self._read({"last_by_subj": subject})

    async def next_on(self, subject: str, *, at_least: int) -> Stored | None:
        """The first message on a subject or filter at or after a position."""
        return await self._read({"seq": at_least, "next_by_subj": subject})

    async def first_since(self, moment: datetime, subject: str) -> Stored | None:
        """The first message on a subject or filter from a moment on."""
        start = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return await self._read({"start_time": start, "next_by_subj": subject})

    async def _read(self, body: dict[str, Any]) -> Stored | None:
        """Raises as `Connection.request`, and Unavailable where there is no stream."""
        question = json.dumps(body).encode()
        if self._directly:
            return await self._read_directly(question)
        asked = self._message_subject
        answer = await self._answer(asked, question)
        if "error" not in answer:
            return _from_answer(answer["message"])
        code = answer["error"].get("err_code")
        if code == names.ERROR_NO_MESSAGE_FOUND:
            return None
        if self._is_elsewhere(asked, code):
            return await self._read(body)
        raise refusal(answer["error"], what=f"a read of {self.name}")

    async def _read_directly(self, question: bytes) -> Stored | None:
        subject = f"$JS.API.DIRECT.GET.{self.name}"
        reply = await self._connection.request(subject, question, timeout_seconds=5.0)
        if not reply.is_status:
            return _from_direct(reply)
        headers = parse_headers(reply.raw_headers)
        if headers["Status"] == "404":
            return None
        said = headers.get("Description") or headers["Status"]
        raise Unavailable(f"a read of {self.name} was refused: {said}")

    async def _answer(
        self, subject: str, question: bytes, *, timeout_seconds: float = 5.0
    ) -> dict[str, Any]:
        reply = await self._connection.request(subject, question, timeout_seconds=timeout_seconds)
        answer: dict[str, Any] = json.loads(reply.data)
        return answer

    def _is_elsewhere(self, asked: str, code: int | None) -> bool:
        """Whether this refusal is because an agent's account has no JetStream of its own; from then
        on the log is asked as it is called there."""
        elsewhere = (
            code == names.ERROR_NOT_ENABLED_FOR_ACCOUNT
            and self.name == names.STREAM
            and asked not in (names.LOG_STATE, names.LOG_MESSAGE)
        )
        if elsewhere:
            self._state_subject, self._message_subject = names.LOG_STATE, names.LOG_MESSAGE
        return elsewhere

    async def _info(self, *, timeout_seconds: float = 5.0) -> dict[str, Any]:
        found = await self._info_or_none(timeout_seconds=timeout_seconds)
        if found is None:
            raise Unavailable(f"the stream {self.name} is not there; {REMEDY}")
        return found

    async def _info_or_none(self, *, timeout_seconds: float = 5.0) -> dict[str, Any] | None:
        asked = self._state_subject
        answer = await self._answer(asked, b"", timeout_seconds=timeout_seconds)
        if "error" not in answer:
            return answer
        code = answer["error"].get("err_code")
        if code == names.ERROR_STREAM_NOT_FOUND:
            return None
        if self._is_elsewhere(asked, code):
            return await self._info_or_none(timeout_seconds=timeout_seconds)
        raise refusal(answer["error"], what=f"a look at the stream {self.name}")


def _from_answer(message: dict[str, Any]) -> Stored:
    return Stored(
        sequence=message["seq"],
        subject=message["subject"],
        recorded_at_ns=_nanoseconds(message["time"]),
        data=base64.b64decode(message.get("data", "")),
        raw_headers=base64.b64decode(message.get("hdrs", "")),
    )


def _from_direct(reply: Reply) -> Stored:
    """The server writes behind the message's own headers: a publisher may have used its names."""
    own: list[str] = []
    added: dict[str, str] = {}
    for line in reply.raw_headers.decode(errors="replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name in _OF_DIRECT_GET:
            added[name] = value.strip()
        else:
            own.append(line)
    return Stored(
        sequence=int(added["Nats-Sequence"]),
        subject=added["Nats-Subject"],
        recorded_at_ns=_nanoseconds(added["Nats-Time-Stamp"]),
        data=reply.data,
        raw_headers="\r\n".join(own).encode(),
    )


_OF_DIRECT_GET: Final = frozenset(
    {
        "Nats-Stream",
        "Nats-Sequence",
        "Nats-Subject",
        "Nats-Time-Stamp",
        "Nats-Num-Pending",
        "Nats-Last-Sequence",
    }
)
"""Headers that the server adds to a message that is read directly."""


def _nanoseconds(rfc3339: str) -> int:
    """`2026-11-21T09:11:00.123456789Z` in nanoseconds since 1970, without losing the last three
    digits."""
    moment, _, rest = rfc3339.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
    return seconds * NANOSECONDS + int(rest.ljust(9, "0")[:9])
