"""How is a service asked to decide something? By an event, answered after the log confirmed it.

Whoever leads the service answers. A request that is not answered in time is sent again under the
same id, so it is decided on once, whoever leads by then.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager

from enchanted.events.v1.alarm_pb2 import (
    ALARM_UNAUTHENTIC_ANSWER,
    SEVERITY_CRITICAL,
    AlarmName,
    AlarmRaised,
)
from enchanted.events.v1.answer_pb2 import Answer, TaskGrant
from enchanted.events.v1.swarm_event_pb2 import AgentRole
from enchanted.events.v1.task_request_pb2 import ClaimRequested
from nervous_system import names
from nervous_system.alarm import raise_alarm
from nervous_system.bus import Bus
from nervous_system.clock import Clock, Stopwatch, stopwatch, system_clock
from nervous_system.contract.codec import encode
from nervous_system.contract.event import Event
from nervous_system.contract.given import ENVELOPE_BYTES, check_size
from nervous_system.contract.header_block import malformed, parse_headers
from nervous_system.contract.payload import KINDS, Payload
from nervous_system.contract.vouching import Vouching
from nervous_system.contract.words import word
from nervous_system.errors import Forbidden, NotAcknowledged, Rejected, Transient
from nervous_system.ids import new_event_id
from nervous_system.names import ASK
from nervous_system.telemetry import semantic_names
from nervous_system.telemetry.task_attributes import task_attributes
from nervous_system.telemetry.tracing import Span
from nervous_system.transport.requests import Reply

TRY_SECONDS = 5.0
"""How long one try waits: the leader answers after the log has it on disk."""

ALARM_SECONDS = 60.0
"""How often at most an asker raises its alarm."""

OF_WHOM = "a stranger's, or of a service whose home has not the mesh's key"

FIRST_PAUSE_SECONDS = 0.02
MAX_PAUSE_SECONDS = 0.5


class RequestClient:
    """Asks one service, as one member of the swarm."""

    def __init__(
        self,
        bus: Bus,
        *,
        service: str,
        role: AgentRole.ValueType,
        agent_id: str,
        deadline_seconds: float = 15.0,
        clock: Clock = system_clock,
        watch: Stopwatch = stopwatch,
    ) -> None:
        self._bus = bus
        self._service = service
        self._role = role
        self._agent_id = agent_id
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._watch = watch
        self._raised: float | None = None  # its last alarm, by the stopwatch

    async def ask(
        self,
        payload: Payload,
        *,
        event_id: str | None = None,
        parent: str | None = None,
        root: bool = False,
        about: TaskGrant | None = None,
    ) -> Answer:
        """The answer to a request. `event_id` is given where the same may be asked again later;
        `parent` is the W3C traceparent it belongs to, `root`: it begins a trace of its own;
        `about` is the task that it is about, where it names one that its asker has.

        Raises NotAcknowledged when nobody answered within the deadline: it may have been decided on
        or not. Raises InvalidEvent, TooLarge; Forbidden, also where its signature is refused.
        """
        room = self._bus.connection.client.max_payload - ENVELOPE_BYTES
        check_size(payload, max_bytes=room)
        with self._span(payload, parent=parent or None, root=root, about=about) as span:
            answer = await self._believed_answer(encode(self._event(payload, event_id, span)))
            if isinstance(payload, ClaimRequested):
                show_grant(span, answer)
            return answer

    async def require_accepted(
        self, payload: Payload, *, event_id: str | None = None, parent: str | None = None
    ) -> Answer:
        """As `ask`. Raises Rejected, too, with every reason there is."""
        answer = await self.ask(payload, event_id=event_id, parent=parent)
        if not answer.accepted:
            raise Rejected(answer.reasons)
        return answer

    def beginning(self, payload: Payload) -> AbstractContextManager[Span]:
        """The span that begins a trace of its own, for what is asked within another request."""
        return self._span(payload, parent=None, root=True)

    def _span(
        self,
        payload: Payload,
        *,
        parent: str | None,
        root: bool,
        about: TaskGrant | None = None,
    ) -> AbstractContextManager[Span]:
        tracer = self._bus.tracer
        of_task = (payload,) if about is None else (payload, about)
        return tracer.span(
            "ask",
            f"{names.REQUESTS}.{self._service}.{KINDS[type(payload)].subject_word}",
            kind="client",
            attributes=task_attributes(*of_task) if tracer.recording else None,
            parent=parent,
            root=root,
        )

    def _event(self, payload: Payload, event_id: str | None, span: Span) -> Event:
        return Event(
            event_id=event_id or new_event_id(),
            timestamp=self._clock(),
            agent_role=self._role,
            agent_id=self._agent_id,
            payload=payload,
            trace_id=span.trace_id,
            span_id=span.span_id,
            correlation_id=span.trace_id,
        )

    async def _believed_answer(self, data: bytes) -> Answer:
        check = AnswerCheck(self._bus.vouching, data)
        try:
            return await self._ask_overseer(data, check)
        finally:
            if check.strangers and self._may_raise():
                await raise_alarm(
                    self._bus, self._alarm(check), role=self._role, agent_id=self._agent_id
                )

    async def _ask_overseer(self, data: bytes, check: AnswerCheck) -> Answer:
        subject = f"{names.REQUESTS}.{self._service}"
        headers = self._bus.vouching.for_request(
            subject, data, agent_id=self._agent_id, now=self._bus.clock()
        )
        deadline = self._watch() + self._deadline_seconds
        pause_seconds = FIRST_PAUSE_SECONDS
        reason = ""
        while (left := deadline - self._watch()) > 0:
            try:
                reply = await self._bus.connection.request(
                    subject,
                    data,
                    headers={**headers, **check.next_try()},
                    timeout_seconds=min(left, TRY_SECONDS),
                    believed=check.believes,
                )
            except Transient as error:
                reason = str(error)
            else:
                answer = Answer.FromString(reply.data)
                if answer.untrusted:
                    raise Forbidden("; ".join(answer.reasons))
                if not answer.again:
                    return answer
                reason = "; ".join(answer.reasons)
            await asyncio.sleep(min(pause_seconds, max(0.0, deadline - self._watch())))
            pause_seconds = min(MAX_PAUSE_SECONDS, pause_seconds * 2)
        if check.strangers:
            reason += f"; {check.strangers} answers came that nobody vouched for: {OF_WHOM}"
        raise NotAcknowledged(
            f"the {self._service} did not answer within {self._deadline_seconds:g} s ({reason});"
            " see `ganglion status` whether it runs, and ask again"
        )

    def _may_raise(self) -> bool:
        now = self._watch()
        if self._raised is not None and now - self._raised < ALARM_SECONDS:
            return False
        self._raised = now
        return True

    def _alarm(self, check: AnswerCheck) -> AlarmRaised:
        return AlarmRaised(
            name=word(AlarmName, ALARM_UNAUTHENTIC_ANSWER),
            severity=SEVERITY_CRITICAL,
            message=f"{check.strangers} answers to one request of {self._agent_id} to the"
            f" {self._service} were vouched for by nobody, and not believed",
            action=f"find out who answers there: {OF_WHOM}",
        )


def show_grant(span: Span, answer: Answer) -> None:
    """In the span of a claim: which task it was given, and where that was proposed; or that there
    was none."""
    if span.recorded and not answer.HasField("grant"):
        span.set({semantic_names.IN_VAIN: True})
    elif span.recorded:
        grant = answer.grant
        span.set(task_attributes(grant))
        span.link(filter(None, (grant.submission_traceparent, grant.objective_traceparent)))


# Each try bears a number that is used once; whoever has the mesh's key vouches for the answer to
# that try of that request. What anybody else sends is left out, and the true answer is waited
# for.
class AnswerCheck:
    """The tries of one request."""

    def __init__(self, vouching: Vouching, request: bytes) -> None:
        self._vouching = vouching
        self._request = request
        self._asked = ""
        self.strangers = 0  # answers that nobody vouched for

    def next_try(self) -> dict[str, str]:
        """The header of the next try; none where nothing can be checked."""
        self._asked = self._vouching.asks()
        return {ASK: self._asked} if self._asked else {}

    def believes(self, reply: Reply) -> bool:
        """Whether this is the answer to the last try."""
        if not self._asked:
            return True
        headers = parse_headers(reply.raw_headers)
        whole = not malformed(reply.raw_headers)
        if whole and self._vouching.believes(self._asked, self._request, reply.data, headers):
            return True
        self.strangers += 1
        return False
