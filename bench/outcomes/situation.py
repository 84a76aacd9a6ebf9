"""What can happen to a task, and what would be right then? The rows of `docs/outcomes.md`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Act = Literal[
    "nothing",
    "cancel while it waits",
    "cancel while it runs",
    "stop its worker",
    "kill all of its worker",
    "restart the broker",
    "kill the broker",
    "kill the broker while it waits",
]
"""What is done to the task from outside, a second after it has begun, or another one has behind
which it waits."""

Kind = Literal["waiting", "running", "done", "failed", "cancelled", "unknown"]
"""What a system shows of a task, in words that are the same for all."""

LEASE_SECONDS: Final = 15
HEARTBEAT_SECONDS: Final = 3
"""Times after which a worker counts as lost, the same for all. By default they are longer, and for
one system an hour; nobody would wait for that."""

NEXT_SECONDS: Final = 20.0
"""So long the next task may take, an empty one of the same queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One row."""

    key: str
    title: str
    right: str  # what a person would want
    deed: str  # of `bench/peers/outcomes/deeds.py`
    act: Act = "nothing"
    workers: int = 1
    limit_seconds: float = 0.0  # of an attempt
    max_seconds: float = 45.0  # then what is shown last counts
    ends: frozenset[Kind]
    runs: tuple[int, int] = (1, 1)  # at least, at most
    cut_short: bool = False  # its code has to be ended before it comes to its end
    always_said: bool = False  # there is something to say also where it is done
    held_by: tuple[str, ...]  # tests that hold it for Ganglion

    @property
    def waits(self) -> bool:
        """Whether it happens before its code has begun."""
        return self.act.endswith("while it waits")


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedOutcome:
    """What one system made of it."""

    kind: Kind
    state: str  # in the system's own word
    seconds: float | None  # from what happened to the end shown; None: there was none in time
    reason: str
    runs: int
    came_to_its_end: int  # of these runs
    next_seconds: float | None  # until the next task was begun; None: not in time
    restarts: int  # so often its worker had ended by itself, and was started again


Mark = Literal["right", "partly", "wrong"]


def mark(situation: Situation, outcome: StagedOutcome) -> Mark:
    """Right: an end as it should be, with its reason where it is not done, and a worker that does
    the next task. Partly: the right end, without a reason, or with no worker left."""
    least, most = situation.runs
    if outcome.seconds is None or outcome.kind not in situation.ends:
        return "wrong"
    if not least <= outcome.runs <= most or (situation.cut_short and outcome.came_to_its_end):
        return "wrong"
    unsaid = needs_reason(situation, outcome) and not outcome.reason.strip()
    return "right" if not unsaid and outcome.next_seconds is not None else "partly"


def needs_reason(situation: Situation, outcome: StagedOutcome) -> bool:
    """Whether somebody would ask why."""
    return situation.always_said or outcome.kind in ("failed", "cancelled")


_DONE: Final = frozenset[Kind]({"done"})
_FAILED: Final = frozenset[Kind]({"failed"})
_CANCELLED: Final = frozenset[Kind]({"cancelled"})
_FAILS_ONCE: Final = "it failed, once, at once, with its reason"
_DONE_AFTER_ALL: Final = "it is run again, and done"

SITUATIONS: Final = (
    Situation(
        key="raises",
        title="It raises an ordinary error",
        right=_FAILS_ONCE,
        deed="raises",
        ends=_FAILED,
        held_by=("test_whatever_it_raises_is_the_reason",),
    ),
    Situation(
        key="surrogate",
        title="It raises an error whose text has half a character (`caf\\udce9`)",
        right=_FAILS_ONCE,
        deed="raises half a character",
        ends=_FAILED,
        held_by=("test_whatever_it_raises_is_the_reason",),
    ),
    Situation(
        key="long",
        title="It raises an error whose text is 66 kB without a blank",
        right=_FAILS_ONCE,
        deed="raises 66 kB",
        ends=_FAILED,
        held_by=("test_whatever_it_raises_is_the_reason",),
    ),
    Situation(
        key="exits",
        title="It calls `sys.exit`",
        right=_FAILS_ONCE,
        deed="exits",
        ends=_FAILED,
        held_by=(
            "test_whatever_it_raises_is_the_reason",
            "test_what_it_has_begun_may_exit_too",
        ),
    ),
    Situation(
        key="leaks",
        title="It leaks a `CancelledError` that nobody asked for",
        right=_FAILS_ONCE,
        deed="leaks a cancellation",
        ends=_FAILED,
        held_by=("test_whatever_it_raises_is_the_reason", "test_it_may_cancel_itself"),
    ),
    Situation(
        key="no-json",
        title="It returns what cannot be written as JSON",
        right="it is done or failed, once, and what became of its result is said",
        deed="returns what is no JSON",
        ends=_DONE | _FAILED,
        always_said=True,
        held_by=("test_what_is_no_output_is_left_out_and_said_and_done_is_done",),
    ),
    Situation(
        key="limit",
        title="It runs longer than its limit of 5 s",
        right="its code is ended, and it failed with that reason",
        deed="works long",
        limit_seconds=5.0,
        ends=_FAILED,
        cut_short=True,
        held_by=("test_an_attempt_that_takes_too_long_fails_and_the_next_is_tried",),
    ),
    Situation(
        key="limit-blocked",
        title="It runs longer than its limit of 5 s and blocks its thread",
        right="its code is ended, and it failed with that reason",
        deed="blocks",
        limit_seconds=5.0,
        ends=_FAILED,
        cut_short=True,
        held_by=("test_what_blocks_is_ended",),
    ),
    Situation(
        key="blocks",
        title="It blocks its thread for 30 s, twice as long as a lease",
        right="it is done once: it is slow, and not lost",
        deed="blocks",
        workers=2,
        ends=_DONE,
        held_by=("test_a_lease_is_kept_while_the_code_holds_the_interpreters_lock",),
    ),
    Situation(
        key="lock",
        title="It holds the interpreter's lock for 30 s",
        right="it is done once: it is slow, and not lost",
        deed="holds the lock",
        workers=2,
        ends=_DONE,
        held_by=("test_a_lease_is_kept_while_the_code_holds_the_interpreters_lock",),
    ),
    Situation(
        key="cancel-waiting",
        title="It is cancelled by a person while it waits",
        right="it never runs, and is shown as cancelled",
        deed="nothing",
        act="cancel while it waits",
        ends=_CANCELLED,
        runs=(0, 0),
        held_by=("test_a_cancelled_task_is_over_for_its_worker_too",),
    ),
    Situation(
        key="cancel-running",
        title="It is cancelled by a person while it runs",
        right="its code is ended, and it is shown as cancelled",
        deed="works long",
        act="cancel while it runs",
        ends=_CANCELLED,
        cut_short=True,
        held_by=("test_a_task_that_is_called_off_ends_and_its_slot_is_free",),
    ),
    Situation(
        key="cancel-blocked",
        title="It is cancelled by a person while it runs and blocks its thread",
        right="its code is ended, and it is shown as cancelled",
        deed="blocks",
        act="cancel while it runs",
        ends=_CANCELLED,
        cut_short=True,
        held_by=(),
    ),
    Situation(
        key="ends-process",
        title="It ends its process (`os._exit`), the first time",
        right=_DONE_AFTER_ALL,
        deed="ends its process once",
        ends=_DONE,
        runs=(2, 2),
        held_by=(
            "test_a_task_that_ends_its_workers_process_is_anothers_at_once_and_it_is_said_how",
            "test_a_task_that_ends_its_process_is_done_after_all",
        ),
    ),
    Situation(
        key="killed",
        title="Its process is killed (SIGKILL), the first time",
        right=_DONE_AFTER_ALL,
        deed="is killed once",
        ends=_DONE,
        runs=(2, 2),
        held_by=("test_the_task_of_a_worker_that_is_killed_is_anothers_at_once",),
    ),
    Situation(
        key="crashes",
        title="Its process crashes (SIGSEGV), the first time",
        right=_DONE_AFTER_ALL,
        deed="crashes once",
        ends=_DONE,
        runs=(2, 2),
        held_by=(
            "test_a_task_that_ends_its_workers_process_is_anothers_at_once_and_it_is_said_how",
        ),
    ),
    Situation(
        key="killed-always",
        title="Its process is killed each time",
        right="it is set aside after a few times, with its reason",
        deed="is killed each time",
        ends=_FAILED,
        runs=(1, 5),
        max_seconds=60.0,
        held_by=(
            "test_a_task_that_may_be_lost_no_more_is_set_aside_at_once",
            "test_what_kills_its_workers_says_so_when_it_is_set_aside",
        ),
    ),
    Situation(
        key="worker-killed",
        title="Its worker is killed with all its processes and never comes back; another is there",
        right="the other one does it",
        deed="works",
        act="kill all of its worker",
        workers=2,
        max_seconds=60.0,
        ends=_DONE,
        runs=(2, 2),
        held_by=("test_a_worker_that_falls_silent_is_lost_and_its_task_goes_to_another",),
    ),
    Situation(
        key="stopped",
        title="Its worker is told to stop (SIGTERM); another is there",
        right="it is done: there, or at once by the other one",
        deed="works",
        act="stop its worker",
        workers=2,
        ends=_DONE,
        runs=(1, 2),
        held_by=("test_a_worker_is_ended_in_the_middle",),
    ),
    Situation(
        key="broker-restarted",
        title="The broker is restarted meanwhile",
        right="it is done once",
        deed="works",
        act="restart the broker",
        ends=_DONE,
        held_by=("test_nats_is_killed_while_tasks_run",),
    ),
    Situation(
        key="broker-killed",
        title="The broker is killed meanwhile, and started again",
        right="it is done once",
        deed="works",
        act="kill the broker",
        ends=_DONE,
        held_by=("test_nats_is_killed_while_tasks_run",),
    ),
    Situation(
        key="broker-killed-waiting",
        title="The broker is killed while it waits, and started again",
        right="it is done once",
        deed="nothing",
        act="kill the broker while it waits",
        max_seconds=60.0,
        ends=_DONE,
        held_by=("test_nats_is_killed_while_tasks_run",),
    ),
)
