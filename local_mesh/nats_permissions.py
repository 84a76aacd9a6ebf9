"""Who may say and hear what at the NATS server? One table, for the embedded server and for
containers.

The services, the command and the admin share the account that has the log. Every agent's user has
an account of its own, without a stream, that shares with it only what is imported (decision 16):
what an agent has the server answer to somebody else comes out there, where nobody listens.

The table repeats what the services' roles say of themselves (`ServiceSpec.own_filters`), because
`ganglion up` must not load them to start; a test holds the two against each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from nervous_system import names
from nervous_system.contract.subjects import AGENTS, EMERGENCY, PERSONS, inbox_prefix
from nervous_system.users import (
    ADMIN,
    GOVERNOR,
    GUARDIAN,
    INGESTOR,
    MAINTENANCE,
    OPERATOR,
    OVERSEER,
    user_of_role,
)

MESH: Final = "MESH"
"""The account of the log. Of the other accounts, one is called `<role>/<user>`."""

STEPS_THAT_MAY_BE_WORK: Final = ("submitted", "released", "acknowledged")
"""Steps of tasks that workers listen to (`nervous_system.client.idleness.HINTS`)."""

HALTS: Final = tuple(
    f"{names.EVENTS}.{said}"
    for said in (
        *("operator.halt_ordered", "operator.halt_lifted"),
        *("guardian.halt_ordered", "guardian.halt_lifted", "guardian.system_mode_changed"),
    )
)
"""Where agents hear that everything is halted (`nervous_system.client.agent_orders.HALTS`)."""

GUARDIAN_PAGES: Final = "guardian_pages"
"""The only durable there is (`guardian.pager.DURABLE`)."""

EVERYTHING: Final = (">",)
_LOG: Final = names.STREAM
_LEASES: Final = f"KV_{names.LEASES}"
_SNAPSHOTS: Final = f"OBJ_{names.SNAPSHOTS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsUser:
    """One user of the server: filters of the subjects it may publish on and subscribe to."""

    name: str
    account: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    deny_publish: tuple[str, ...] = ()


def _events(*sources: str) -> tuple[str, ...]:
    return tuple(f"{names.EVENTS}.{source}.>" for source in sources)


def _spans(source: str) -> str:
    """Where a source puts its spans; only the ingestor reads them."""
    return f"{names.TELEMETRY}.{source}"


def _look(stream: str) -> tuple[str, ...]:
    """What is on a stream, position by position: one message an answer, which takes its turn among
    the calls of the API, and not among acknowledgements (decision 31)."""
    return (f"$JS.API.STREAM.INFO.{stream}", f"$JS.API.STREAM.MSG.GET.{stream}")


def _read(stream: str) -> tuple[str, ...]:
    """The same, and in order: by a consumer that is pulled."""
    return (
        *_look(stream),
        *(f"$JS.API.CONSUMER.{call}.{stream}.*" for call in ("CREATE", "INFO", "DELETE")),
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.*",
    )


def _look_at_leases() -> tuple[str, ...]:
    """Small, and each by its name: directly, so that a flood of calls changes no leader."""
    return (*_look(_LEASES), f"$JS.API.DIRECT.GET.{_LEASES}.>")


def _lead(service: str) -> tuple[str, ...]:
    """Take and renew the leases of a service."""
    return (
        *_look_at_leases(),
        f"$KV.{names.LEASES}.{service}.*",
    )


def _keep_snapshots() -> tuple[str, ...]:
    return (
        *_read(_SNAPSHOTS),
        f"$JS.API.STREAM.PURGE.{_SNAPSHOTS}",  # parts that were replaced
        f"$O.{names.SNAPSHOTS}.C.*",
        f"$O.{names.SNAPSHOTS}.M.*",
    )


def _durable(name: str) -> tuple[str, ...]:
    return (
        f"$JS.API.CONSUMER.DURABLE.CREATE.{_LOG}.{name}",
        f"$JS.ACK.{_LOG}.{name}.>",
    )


_DIRECTLY: Final = f"$JS.API.DIRECT.GET.{_LOG}"
"""Without a turn: what is asked here is answered through the queue of everybody's acknowledgements,
by as many messages as whoever asks names."""

REQUEST: Final = f"{names.REQUESTS}.{names.OVERSEER}"
"""Where the overseer is asked."""

ASKED_BY_AGENTS: Final = f"{names.ASKED_BY_AGENTS}.{names.OVERSEER}"
"""Where it hears what is asked in the agents' accounts; only what they import leads there."""

