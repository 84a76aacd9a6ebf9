"""How well was a task done? The Tool Efficacy Score (TES), 0 to 100.

The one definition: by these numbers the overseer scores, and of them the formulas of
`swarm.task_efficacy` are written (`ingestor/efficacy.py`).
"""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.task_pb2 import (
    RESULT_APPLIED_CHECKS_FAILED,
    RESULT_CHECKS_FAILED,
    RESULT_COMPLETED,
    TaskResult,
)

STABILITY_SHARE: Final = 0.5
VELOCITY_SHARE: Final = 0.3
FOOTPRINT_SHARE: Final = 0.2

FAST_SECONDS: Final = 90.0
SLOW_SECONDS: Final = 900.0
FEW_FILES: Final = 1
MANY_FILES: Final = 10

STABILITY: Final = {
    RESULT_COMPLETED: 1.0,
    RESULT_CHECKS_FAILED: 0.6,
    RESULT_APPLIED_CHECKS_FAILED: 0.2,
}


def tool_efficacy_score(
    *, result: TaskResult.ValueType, duration_seconds: float, changed_files: int
) -> float:
    """0 to 100: half for how it ended, the rest for how fast and how narrowly."""
    return 100.0 * (
        STABILITY_SHARE * stability(result)
        + VELOCITY_SHARE * velocity(duration_seconds)
        + FOOTPRINT_SHARE * footprint(changed_files)
    )


def stability(result: TaskResult.ValueType) -> float:
    """1 done without failure, 0.6 checks failed and nothing applied, 0.2 applied and checks failed,
    otherwise 0."""
    return STABILITY.get(result, 0.0)


def velocity(duration_seconds: float) -> float:
    """1 up to 90 s, 0 from 900 s, linear between."""
    return _falling(duration_seconds, FAST_SECONDS, SLOW_SECONDS)


def footprint(changed_files: int) -> float:
    """1 up to one changed file, 0 from ten, linear between."""
    return _falling(changed_files, FEW_FILES, MANY_FILES)


def _falling(value: float, whole_until: float, nothing_from: float) -> float:
    share = (nothing_from - value) / (nothing_from - whole_until)
    return min(1.0, max(0.0, share))
