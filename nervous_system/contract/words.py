"""Which words stand in events, where code has to know them? Each is a value of an enum of the
contract, and is read from it.

What a type checker has to see is spelled out here, and only here; a word that the contract does not
have ends the import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeVar, get_args

from enchanted.events.v1.action_outcome_pb2 import CostProvenance, OutcomeStatus
from enchanted.events.v1.alarm_pb2 import (
    ALARM_INGEST_LAG,
    ALARM_LOG_FULL,
    ALARM_LOG_NEARLY_FULL,
    ALARM_POSITIONS_LOST,
    ALARM_SAMPLING_STOPPED,
    ALARM_STREAM_TRUNCATED,
    AlarmName,
)
from enchanted.events.v1.pulse_pb2 import (
    MODE_DEGRADED,
    MODE_HALTED,
    MODE_OPERATIONAL,
    SystemMode,
)
from enchanted.events.v1.task_pb2 import RiskTier, TaskResult
from enchanted.events.v1.word_pb2 import word as word_option

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

_Number = TypeVar("_Number", bound=int)


def word(enum: _EnumTypeWrapper[_Number], number: _Number) -> str:
    """How the contract writes a value as a text: MODE_HALTED is `halted`."""
    value = enum.DESCRIPTOR.values_by_number[number]
    return value.GetOptions().Extensions[word_option] or value.name.partition("_")[2].lower()


def _numbers(enum: _EnumTypeWrapper[_Number], words: object) -> Mapping[str, _Number]:
    """Of the words of a Literal."""
    numbers = {word(enum, each): each for each in enum.values()}
    return {each: numbers[each] for each in get_args(words)}


Status = Literal["succeeded", "failed", "cancelled"]
STATUSES: Final = _numbers(OutcomeStatus, Status)
"""What came of an action."""

Provenance = Literal["reported", "estimated", "unknown"]
PROVENANCES: Final = _numbers(CostProvenance, Provenance)
"""Where a cost is known from."""

TaskOutcome = Literal["completed", "checks_failed", "applied_checks_failed", "failed", "cancelled"]
"""`cancelled` is said of what was called off, and changes nothing: it is recorded."""
RESULTS: Final = _numbers(TaskResult, TaskOutcome)
"""How an attempt at a task ended, by whoever made it."""

Tier = Literal["safe", "experimental", "high-risk"]
TIERS: Final = _numbers(RiskTier, Tier)
"""How much a person wants to be asked before."""

OPERATIONAL: Final = word(SystemMode, MODE_OPERATIONAL)
DEGRADED: Final = word(SystemMode, MODE_DEGRADED)
HALTED: Final = word(SystemMode, MODE_HALTED)

INGEST_LAG: Final = word(AlarmName, ALARM_INGEST_LAG)
SAMPLING_STOPPED: Final = word(AlarmName, ALARM_SAMPLING_STOPPED)
STREAM_TRUNCATED: Final = word(AlarmName, ALARM_STREAM_TRUNCATED)
POSITIONS_LOST: Final = word(AlarmName, ALARM_POSITIONS_LOST)
LOG_NEARLY_FULL: Final = word(AlarmName, ALARM_LOG_NEARLY_FULL)
LOG_FULL: Final = word(AlarmName, ALARM_LOG_FULL)
"""Alarms that one service raises and another goes by."""