_NOT_OF_THE_GUARDIAN: Final = tuple(
    f"$JS.API.CONSUMER.{call}.{_LOG}.{GUARDIAN_PAGES}" for call in ("CREATE", "DELETE", "MSG.NEXT")
)
_PROPOSED: Final = (
    f"{names.EVENTS}.request.objective_proposed.>",
    f"{names.EVENTS}.request.tasks_proposed",
    f"{names.EVENTS}.request.tasks_proposed.>",
)

_PUBLISH: Final = {
    INGESTOR: (
        *_events("ingestor"),
        _spans("ingestor"),
        *_read(_LOG),
        *_read(names.TELEMETRY_STREAM),
        _DIRECTLY,
        *_lead("ingestor"),
    ),
    OVERSEER: (
        *_events("overseer", "task", "objective", "request"),
        _spans("overseer"),
        f"{names.EVENTS}.command.{EMERGENCY}.*",
        *_read(_LOG),
        _DIRECTLY,
        *_lead("overseer"),
        *_keep_snapshots(),
        REQUEST,  # what the file inbox asks for
        f"{names.MAPPED_INBOX}.>",
    ),
    GOVERNOR: (
        *_events("governor", "command"),
        _spans("governor"),
        f"{names.EVENTS}.request.objective_proposed.*",
        *_read(_LOG),
        _DIRECTLY,
        *_lead("governor"),
        *_keep_snapshots(),
    ),
    GUARDIAN: (
        *_events("guardian", "incident", "command"),
        _spans("guardian"),
        f"{names.EVENTS}.request.task_ordered.>",
        f"{names.EVENTS}.request.objective_proposed.>",
        *_read(_LOG),
        _DIRECTLY,
        *_lead("guardian"),
        *_keep_snapshots(),
        *_durable(GUARDIAN_PAGES),
    ),
    MAINTENANCE: (
        *_events("worker"),
        _spans("worker"),
        REQUEST,
        *_read(_LOG),
        *_look_at_leases(),
        *_read(_SNAPSHOTS),
        f"$JS.API.CONSUMER.CREATE.{_SNAPSHOTS}",  # nats-py lists the objects so
        f"$JS.API.CONSUMER.CREATE.{_SNAPSHOTS}.>",
        f"$JS.FC.{_SNAPSHOTS}.>",
        "$JS.API.INFO",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.NAMES",
        "$JS.API.CONSUMER.LIST.*",
    ),
    OPERATOR: (
        *_events(*AGENTS, *PERSONS, "command"),
        *map(_spans, (*AGENTS, *PERSONS)),
        f"$JS.API.STREAM.INFO.{names.TELEMETRY_STREAM}",  # whether it is as it was made
        *_PROPOSED,
        REQUEST,
        *_read(_LOG),
        *_look_at_leases(),
        *_read(_SNAPSHOTS),
        "$JS.API.INFO",
        "$JS.API.CONSUMER.LIST.*",
    ),
}
"""What each user of the log's own account may say. Nobody of them makes, changes, empties or
removes a stream or a bucket, or pauses a consumer."""


def standing_users() -> tuple[NatsUser, ...]:
    """The users that every mesh has."""
    agents = (
        agent_user(user_of_role(role, works=works), role=role, works=works)
        for role in AGENTS
        for works in ((True,) if role == "worker" else (False, True))
    )
    return (
        member(ADMIN, kind=ADMIN),
        *(member(name, kind=name) for name in _PUBLISH),
        *agents,
    )


