"""What is done about an incident, by its class, in which order, how often, and by which means?

Two tables. `PLAYBOOKS` says what is tried; `ACTIONS` says what that comes to for a process, a
service, a worker, a task and so on. A step without means for what is concerned is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from enchanted.events.v1.command_pb2 import (
    COMMAND_DRAIN,
    COMMAND_SLEEP,
    COMMAND_STOP,
    CommandKind,
)
from enchanted.events.v1.incident_pb2 import (
    INCIDENT_CRITICAL,
    INCIDENT_MAJOR,
    INCIDENT_MINOR,
    STEP_PAGE,
    STEP_PAUSE_DISPATCH,
    STEP_QUARANTINE,
    STEP_RESTART,
    STEP_RESTORE,
    STEP_ROLLBACK,
    IncidentClass,
    RecoveryStep,
)
from enchanted.events.v1.task_request_pb2 import ORDER_QUARANTINE, TaskOrder
from guardian.rules.rule import (
    ACTION,
    MACHINE,
    MESH,
    OBJECTIVE,
    PROCESS,
    SERVICE,
    TASK,
    WORKER,
)
from nervous_system.contract.words import word

RESTART: Final = word(RecoveryStep, STEP_RESTART)
ROLLBACK: Final = word(RecoveryStep, STEP_ROLLBACK)
RESTORE: Final = word(RecoveryStep, STEP_RESTORE)
QUARANTINE: Final = word(RecoveryStep, STEP_QUARANTINE)
PAUSE_DISPATCH: Final = word(RecoveryStep, STEP_PAUSE_DISPATCH)
PAGE: Final = word(RecoveryStep, STEP_PAGE)

REMEDIAL: Final = frozenset({RESTART, ROLLBACK, QUARANTINE})
"""Steps that can fail to help, and that a circuit breaker stops; the others only tell and hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookStep:
    """One thing to try."""

    action: str
    attempts: int = 1
    backoff_seconds: float = 0.0  # until one looks whether it helped; doubles with each attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """What is tried for one class of incident."""

    name: str
    steps: tuple[PlaybookStep, ...]
    patience_seconds: float | None = None  # after the last step that mends, until it is worse


PLAYBOOKS: Final = {
    INCIDENT_MINOR: Playbook(
        name="minor",
        steps=(
            PlaybookStep(action=RESTART, attempts=2, backoff_seconds=60),
            PlaybookStep(action=RESTORE),
            PlaybookStep(action=QUARANTINE, backoff_seconds=300),
        ),
        patience_seconds=900,
    ),
    INCIDENT_MAJOR: Playbook(
        name="major",
        steps=(
            PlaybookStep(action=RESTART, backoff_seconds=60),
            PlaybookStep(action=ROLLBACK, attempts=2, backoff_seconds=120),
            PlaybookStep(action=RESTORE),
            PlaybookStep(action=QUARANTINE, backoff_seconds=300),
            PlaybookStep(action=PAGE, attempts=3, backoff_seconds=14_400),
        ),
    ),
    INCIDENT_CRITICAL: Playbook(
        name="critical",
        steps=(
            PlaybookStep(action=PAUSE_DISPATCH),
            PlaybookStep(action=ROLLBACK),
            PlaybookStep(action=PAGE, attempts=3, backoff_seconds=900),
        ),
    ),
}
"""By class. Time alone makes a minor incident a major one, where its playbook could have mended it;
only what is measured makes one critical, which stops dispatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryAction:
    """What a step comes to: a command, an order over a task, a task for others, or only words."""

    says: str
    command: CommandKind.ValueType | None = None
    emergency: bool = False  # on the lane that does not wait behind others
    order: TaskOrder.ValueType | None = None
    restores: bool = False  # a task for a worker with that skill, where there is one


ACTIONS: Final = {
    (PROCESS, RESTART): RecoveryAction(says="its parent starts it again"),
    (SERVICE, RESTART): RecoveryAction(says="it is told to drain and exit", command=COMMAND_DRAIN),
    (SERVICE, ROLLBACK): RecoveryAction(
        says="it is told to exit at once and to begin again at its last snapshot",
        command=COMMAND_STOP,
        emergency=True,
    ),
    (WORKER, RESTART): RecoveryAction(says="it is told to drain and exit", command=COMMAND_DRAIN),
    (WORKER, ROLLBACK): RecoveryAction(
        says="it is told to give back what it holds, as of its last checkpoint, and to exit",
        command=COMMAND_STOP,
        emergency=True,
    ),
    (WORKER, QUARANTINE): RecoveryAction(says="it is given nothing more", command=COMMAND_SLEEP),
    (MACHINE, QUARANTINE): RecoveryAction(
        says="its workers are given nothing more, but for the last of their skills",
        command=COMMAND_SLEEP,
    ),
    **{
        (kind, QUARANTINE): RecoveryAction(
            says="what waits of it is set aside until a person decides", order=ORDER_QUARANTINE
        )
        for kind in (OBJECTIVE, ACTION)
    },
    (TASK, RESTORE): RecoveryAction(says="what it changed is to be taken back", restores=True),
    (TASK, QUARANTINE): RecoveryAction(
        says="it is set aside until a person decides", order=ORDER_QUARANTINE
    ),
    **{
        (kind, action): RecoveryAction(says=says)
        for kind in (PROCESS, SERVICE, WORKER, MACHINE, TASK, OBJECTIVE, ACTION, MESH)
        for action, says in (
            (PAGE, "a person is called"),
            (PAUSE_DISPATCH, "nothing is dispatched until it is over or a person says so"),
        )
    },
}
"""By what is concerned, and the step."""

SLEEP_SECONDS: Final = 3600.0
"""How long a worker is quarantined, unless the incident ends before."""

COMMAND_SECONDS: Final = 60.0
"""After so long an order to drain or to exit is void."""


def can_mend(incident_class: IncidentClass.ValueType, kind: str, *, begin: int = 0) -> bool:
    """Whether a class's playbook has a step that could mend this, from one of its steps on."""
    steps = PLAYBOOKS[incident_class].steps[begin:]
    return any((kind, each.action) in ACTIONS for each in steps if each.action in REMEDIAL)


def step_at(incident_class: IncidentClass.ValueType, number: int) -> PlaybookStep | None:
    """A step of a class's playbook; None behind the last."""
    steps = PLAYBOOKS[incident_class].steps
    return steps[number] if number < len(steps) else None
