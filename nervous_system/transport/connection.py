"""How does a process hold on to the NATS server, and what do its errors mean to us?

nats-py's errors are turned into ours here and nowhere else. Its defaults are made safe: nothing is
buffered while disconnected (a publish that raised must not be stored behind the caller's back), it
reconnects for ever, and a half-open connection is noticed within 20 seconds.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import nats.errors
import nats.js.errors
import structlog
from nats.aio.subscription import Subscription

from nervous_system import names
from nervous_system.cancelling import heeding
from nervous_system.contract.subjects import inbox_prefix
from nervous_system.errors import (
    Fatal,
    Forbidden,
    NotAcknowledged,
    TooLarge,
    Transient,
    Unavailable,
)
from nervous_system.settings import MeshSettings
from nervous_system.shown_address import display_address, problem_of
from nervous_system.transport.bulk_client import BulkClient, Handler
from nervous_system.transport.refusals import refusal
from nervous_system.transport.requests import Believed, Reply, Requests

_log = structlog.get_logger()

CLOSE_SECONDS = 5
"""How long closing waits for what arrived to be taken; a service has 15 s for its whole drain."""

CONNECT_TIMEOUT_SECONDS = 5
LISTEN_SECONDS = 5
PING_INTERVAL_SECONDS = 10
MAX_OUTSTANDING_PINGS = 2
RECONNECT_WAIT_SECONDS = 0.25
HEADER_FRAME_BYTES = len(b"NATS/1.0\r\n\r\n")
HEADER_LINE_BYTES = len(b": \r\n")
FIRST_ATTEMPTS = 1
"""Tries before the first connection is given up; one that once stood is sought for ever."""

MAX_NAME_CHARACTERS = 64

_PERMISSION = re.compile(r"permissions violation for (publish|subscription) to \"([^\"]+)\"", re.I)
"""The server says which permission was missing in words only; there is no code."""


def _user_of(settings: MeshSettings) -> str | None:
    """Whom the server takes this program for, as far as that is known here."""
    in_url = urlsplit(settings.nats_url.split(",")[0]).username
    return settings.nats_user or (unquote(in_url) if in_url else None)


def _as_whom(settings: MeshSettings) -> str:
    user = _user_of(settings)
    if settings.nats_credentials is not None or user is not None:
        return "these credentials"
    return "anybody without credentials"


def _display_name(name: str) -> str:
    """What the server's list of connections shows. All that is said when connecting is one line,
    and it has a limit (`max_control_line`); emoji take twelve bytes of it."""
    printable = "".join(each if each.isprintable() else "?" for each in name[:MAX_NAME_CHARACTERS])
    return printable.encode(errors="replace").decode()


def _is_bad_credentials(error: Exception | None) -> bool:
    return names.AUTHORIZATION_VIOLATION in str(error).lower()


class Connection:
    """One connection to NATS, shared by everything in a process."""

    def __init__(self, client: BulkClient) -> None:
        self.client = client
        self.generation = 0  # counts reconnects: whoever saw another number missed something
        self.closed = asyncio.Event()
        self._closing = False
        self._last_error: Exception | None = None
        self._connected = asyncio.Event()
        self._requests = Requests(client)

    @classmethod
    async def open(cls, settings: MeshSettings, *, name: str) -> Connection:
        """Connect.

        Raises Unavailable when nobody answers, Forbidden when the credentials are not valid, Fatal
        for what is no address.
        """
        if problem := problem_of(settings.nats_url):
            raise Fatal(
                f"{display_address(settings.nats_url)} is no address of a NATS server: {problem}"
            )
        connection = cls(BulkClient())
        servers = [each.strip() for each in settings.nats_url.split(",")]
        try:
            connecting = connection.client.connect(
                servers if len(servers) > 1 else settings.nats_url,
                name=_display_name(name),
                user=settings.nats_user,
                password=settings.nats_password,
                user_credentials=str(settings.nats_credentials)
                if settings.nats_credentials
                else None,
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                allow_reconnect=True,
                max_reconnect_attempts=FIRST_ATTEMPTS,
                reconnect_time_wait=RECONNECT_WAIT_SECONDS,  # type: ignore[arg-type]  # a float is fine
                ping_interval=PING_INTERVAL_SECONDS,
                max_outstanding_pings=MAX_OUTSTANDING_PINGS,
                pending_size=0,
                drain_timeout=CLOSE_SECONDS,
                inbox_prefix=inbox_prefix(_user_of(settings) or name),
                error_cb=connection._on_error,
                disconnected_cb=connection._on_disconnected,
                reconnected_cb=connection._on_reconnected,
                closed_cb=connection._on_closed,
                skip_subject_validation=True,  # subjects are made by `subjects.py`
            )
            await heeding(connecting)
            await connection._requests.open()
        except (Forbidden, asyncio.CancelledError):
            connection._closing = True
            await connection._abandon()
            raise
        except (OSError, nats.errors.Error, TimeoutError) as error:
            await connection._abandon()
            cause = connection._last_error or error
            if not _is_bad_credentials(cause):
                raise Unavailable(
                    f"no NATS server answers at {display_address(settings.nats_url)}"
                    f" ({cause or type(cause).__name__})"
                ) from error
            raise Forbidden(
                f"{display_address(settings.nats_url)} does not accept {_as_whom(settings)}; set"
                " GANGLION_HOME to the home of the mesh that listens there, or NATS_URL to what"
                " `ganglion keys new` prints, or check GANGLION_NATS_USER, GANGLION_NATS_PASSWORD,"
                " or GANGLION_NATS_CREDENTIALS"
            ) from error
        connection.client.options["max_reconnect_attempts"] = -1
        connection._connected.set()
        return connection

    async def request(
        self,
        subject: str,
        data: bytes,
        *,
        headers: dict[str, str] | None = None,
        timeout_seconds: float,
        also: Collection[str] = (),
        believed: Believed | None = None,
    ) -> Reply:
        """Send and wait for the reply, for one that is `believed` where not all are; `also` are the
        subjects of what was sent before and belongs to it.

        Raises NotAcknowledged, Unavailable, Forbidden, TooLarge.
        """
        headers = headers or {}
        self.check_size(subject, data, headers)
        with translate_errors(f"a request to {subject}", timeout_seconds=timeout_seconds):
            return await self._requests.request(
                subject,
                data,
                headers=headers,
                timeout_seconds=timeout_seconds,
                also=also,
                believed=believed,
            )

    async def listen(self, subject: str, handler: Handler) -> Subscription:
        """Have every message on a subject handed to `handler`, once the server agreed to it.

        Raises Forbidden, NotAcknowledged, Unavailable.
        """
        refused: list[Exception] = []
        with (
            self.client.when_refused(subject, refused.append),
            translate_errors(f"listening to {subject}"),
        ):
            subscription = await self.client.subscribe_raw(subject, handler)
            await self.client.wait_settled(timeout_seconds=LISTEN_SECONDS)
            if refused:
                await self.client.unsubscribe_raw(subscription)
                raise refused[0]
        return subscription

    def check_size(self, subject: str, data: bytes, headers: dict[str, str]) -> None:
        """Raises TooLarge for what the server would close the connection over.

        It counts the headers, too; nats-py looks at the data only.
        """
        size = len(data)
        if headers:
            size += HEADER_FRAME_BYTES
            for name, value in headers.items():
                size += len(name) + len(value.encode()) + HEADER_LINE_BYTES
        if size > self.client.max_payload:
            raise TooLarge(
                f"a message of {size:,} bytes for {subject} is larger than the server's payload"
                f" limit of {self.client.max_payload:,}; leave something out, or raise the limit"
            )

    async def request_json(
        self, subject: str, body: dict[str, Any], *, timeout_seconds: float = 5.0
    ) -> dict[str, Any]:
        """One call of the JetStream API.

        Raises as `request`, and `refusal(...)` for an error in the reply.
        """
        reply = await self.request(
            subject, json.dumps(body).encode() if body else b"", timeout_seconds=timeout_seconds
        )
        answer: dict[str, Any] = json.loads(reply.data)
        if "error" in answer:
            raise refusal(answer["error"], what=subject)
        return answer

    async def wait_connected(self, *, timeout_seconds: float) -> bool:
        """Whether the connection stands, at the latest after `timeout_seconds`."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._connected.wait()
        except TimeoutError:
            return False
        return True

    async def _abandon(self) -> None:
        with suppress(AssertionError):  # of nats-py, where it had not even begun
            await self._end()

    async def _end(self) -> None:
        with suppress(OSError):  # the server was quicker to end it
            await self.client.close()

    async def close(self) -> None:
        """Flush what was sent, then close: also where the server takes nothing more. What must be
        on record was acknowledged before, so whoever leaves has nothing to mend."""
        self._closing = True
        if self.client.is_connected:
            try:
                await heeding(self.client.drain())
            except (nats.errors.Error, OSError) as error:
                _log.warning("nats.not_drained", reason=str(error) or type(error).__name__)
            else:
                return
        self.client.drop_pending()  # nats-py would try to send it, and fail
        await self._end()

    async def _on_error(self, error: Exception) -> None:
        missing = _PERMISSION.search(str(error))
        if missing is not None:
            forbidden = Forbidden(
                f"the NATS server forbids this user the {missing[1].lower()} to {missing[2]};"
                " ask for the permission or use another user"
            )
            self._requests.refuse(missing[2], forbidden)
            self.client.refuse(missing[2], forbidden)
        if not _is_bad_credentials(self._last_error):  # the reset that follows it says less
            self._last_error = error
        if self._connected.is_set() and not isinstance(error, OSError):
            _log.warning("nats.error", error=str(error) or type(error).__name__)

    async def _on_disconnected(self) -> None:
        self._connected.clear()
        self.generation += 1
        self.client.drop_pending()
        if not self._closing:
            _log.warning("nats.disconnected")

    async def _on_reconnected(self) -> None:
        self._connected.set()
        url = self.client.connected_url
        _log.info("nats.reconnected", server=f"{url.hostname}:{url.port}" if url else "")

    async def _on_closed(self) -> None:
        self._connected.clear()
        self.generation += 1
        self.closed.set()


