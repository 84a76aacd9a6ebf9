"""Which words stand in events, where code has to spell them out? Each stands here, and only here.

Those of the contract's enums are spelled out for the type checker; a test holds them against the
enums, and the linter refuses another copy. The others are fields that are strings in the contract,
and that one service writes and another goes by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from enchanted.events.v1.action_outcome_pb2 import (
    OUTCOME_CANCELLED,
    OUTCOME_FAILED,
    OUTCOME_SUCCEEDED,
    OutcomeStatus,
)
from enchanted.events.v1.task_pb2 import (
    RESULT_APPLIED_CHECKS_FAILED,
    RESULT_CANCELLED,
    RESULT_CHECKS_FAILED,
    RESULT_COMPLETED,
    RESULT_FAILED,
    RISK_EXPERIMENTAL,
    RISK_HIGH,
    RISK_SAFE,
    RiskTier,
    TaskResult,
)

Status = Literal["succeeded", "failed", "cancelled"]
STATUSES: Final[Mapping[str, OutcomeStatus.ValueType]] = {
    "succeeded": OUTCOME_SUCCEEDED,
    "failed": OUTCOME_FAILED,
    "cancelled": OUTCOME_CANCELLED,
}
"""What came of an action."""

How = Literal["completed", "checks_failed", "applied_checks_failed", "failed", "cancelled"]
"""`cancelled` is said of what was called off, and changes nothing: it is recorded."""
RESULTS: Final[Mapping[str, TaskResult.ValueType]] = {
    "completed": RESULT_COMPLETED,
    "checks_failed": RESULT_CHECKS_FAILED,
    "applied_checks_failed": RESULT_APPLIED_CHECKS_FAILED,
    "failed": RESULT_FAILED,
    "cancelled": RESULT_CANCELLED,
}
"""How an attempt at a task ended, by whoever made it."""

Tier = Literal["safe", "experimental", "high-risk"]
TIERS: Final[Mapping[str, RiskTier.ValueType]] = {
    "safe": RISK_SAFE,
    "experimental": RISK_EXPERIMENTAL,
    "high-risk": RISK_HIGH,
}
"""How much a person wants to be asked before."""

OPERATIONAL: Final = "operational"
DEGRADED: Final = "degraded"
"""A major or critical incident is open."""
HALTED: Final = "halted"
"""Nothing is dispatched: somebody ordered it, or a playbook did. The three are the system modes."""

INGEST_LAG: Final = "ingest_lag"
"""Alarm of the guardian: how far ClickHouse is behind. Its positions are the watermark and the end
of the log."""
SAMPLING_STOPPED: Final = "sampling_stopped"
"""Alarm of a governor: it has no sample of its machine any more."""
STREAM_TRUNCATED: Final = "stream_truncated"
POSITIONS_LOST: Final = "positions_lost"
"""Alarms of the ingestor: the log is not what it was."""
LOG_NEARLY_FULL: Final = "log_nearly_full"
LOG_FULL: Final = "log_full"
"""Alarms of the ingestor: the log soon takes no more, or takes no more."""
