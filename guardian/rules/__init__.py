"""Which rules are there?"""

from __future__ import annotations

from typing import Final

from guardian.rules.blame import (
    ACTION_FAILING,
    FAILURE_BURST,
    MACHINE_FAILING,
    OBJECTIVE_FAILING,
    WORKER_FAILING,
)
from guardian.rules.processes import PROCESS_EXITED
from guardian.rules.record import (
    DISK_FULL,
    INGEST_BEHIND,
    INGEST_GROWING,
    LOG_FILLING,
    PARKED_GROWING,
    STREAM_REGRESSED,
)
from guardian.rules.rule import GuardianRule
from guardian.rules.services import LEASE_CHURN, PULSE_OVERDUE, SAMPLING_STOPPED
from guardian.rules.tasks import TASK_FAILING
from guardian.rules.workers import WORKER_SILENT, WORKER_STUCK

RULES: Final[tuple[GuardianRule, ...]] = (
    PROCESS_EXITED,
    WORKER_SILENT,
    WORKER_STUCK,
    OBJECTIVE_FAILING,
    ACTION_FAILING,
    MACHINE_FAILING,
    WORKER_FAILING,
    TASK_FAILING,
    FAILURE_BURST,
    PULSE_OVERDUE,
    LEASE_CHURN,
    SAMPLING_STOPPED,
    INGEST_BEHIND,
    INGEST_GROWING,
    PARKED_GROWING,
    STREAM_REGRESSED,
    LOG_FILLING,
    DISK_FULL,
)
"""In the order in which they are asked."""