@contextmanager
def translate_errors(what: str, *, timeout_seconds: float | None = None) -> Iterator[None]:
    """Inside, nats-py's errors come out as ours.

    `what` begins the sentence.
    """
    try:
        yield
    except nats.errors.NoRespondersError as error:
        raise Unavailable(
            f"{what} found nobody to answer: the stream is missing or has no leader"
        ) from error
    except nats.errors.MaxPayloadError as error:
        raise TooLarge(f"{what} is larger than the server's payload limit") from error
    except nats.errors.ConnectionClosedError as error:
        raise Fatal(f"{what} failed: the connection to NATS was closed") from error
    except (nats.errors.TimeoutError, TimeoutError) as error:
        within = f" within {timeout_seconds:g} s" if timeout_seconds is not None else ""
        raise NotAcknowledged(f"{what} was not answered{within}") from error
    except nats.errors.OutboundBufferLimitError as error:
        raise Unavailable(f"{what} was not sent: the connection to NATS is down") from error
    except (nats.js.errors.ServiceUnavailableError, nats.js.errors.NoStreamResponseError) as error:
        raise Unavailable(f"{what} failed: JetStream has no leader or no room now") from error
    except nats.js.errors.Error:
        raise  # an answer of JetStream's, such as a key that is not there: the caller asked for it
    except (nats.errors.Error, OSError) as error:
        raise Transient(f"{what} failed: {error or type(error).__name__}") from error
