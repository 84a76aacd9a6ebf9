"""What can the built-in worker do? Every action by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from builtin_worker.action import Action
from builtin_worker.diagnosis import (
    CLICKHOUSE,
    DISK,
    MACHINE,
    MEMORY,
    NATS,
    PROCESSES,
    diagnose,
    diagnose_report,
)
from builtin_worker.idempotency import run_once
from builtin_worker.maintenance import maintain_logs
from builtin_worker.restoring import restore_checkpoint, restore_task
from builtin_worker.trends import report_trends
from nervous_system.client.restoring import ACTION, OF_CHECKPOINT

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "diagnose.machine": diagnose(*MACHINE),
        "diagnose.memory": diagnose(*MEMORY),
        "diagnose.disk": diagnose(*DISK),
        "diagnose.processes": diagnose(*PROCESSES),
        "diagnose.nats": diagnose(*NATS),
        "diagnose.clickhouse": diagnose(*CLICKHOUSE),
        "diagnose.report": run_once(diagnose_report),
        "report.trends": run_once(report_trends),
        "maintain.logs": run_once(maintain_logs),
        ACTION: run_once(restore_task),
        OF_CHECKPOINT: run_once(restore_checkpoint),
    }
)
"""Action → the work. What changes files is done once per idempotency key."""
