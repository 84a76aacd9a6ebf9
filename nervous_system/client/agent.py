"""How does an agent put on record what it decides and does?

    async with open_agent("nats://127.0.0.1:4222", role="coder", agent_id="coder-1") as agent:
        decision = await agent.decide(rationale="the test is wrong", chosen="fix it")
        await agent.change("tests/test_x.py", before=old, after=new, because=decision)
        await agent.outcome(decision, status="succeeded", exit_code=0)
        await agent.propose("Find the other wrong tests", tasks=[{"action": "find"}])

Each call returns after the event is on disk. Ids, hashes, diffs, traces and retries are done here.
Where nobody confirmed that it is, `await error.again()` says the very same again; whoever may have
been ended meanwhile calls again with the same `event_id` of his own: either way it is taken once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Unpack

from enchanted.events.v1.action_outcome_pb2 import COST_UNSPECIFIED, ActionOutcome
from enchanted.events.v1.agent_decision_pb2 import AgentDecision
from enchanted.events.v1.attribution_pb2 import Attribution
from enchanted.events.v1.objective_pb2 import ObjectiveProposed
from enchanted.events.v1.state_change_pb2 import StateChange
from enchanted.events.v1.swarm_event_pb2 import (
    ROLE_ARCHITECT,
    ROLE_CODER,
    ROLE_OPERATOR,
    ROLE_REVIEWER,
    ROLE_WORKER,
    AgentRole,
)
from enchanted.events.v1.system_signal_pb2 import SystemSignal
from enchanted.events.v1.task_request_pb2 import TasksProposed
from nervous_system.bus import Bus, open_bus
from nervous_system.client.agent_orders import AgentOrders
from nervous_system.client.event_recorder import EventRecorder
from nervous_system.client.event_recorder import Receipt as Receipt  # whoever calls needs it
from nervous_system.client.finding_workspace import find_workspace
from nervous_system.client.proposing import (
    USUAL_PRIORITY,
    TaskFields,
    check_task_fields,
    objective,
    request_id,
    task,
)
from nervous_system.client.request_client import RequestClient
from nervous_system.client.resource_chains import ResourceChains
from nervous_system.client.workspace import NO_WORKSPACE, Workspace, given_name
from nervous_system.clock import Clock, Stopwatch, stopwatch, system_clock
from nervous_system.contract.attribution import AttributionFields, attribution_of
from nervous_system.contract.event import Event
from nervous_system.contract.given import (
    ENVELOPE_BYTES,
    INT32,
    MAX_NAME_BYTES,
    UINT32,
    UINT64,
    Given,
    check_size,
)
from nervous_system.contract.payload import KINDS, Payload
from nervous_system.contract.resource import Content, Resource
from nervous_system.contract.subjects import source_of
from nervous_system.contract.truncation import MAX_OUTPUT_CHARACTERS
from nervous_system.contract.words import PROVENANCES, STATUSES, Provenance, Status
from nervous_system.errors import InvalidEvent, Transient
from nervous_system.ids import child_id, is_uuid, new_event_id
from nervous_system.names import EVENTS, OVERSEER
from nervous_system.settings import MeshSettings
from nervous_system.telemetry.log import keep_off_stdout
from nervous_system.telemetry.tracing import Span, Tracer
from nervous_system.users import settings_at, user_of_role

AGENT_ROLES: Final = (ROLE_ARCHITECT, ROLE_CODER, ROLE_REVIEWER, ROLE_OPERATOR, ROLE_WORKER)
"""What an agent may be; the other roles are those of the services."""

EXIT_CODES: Final = (INT32[0], UINT32[1])
"""As POSIX has them, and as Windows has."""


class Agent:
    """One member of the swarm.

    Open it with `open_agent`; use it from one event loop.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        role: AgentRole.ValueType,
        agent_id: str,
        clock: Clock = system_clock,
        watch: Stopwatch = stopwatch,
        deadline_seconds: float = 15.0,
        workspace: Workspace = NO_WORKSPACE,
        attribution: Attribution | None = None,
    ) -> None:
        self.bus = bus
        self.role = role
        self.agent_id = agent_id
        self.workspace = workspace
        self._attribution = attribution
        self._clock = clock
        self._asker = RequestClient(
            bus,
            service=OVERSEER,
            role=role,
            agent_id=agent_id,
            deadline_seconds=deadline_seconds,
            clock=clock,
            watch=watch,
        )
        self._on_record = EventRecorder(bus, agent_id=agent_id, deadline_seconds=deadline_seconds)
        self._chains = ResourceChains(
            bus, self._on_record, deadline_seconds=deadline_seconds, clock=clock, watch=watch
        )
        self._orders = AgentOrders(bus, agent_id=agent_id, role=role, clock=clock, watch=watch)

    @property
    def halted(self) -> str:
        """Why it is to do nothing at this moment: everything is halted, or it was told to sleep.
        Empty where it may go on, and before the first `wait_for_orders` has returned."""
        return self._orders.halted

    @property
    def dismissed(self) -> str:
        """Why it is to end: it was told to stop, or to drain. Empty where it is not."""
        return self._orders.dismissed

    async def wait_for_orders(self) -> None:
        """Returns when `halted` or `dismissed` says something else than when it returned last; the
        first time, as soon as they are known. So this obeys:

            await agent.wait_for_orders()
            for step in steps:
                while agent.halted and not agent.dismissed:
                    await agent.wait_for_orders()
                if agent.dismissed:
                    break

        Raises Forbidden where this user may not hear what is said.
        """
        await self._orders.change()

    async def take_leave(self) -> None:
        """Listen to no orders any more. `open_agent` does it at its end."""
        await self._orders.close()

    async def decide(
        self,
        *,
        rationale: str,
        chosen: str,
        alternatives: Sequence[str] = (),
        confidence: float | None = None,
        context_hash: str = "",
        trigger: str = "",
        memory_ids: Sequence[str] = (),
        because: Receipt | None = None,
        event_id: str = "",
        **attribution: Unpack[AttributionFields],
    ) -> Receipt:
        """Record a decision: why, what was chosen, what was turned down; and who is behind it, over
        what `open_agent` was told (`model`, `tool_call_id`, `labels` …).

        `confidence` is 0 to 1, kept to seven digits. Under an `event_id` of the caller's, any text,
        the same is taken once for as long as the log remembers ids (ten minutes), and twice as one
        row later; a UUID is the event's id itself. Raises InvalidEvent where `rationale` or
        `chosen` shows nothing: afterwards nobody could say why; IdTaken where something else was
        said under the id.
        """
        given = Given()
        decision = {
            "rationale": given.text("rationale", rationale, say="say why"),
            "chosen_action": given.text("chosen", chosen, say="say what"),
            "rejected_alternatives": given.texts("alternatives", alternatives),
            "confidence_score": given.number_or_none("confidence", confidence, max_value=1.0),
            "context_hash": given.text("context_hash", context_hash),
            "input_trigger": given.text("trigger", trigger),
            "memory_ids": given.texts("memory_ids", memory_ids),
        }
        _check_receipt(given, "because", because)
        behind = attribution_of(given, attribution, usual=self._attribution)
        event_id = self._own_id(given, event_id)
        given.check()
        payload = AgentDecision(**decision)  # type: ignore[arg-type]  # as the contract has them
        return await self._record(payload, because=because, event_id=event_id, behind=behind)

    async def outcome(
        self,
        decision: Receipt,
        *,
        status: Status,
        output: str = "",
        exit_code: int | None = None,
        duration_seconds: float | None = None,
        cost_usd: float | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cache_read_input_tokens: int | None = None,
        cache_write_input_tokens: int | None = None,
        reasoning_output_tokens: int | None = None,
        cost_provenance: Provenance | None = None,
        price_table: str = "",
        event_id: str = "",
        **attribution: Unpack[AttributionFields],
    ) -> Receipt:
        """Record what came of a decision.

        `input_tokens` counts those that the provider's cache was read for or written with, too, and
        `output_tokens` those spent on reasoning; of several outcomes of one response only one has
        tokens. `cost_provenance` says where `cost_usd` is known from, and "unknown" that it cost
        something; an estimate names its `price_table`. Who is behind it: as in `decide`.

        Any output, a long one at its beginning and its end. An exit code of Windows, which has no
        sign, is recorded as the signed number of the same bits. `event_id` as in `decide`.
        """
        given = Given()
        output = given.text_within("output", output, max_characters=MAX_OUTPUT_CHARACTERS)
        exit_code = given.whole_or_none("exit_code", exit_code, EXIT_CODES)
        if exit_code is not None and exit_code > INT32[1]:
            exit_code -= 2**32
        numbers = {
            "exit_code": exit_code,
            "input_tokens": given.whole_or_none("input_tokens", input_tokens, UINT64),
            "output_tokens": given.whole_or_none("output_tokens", output_tokens, UINT64),
            "duration_seconds": given.number_or_none("duration_seconds", duration_seconds),
            "cost_usd": given.number_or_none("cost_usd", cost_usd),
            **_parts_of_tokens(
                given,
                input_tokens,
                output_tokens,
                cache_read_input_tokens=cache_read_input_tokens,
                cache_write_input_tokens=cache_write_input_tokens,
                reasoning_output_tokens=reasoning_output_tokens,
            ),
        }
        if cost_provenance is not None:
            given.one_of("cost_provenance", cost_provenance, PROVENANCES)
            if (cost_usd is None) is not (cost_provenance == "unknown"):
                given.problems.append("cost_usd goes with `reported` and `estimated` only")
        given.text("price_table", price_table)
        behind = attribution_of(given, attribution, usual=self._attribution)
        given.one_of("status", status, STATUSES)
        if not isinstance(decision, Receipt):
            given.problems.append("decision is no Receipt: hand over what `decide` returned")
        event_id = self._own_id(given, event_id)
        given.check()
        payload = ActionOutcome(
            decision_event_id=decision.event_id,
            status=STATUSES[status],
            output=output,
            output_truncated=len(output) > MAX_OUTPUT_CHARACTERS,  # it says what is left out
            cost_provenance=PROVENANCES[cost_provenance] if cost_provenance else COST_UNSPECIFIED,
            price_table=price_table,
            **numbers,  # type: ignore[arg-type]  # as the contract has them
        )
        return await self._record(payload, because=decision, event_id=event_id, behind=behind)

    async def signal(
        self, status: str, *, cpu_load_percent: int = 0, memory_usage_mb: int = 0
    ) -> Receipt:
        """Say how this agent is doing: "STARTING", "HEALTHY", "CRITICAL_FAILURE" …"""
        given = Given()
        payload = SystemSignal(
            status=given.text("status", status, say='say how, such as "HEALTHY"'),
            cpu_load_percent=given.whole("cpu_load_percent", cpu_load_percent, (0, 100)),
            memory_usage_mb=given.whole("memory_usage_mb", memory_usage_mb, (0, INT32[1])),
        )
        given.check()
        return await self._record(payload, because=None, behind=self._attribution)

    async def change(
        self,
        target: Resource | str,
        *,
        before: Content,
        after: Content,
        because: Receipt | None = None,
        event_id: str = "",
        **attribution: Unpack[AttributionFields],
    ) -> Receipt:
        """Append to a resource's chain. A string is a file's path, in the agent's workspace; None
        is what does not exist. `event_id`, and who is behind it, as in `decide`.

        It is never refused for what it says: where `before` is not what the chain ends with, a link
        marked `external` is recorded first, in the same batch, and the receipt says so. Raises
        Conflict only when others kept appending to this very chain until the deadline, or
        somebody took the event's id.
        """
        given = Given()
        target = _checked_target(given, target, before=before, after=after, because=because)
        behind = attribution_of(given, attribution, usual=self._attribution)
        event_id = self._own_id(given, event_id)
        given.check()
        target = self.workspace.of(target)
        with self._span(StateChange, because) as span:
            room = self.bus.connection.client.max_payload - ENVELOPE_BYTES
            link = target.link(before=before, after=after, max_bytes=room)
            check_size(link, max_bytes=room + MAX_NAME_BYTES)
            event = self._event(link, span, because, event_id=event_id, behind=behind)
            return await self._chains.append(target, event, before=before)

    async def propose(
        self,
        description: str,
        *,
        priority: int = USUAL_PRIORITY,
        tasks: Sequence[TaskFields] = (),
        plan: str = "",
        objective_id: str = "",
        because: Receipt | None = None,
    ) -> str:
        """Give the swarm an objective; its id, after the log has it. It becomes these `tasks`, or
        those of a `plan` of the catalogue; where neither is named, its description chooses one.

        Raises Rejected with every reason, InvalidEvent; NotAcknowledged when no overseer answered:
        it may have been taken or not, and the same proposed again under the same `objective_id` is
        taken once, as long as the overseer remembers it (a thousand that ended). What was refused
        is refused again under the same id, whatever has changed since: give it another.
        """
        given = Given()
        given.text("objective_id", objective_id)
        given.text("plan", plan)
        if isinstance(tasks, str | bytes) or not isinstance(tasks, Sequence):
            given.problems.append("tasks has to be a list of steps")
        else:
            for number, step in enumerate(tasks):
                check_task_fields(given, f"tasks[{number}]", step)
        _check_receipt(given, "because", because)
        given.check()
        chosen_id = objective_id or f"objective-{new_event_id()}"
        metadata = {"tasks": list(tasks)} if tasks else {}
        proposal = objective(
            description,
            objective_id=chosen_id,
            priority=priority,
            metadata={**metadata, "plan": plan} if plan else metadata,
            source=self.agent_id,
        )
        return await self._propose(proposal, because, chosen_id)

    async def propose_task(
        self, *, because: Receipt | None = None, **step: Unpack[TaskFields]
    ) -> str:
        """Give the swarm one task that belongs to no objective; its id. Raises as `propose`; what
        may have to be proposed again needs an `id` of its own."""
        given = Given()
        check_task_fields(given, "", step)
        _check_receipt(given, "because", because)
        given.check()
        chosen_id = step.get("id") or f"task-{new_event_id()}"
        manifest = task(step, task_id=chosen_id, owner=self.agent_id)
        return await self._propose(manifest, because, chosen_id)

    async def _propose(
        self, proposal: ObjectiveProposed | TasksProposed, because: Receipt | None, chosen_id: str
    ) -> str:
        try:
            await self._asker.require_accepted(
                proposal,
                event_id=request_id(proposal, agent_id=self.agent_id),
                parent=because.traceparent if because is not None else None,
            )
        except Transient as error:
            error.said_again_by(partial(self._propose, proposal, because, chosen_id))
            raise
        return chosen_id

    async def _record(
        self,
        payload: Payload,
        *,
        because: Receipt | None,
        event_id: str = "",
        behind: Attribution | None,
    ) -> Receipt:
        check_size(payload, max_bytes=self.bus.connection.client.max_payload - ENVELOPE_BYTES)
        with self._span(type(payload), because) as span:
            event = self._event(payload, span, because, event_id=event_id, behind=behind)
            return await self._on_record.say(event)

    def _span(self, kind: type[Payload], because: Receipt | None) -> AbstractContextManager[Span]:
        template = f"{EVENTS}.{source_of(self.role)}.{KINDS[kind].subject_word}"
        return self.bus.tracer.span(
            "record", template, parent=because.traceparent if because is not None else None
        )

    def _own_id(self, given: Given, event_id: str) -> str:
        """The id of the caller's event, by what he calls it; a fresh one where he does not."""
        if given.text("event_id", event_id) == "":
            return new_event_id()
        return event_id if is_uuid(event_id) else child_id(f"said by {self.agent_id}", event_id)

    def _event(
        self,
        payload: Payload,
        span: Span,
        because: Receipt | None,
        *,
        event_id: str = "",
        behind: Attribution | None,
    ) -> Event:
        return Event(
            event_id=event_id or new_event_id(),
            timestamp=self._clock(),
            agent_role=self.role,
            agent_id=self.agent_id,
            payload=payload,
            trace_id=span.trace_id,
            span_id=span.span_id,
            causation_id=because.event_id if because is not None else "",
            correlation_id=span.trace_id,
            producer_session=self._on_record.session,
            attribution=behind,
        )


