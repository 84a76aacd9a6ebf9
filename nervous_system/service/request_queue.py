"""How does a leader hear what it is asked, and how does it answer?

A request is an event that the asker made: its id tells a repetition, its trace goes on in what it
leads to. It stands on the log only if it led to something.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, NamedTuple, Self

import nats.errors
import structlog
from nats.aio.subscription import Subscription

from enchanted.events.v1.answer_pb2 import Answer
from enchanted.events.v1.swarm_event_pb2 import TYPE_REQUEST
from nervous_system import names
from nervous_system.bus import Bus
from nervous_system.contract.codec import decode_strictly, encode
from nervous_system.contract.event import Event
from nervous_system.contract.header_block import malformed, parse_headers, unstamped
from nervous_system.contract.payload import asks_as
from nervous_system.contract.subjects import source_of, token
from nervous_system.errors import InvalidEvent, MalformedEvent, Untrusted
from nervous_system.service.fold import MAX_PAYLOAD_BYTES
from nervous_system.transport.frame import frame
from nervous_system.users import user_of_role

_log = structlog.get_logger()

_INBOXES: Final = (names.INBOX.encode(), f"{names.MAPPED_INBOX}.".encode())
_ASK_LINE: Final = f"\r\n{names.ASK}:".encode()

MAX_WAITING: Final = 10_000
"""If so many wait, others are told to ask again: they would be answered after their deadline."""

MAX_WAITING_BYTES: Final = 32 * 1024**2
"""The same in bytes: `MAX_WAITING` of the largest size that the server takes are 10 GB."""


class RawRequest(NamedTuple):
    """A request as it came, and where its answer goes."""

    data: bytes
    reply: str
    headers: bytes  # as they travelled
    by_agent: bool  # in an account of its own, so that the server says of whom

    @property
    def size(self) -> int:
        """How much of the memory it takes, in bytes."""
        return len(self.data) + len(self.headers or b"")


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """One request that can be decided on."""

    event: Event
    arrived: RawRequest
    data: bytes  # the event as its asker encoded it; without its secrets where it had some


class RequestQueue:
    """The requests on one subject, while the block runs: whoever leads is the one that is asked."""

    def __init__(
        self, bus: Bus, subject: str, *, some: asyncio.Event, now: Callable[[], datetime]
    ) -> None:
        self._bus = bus
        self._subject = subject
        self._of_agents = names.ASKED_BY_AGENTS + subject.removeprefix(names.REQUESTS)
        self._wakeup = some  # set whenever a request waits
        self._now = now  # the log's clock, not this machine's
        self._waiting: deque[RawRequest] = deque()
        self._waiting_bytes = 0
        self._subscriptions: list[Subscription] = []

    async def __aenter__(self) -> Self:
        client = self._bus.connection.client
        for subject in (self._subject, self._of_agents):
            self._subscriptions.append(await client.subscribe_raw(subject, self._on_message))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        client = self._bus.connection.client
        for each in self._subscriptions:
            await client.unsubscribe_raw(each)
        gone = not_now("this overseer no longer leads")
        self._reply([(each, gone) for each in self._waiting])
        self._waiting.clear()
        self._waiting_bytes = 0

    @property
    def waiting(self) -> int:
        """How many requests have arrived and are not taken."""
        return len(self._waiting)

    async def wait_for_request(self, *, within_seconds: float) -> None:
        """Until one waits, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while not self._waiting:
                    self._wakeup.clear()
                    await self._wakeup.wait()

    def take(self, max_requests: int, *, max_bytes: int) -> list[PendingRequest]:
        """Up to `max_requests` of those that wait, the oldest first; fewer where they are large.
        What cannot be read, or is nothing to ask for, is refused here."""
        taken: list[PendingRequest] = []
        refused: list[tuple[RawRequest, Answer]] = []
        size = 0
        while self._waiting and len(taken) < max_requests:
            size += len(self._waiting[0].data)
            if taken and size > max_bytes:
                break
            arrived = self._waiting.popleft()
            self._waiting_bytes -= arrived.size
            try:
                taken.append(self._read(arrived))
            except Untrusted as error:
                _log.warning("request.untrusted", reason=str(error))
                refused.append((arrived, Answer(reasons=[str(error)], untrusted=True)))
            except InvalidEvent as error:
                refused.append((arrived, Answer(reasons=error.problems)))
            except MalformedEvent as error:
                refused.append((arrived, Answer(reasons=[str(error)])))
        self._reply(refused)
        return taken

    def answer(self, answers: Iterable[tuple[PendingRequest, Answer]]) -> None:
        """Tell the askers; one that has gone, or cannot be told, will ask again or does not
        care."""
        self._reply([(asked.arrived, answer) for asked, answer in answers])

    def _on_message(self, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        if not reply.startswith(_INBOXES):
            # Nobody waits for an answer: what must be kept is published to the log. And nobody has
            # us say something, with our permissions, on a subject that is not an inbox.
            return
        by_agent = subject != self._subject.encode()
        arrived = RawRequest(bytes(data), reply.decode(), headers, by_agent)
        full = self._waiting_bytes + arrived.size > MAX_WAITING_BYTES
        if full or len(self._waiting) >= MAX_WAITING:
            self._reply([(arrived, not_now(f"{len(self._waiting)} others wait already"))])
            return
        self._waiting.append(arrived)
        self._waiting_bytes += arrived.size
        self._wakeup.set()

    def _read(self, arrived: RawRequest) -> PendingRequest:
        if len(arrived.data) > MAX_PAYLOAD_BYTES:
            raise InvalidEvent(
                [f"it has {len(arrived.data):,} bytes, more than {MAX_PAYLOAD_BYTES:,}"]
            )
        event, data = decode_strictly(arrived.data)
        problem = malformed(arrived.headers)
        if not problem and arrived.by_agent:
            problem = unstamped(arrived.headers)
        headers = parse_headers(arrived.headers)
        problem = problem or not_as_whom(headers.get(names.REQUEST_INFO, ""), event)
        if problem:
            raise Untrusted(f"what {event.agent_id} asks for is refused: {problem}")
        problem = self._bus.trusted.problem(
            headers,
            subject=self._subject,
            data=arrived.data,
            agent_id=event.agent_id,
            stored_at=self._now(),
        )
        if problem:
            raise Untrusted(
                f"what {event.agent_id} asks for is refused: its {problem};"
                " see GANGLION_SIGNING_KEY, `ganglion keys` and this machine's clock"
            )
        for worker in asks_as(event.payload) - {event.agent_id}:
            if self._bus.trusted.must_sign(worker, at=self._now()):
                raise Untrusted(
                    f"what {event.agent_id} asks for is refused: it is about what {worker} does,"
                    " who signs, and speaks for itself; ask as it, with its GANGLION_SIGNING_KEY"
                )
        if event.event_type != TYPE_REQUEST:
            raise InvalidEvent([f"{event.kind.field} is not something to ask for"])
        if self._bus.redactor.suspects(event.payload, event.attribution):
            event, _ = self._bus.redactor.event(event)
            data = encode(event)
        return PendingRequest(event, arrived, data)

    def _reply(self, answers: Sequence[tuple[RawRequest, Answer]]) -> None:
        frames = [
            self._frame_answer(arrived, answer.SerializeToString()) for arrived, answer in answers
        ]
        with suppress(nats.errors.Error):
            self._bus.connection.client.send(frames)

    def _frame_answer(self, arrived: RawRequest, answer: bytes) -> bytes:
        start = arrived.headers.find(_ASK_LINE) if arrived.headers else -1
        if start < 0:
            return frame(arrived.reply, answer)
        start += len(_ASK_LINE)
        asked = arrived.headers[start : arrived.headers.find(b"\r\n", start)].decode(
            errors="replace"
        )
        vouched = self._bus.vouching.for_answer(asked.strip(), arrived.data, answer)
        return frame(arrived.reply, answer, headers=vouched)


def not_as_whom(request_info: str, event: Event) -> str:
    """Why a request cannot come from the agent that it names, and which name to use instead; empty
    if it can.

    `request_info` is what the server says of a sender that has an account of its own:
    `<role>/<user>`.
    """
    if not request_info:
        return ""
    try:
        account = str(json.loads(request_info)["acc"])
    except (ValueError, TypeError, KeyError):
        return "who sent it cannot be understood"
    role, _, user = account.partition("/")
    if not user:
        return ""
    if role != source_of(event.agent_role):
        return (
            f"the server's user {user} speaks as {role}, not as {source_of(event.agent_role)};"
            f' use role="{role}"'
        )
    of_anybody = (user_of_role(role), user_of_role(role, works=True))
    if user in of_anybody:
        return ""
    if user != token(event.agent_id) or any(token(each) != user for each in asks_as(event.payload)):
        name = "worker_id" if asks_as(event.payload) else "agent_id"
        return (
            f"the server's user {user} speaks for itself, and for no other agent;"
            f' use {name}="{user}"'
        )
    return ""


def not_now(reason: str) -> Answer:
    """The answer of one that cannot decide at this moment."""
    return Answer(accepted=False, again=True, reasons=[reason])
