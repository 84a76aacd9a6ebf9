"""Which settings belong together for a person who looks for one?"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from docs.page import table
from nervous_system.phrases import size
from operations.queries.setting_list import SettingRow, list_settings

GROUPS: Final = {
    "Which mesh is meant, and who you are": (
        *("NATS_URL", "CLICKHOUSE_URL", "GANGLION_HOME", "GANGLION_CONTEXT", "GANGLION_OPERATOR"),
        *("GANGLION_NATS_USER", "GANGLION_NATS_PASSWORD", "GANGLION_NATS_CREDENTIALS"),
        *("GANGLION_CLICKHOUSE_PASSWORD", "GANGLION_SIGNING_KEY", "GANGLION_WORKSPACE"),
    ),
    "Ports, and servers of your own": (
        *("GANGLION_PORT_BASE", "GANGLION_NATS_PORT", "GANGLION_NATS_MONITOR_PORT"),
        *("GANGLION_CLICKHOUSE_PORT", "GANGLION_CLICKHOUSE_HOST", "GANGLION_CLICKHOUSE_PATH"),
        *("GANGLION_NATS_URL", "GANGLION_CLICKHOUSE_URL"),
        *("GANGLION_NATS_USERS_FILE", "GANGLION_CLICKHOUSE_NAMES"),
    ),
    "Who gets in": (
        *("GANGLION_NATS_OPEN", "GANGLION_CLICKHOUSE_OPEN", "GANGLION_CLICKHOUSE_USERS_FILE"),
        *("GANGLION_CLICKHOUSE_HOSTS", "GANGLION_SIGNATURES_REQUIRED"),
        *("GANGLION_SIGNATURE_MAX_AGE_SECONDS", "GANGLION_REDACT_PATTERNS"),
    ),
    "The log: how much, how long": (
        *("GANGLION_STREAM_*", "GANGLION_NATS_MAX_PAYLOAD_BYTES"),
        "GANGLION_PUBLISH_DEADLINE_SECONDS",
    ),
    "Mission control: HTTP": ("GANGLION_HTTP_*",),
    "Log lines, metrics and traces": (
        *("GANGLION_LOG_*", "GANGLION_METRICS_*", "GANGLION_HEALTH_SOCKET"),
        *("GANGLION_TELEMETRY_*", "OTEL_EXPORTER_OTLP_ENDPOINT", "GANGLION_JAEGER_URL"),
    ),
    "Starting, watching and stopping the processes of a mesh": (
        *("GANGLION_MIN_FREE_BYTES", "GANGLION_READY_TIMEOUT_SECONDS", "GANGLION_SILENT_SECONDS"),
        *("GANGLION_WATCHDOG_SECONDS", "GANGLION_STOP_TIMEOUT_SECONDS"),
    ),
    "The overseer: objectives, tasks, pulses": ("GANGLION_OVERSEER_*",),
    "The built-in worker": ("GANGLION_WORKER_*",),
    "The governor: when a machine is too busy": ("GANGLION_GOVERNOR_*",),
    "The guardian: when something is wrong": ("GANGLION_GUARDIAN_*",),
    "The ingestor: from the log into ClickHouse": ("GANGLION_INGESTOR_*",),
    "Limits of the embedded ClickHouse": ("GANGLION_CLICKHOUSE_*",),
}
"""Patterns of variables; a variable is where the first fits it."""


def settings() -> Iterator[str]:
    """Every variable, and what it is if nobody gives it."""
    yield "# Settings\n\n"
    yield (
        "A variable of the environment, or a line of `.env` in the current folder.\n"
        "`ganglion settings` shows what is in force here and now. Every command names a variable\n"
        "that nothing reads and that is spelt almost like one of these.\n"
    )
    left = {row.variable: row for row in list_settings()}
    for title, patterns in GROUPS.items():
        found = [name for each in patterns for name in sorted(left) if fnmatchcase(name, each)]
        rows = [left.pop(name) for name in found]
        yield f"\n## {title}\n"
        yield table(("variable", "default", "meaning"), map(_row, rows))
    if left:
        raise ValueError(f"docs/settings_page.py has no group for {', '.join(left)}")


def _row(row: SettingRow) -> tuple[str, str, str]:
    return f"`{row.variable}`", _value(row.variable, row.value), row.description


def _value(variable: str, value: Any) -> str:
    if value in (None, "", (), []):
        return ""
    if value == socket.gethostname():
        return "the machine's own"
    shown = f"`{value}`".replace(f"{Path.cwd()}/", "")
    return f"{shown} ({size(value)})" if variable.endswith("_BYTES") and value >= 1024 else shown
