"""Which SQL scores a task? That of the contract's numbers, for the view `task_efficacy`."""

from __future__ import annotations

from typing import Final

from enchanted.events.v1.task_pb2 import TaskResult
from nervous_system.contract import efficacy
from nervous_system.contract.words import word


def _falling(value: str, whole_until: float, nothing_from: float) -> str:
    share = f"({nothing_from} - {value}) / {nothing_from - whole_until}"
    return f"if({value} < {nothing_from}, least(1., {share}), 0.)"


def _stability() -> str:
    words = [word(TaskResult, result) for result in efficacy.STABILITY]
    return f"CAST(transform(result, {words}, {list(efficacy.STABILITY.values())}, 0.) AS Float64)"


FORMULAS: Final = {
    "%STABILITY%": _stability(),
    "%VELOCITY%": _falling("duration_seconds", efficacy.FAST_SECONDS, efficacy.SLOW_SECONDS),
    "%FOOTPRINT%": _falling("toFloat64(changed_files)", efficacy.FEW_FILES, efficacy.MANY_FILES),
    "%SCORE%": (
        f"100 * ({efficacy.STABILITY_SHARE} * stability + {efficacy.VELOCITY_SHARE} * velocity"
        f" + {efficacy.FOOTPRINT_SHARE} * footprint)"
    ),
}
"""What stands for what in the files of `views/`."""