def _check_receipt(given: Given, name: str, receipt: Receipt | None) -> None:
    given.instance(name, receipt, Receipt, what="a Receipt, or None")


def _checked_target(
    given: Given,
    target: Resource | str,
    *,
    before: Content,
    after: Content,
    because: Receipt | None,
) -> Resource:
    given.content("before", before)
    given.content("after", after)
    _check_receipt(given, "because", because)
    if not isinstance(target, Resource):
        target = Resource.file(given.text("target", target, say="say which file"))
    else:
        given.text("target.type", target.type, say="say of which type")
        given.text("target.resource", target.name, say="say which")
        if target.workspace:
            target = replace(target, workspace=given_name(given, target.workspace))
    return target


def _parts_of_tokens(
    given: Given, input_tokens: object, output_tokens: object, **parts: int | None
) -> dict[str, int | None]:
    """Each with its name; none is more than what it is a part of."""
    numbers = {name: given.whole_or_none(name, value, UINT64) for name, value in parts.items()}
    for name, number in numbers.items():
        whole, all_of_them = (
            ("output_tokens", output_tokens)
            if name.endswith("output_tokens")
            else ("input_tokens", input_tokens)
        )
        if number is not None and isinstance(all_of_them, int) and number > all_of_them:
            given.problems.append(f"{name} is more than {whole}, which counts these, too")
    return numbers