def member(name: str, *, kind: str) -> NatsUser:
    """A user of the log's own account: a service, a person (`kind` is `operator`), an admin."""
    if kind == ADMIN:
        return NatsUser(name=name, account=MESH, publish=EVERYTHING, subscribe=EVERYTHING)
    hears: tuple[str, ...] = (f"{names.EVENTS}.>",)
    answers: tuple[str, ...] = ()
    if kind == names.OVERSEER:
        hears = (*hears, REQUEST, ASKED_BY_AGENTS)
        answers = tuple(f"{inbox_prefix(each)}.>" for each in (ADMIN, *_PUBLISH))
    return NatsUser(
        name=name,
        account=MESH,
        publish=(*_PUBLISH[kind], *answers),
        subscribe=(f"{inbox_prefix(name)}.>", *hears),
        deny_publish=() if kind == "guardian" else _NOT_OF_THE_GUARDIAN,
    )


def with_answers(users: Iterable[NatsUser], *, is_open: bool) -> list[NatsUser]:
    """The same, and the overseer may answer everybody in the log's account who may ask it: also
    the people and the admin who got a name later. Where the server is open, whoever asks.
    """
    known = list(users)
    inboxes = tuple(f"{inbox_prefix(each.name)}.>" for each in known if each.account == MESH)
    return [
        replace(
            each,
            publish=EVERYTHING if is_open else tuple(dict.fromkeys((*each.publish, *inboxes))),
        )
        if each.name == names.OVERSEER and each.account == MESH
        else each
        for each in known
    ]


def agent_user(name: str, *, role: str, works: bool = False, named: bool = False) -> NatsUser:
    """A user of an agent of this role, in an account of its own; `works`: it offers itself for
    tasks, too, where it is `named` under its own id only."""
    return NatsUser(
        name=name,
        account=f"{role}/{name}",
        publish=(
            *_said_by(role, works=works, as_whom=name if named else "*"),
            _spans(role),
            REQUEST,
            *AGENTS_READ.values(),
            *AGENTS_READ,  # the server answers that the account has no stream
        ),
        # Nobody else's replies come into its account, so any client's usual inbox will do.
        subscribe=(
            f"{names.INBOX}.>",
            f"{inbox_prefix(name)}.>",
            f"{names.EVENTS}.{role}.command_acknowledged.*",  # its own, as they are published
            *AGENTS_HEAR,
        ),
    )


def _said_by(role: str, *, works: bool, as_whom: str) -> tuple[str, ...]:
    worker = f"{names.EVENTS}.worker"
    offers = tuple(f"{worker}.{word}.{as_whom}" for word in OFFERS)
    if role != "worker":
        return (*_events(role), *(offers if works else ()))
    if as_whom == "*":
        return _events(role)
    others = (f"{worker}.*", *(f"{worker}.{word}.*" for word in KEYED_OTHERWISE))
    return (*others, *offers)


OFFERS: Final = ("registered", "heartbeat", "departed")
"""What a worker says of itself, on a subject with its id: what it holds goes to others when it
departs."""

KEYED_OTHERWISE: Final = ("state_change", "command_acknowledged")
"""What a worker says on subjects with another key: of a resource, of a command."""


AGENTS_READ: Final = {
    f"$JS.API.STREAM.INFO.{_LOG}": names.LOG_STATE,
    f"$JS.API.STREAM.MSG.GET.{_LOG}": names.LOG_MESSAGE,
}
"""How every agent may look at the log, and what that is called in its own account."""

AGENTS_HEAR: Final = (
    *(f"{names.EVENTS}.task.{word}.*" for word in STEPS_THAT_MAY_BE_WORK),
    f"{names.EVENTS}.command.*.*",
    *HALTS,
)
"""What every agent may listen to: that there may be work, that somebody was told something, and
that everything is halted."""