def role_named(name: str) -> AgentRole.ValueType:
    """The role called `coder`, `reviewer` …; raises InvalidEvent with those an agent may have."""
    given = Given()
    given.text("role", name)
    given.check()
    try:
        return AgentRole.Value(f"ROLE_{name.upper()}")
    except ValueError as error:
        known = ", ".join(map(source_of, AGENT_ROLES))
        raise InvalidEvent([f"there is no role {name[:40]!r}; the roles are {known}"]) from error


@asynccontextmanager
async def open_agent(
    url: str | None = None,
    *,
    role: str,
    agent_id: str,
    workspace: Workspace | Path | str | None = None,
    settings: MeshSettings | None = None,
    tracer: Tracer | None = None,
    clock: Clock = system_clock,
    **attribution: Unpack[AttributionFields],
) -> AsyncIterator[Agent]:
    """An agent on the mesh at `url`, such as "nats://127.0.0.1:4222"; where none is given, on the
    one that the `ganglion` command finds, too (`place.py`).

    `role` is architect, coder, reviewer or operator. What it changes is in the `workspace`: of the
    folder that is named, or of the current one; a text is the name for it, an empty one is none, as
    before there were any. Who is behind it (`model`, `role_name`, `conversation_id`, `labels` …)
    stands in each of its events; their `timestamp` is by `clock`. Everything else comes from the
    environment, or from `settings`. Raises Unavailable when nobody answers, Forbidden when the
    credentials are not valid, BadSetting.
    """
    given = Given()
    if url is not None:
        given.text("url", url, say="say where the mesh is")
    given.name("agent_id", agent_id, say="say who it is")
    given.instance("settings", settings, MeshSettings, what="MeshSettings, or None")
    behind = attribution_of(given, attribution)
    given.check()
    number = role_named(role)
    settings = settings_at(url, settings)
    where = await find_workspace(settings.workspace if workspace is None else workspace)
    keep_off_stdout()
    own = tracer or Tracer.start(
        service_name=agent_id,
        endpoint=settings.otlp_endpoint,
        source=source_of(number) if settings.telemetry_spans else "",
    )
    try:
        user = user_of_role(source_of(number))
        async with open_bus(settings, name=agent_id, user=user, tracer=own, clock=clock) as bus:
            agent = Agent(
                bus,
                role=number,
                agent_id=agent_id,
                clock=clock,
                deadline_seconds=settings.publish_deadline_seconds,
                workspace=where,
                attribution=behind,
            )
            try:
                yield agent
            finally:
                await agent.take_leave()
    finally:
        if tracer is None:
            await own.close()
