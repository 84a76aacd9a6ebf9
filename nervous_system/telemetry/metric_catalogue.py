"""What does the mesh count?

Every metric of every service; see also `docs/telemetry.md`.
"""

from __future__ import annotations

from typing import Final

from nervous_system.telemetry.metrics import (
    ROWS_BUCKETS,
    TASK_SECONDS_BUCKETS,
    Declared,
    DeclaredCounter,
    DeclaredGauge,
    DeclaredHistogram,
)

# Publishing.
EVENTS_PUBLISHED: Final = DeclaredCounter(
    name="ganglion_events_published_total",
    help="Events published: acknowledged, duplicate, conflict, refused, unconfirmed",
    labels=("outcome",),
)
PUBLISH_SECONDS: Final = DeclaredHistogram(
    name="ganglion_publish_seconds",
    help="From the first try to the acknowledgement, one event or one atomic batch",
    labels=("shape",),
)
PUBLISH_RETRIES: Final = DeclaredCounter(
    name="ganglion_publish_retries_total", help="Tries of a publish after its first"
)
SECRETS_REDACTED: Final = DeclaredCounter(
    name="ganglion_secrets_redacted_total", help="Secrets taken out of events before publishing"
)
DISCONNECTS: Final = DeclaredGauge(
    name="ganglion_nats_disconnects", help="Times this process lost its connection to NATS"
)

# Working on what is delivered (consumer).
EVENTS_HANDLED: Final = DeclaredCounter(
    name="ganglion_events_handled_total",
    help="Deliveries by what came of them: handled, delayed, given_up",
    labels=("outcome",),
)

# Folding and deciding (runner).
EVENTS_FOLDED: Final = DeclaredCounter(
    name="ganglion_events_folded_total", help="Events folded into a service's state"
)
EVENTS_SKIPPED: Final = DeclaredCounter(
    name="ganglion_events_skipped_total",
    help="Passed over in folding: unreadable or untrusted events, what a repeated cause led to",
    labels=("reason",),
)
EVENTS_DECIDED: Final = DeclaredCounter(
    name="ganglion_events_decided_total", help="Events a leader appended as decisions"
)
LEADING: Final = DeclaredGauge(
    name="ganglion_leading", help="1 while this process leads its scope, 0 while it follows"
)
TERM: Final = DeclaredGauge(name="ganglion_term", help="The leadership term this process last saw")
POSITION: Final = DeclaredGauge(
    name="ganglion_position", help="The last sequence of the log this process has folded"
)
SNAPSHOTS: Final = DeclaredCounter(
    name="ganglion_snapshots_total",
    help="Snapshots by what came of them: written, not_written, loaded, refused",
    labels=("outcome",),
)

# Ingesting.
POSITIONS_STORED: Final = DeclaredCounter(
    name="ganglion_positions_stored_total",
    help="Stream positions written to ClickHouse by disposition: stored, parked, duplicate",
    labels=("disposition",),
)
INSERT_SECONDS: Final = DeclaredHistogram(
    name="ganglion_insert_seconds", help="One insert into ClickHouse, until it is on disk"
)
INSERT_ROWS: Final = DeclaredHistogram(
    name="ganglion_insert_rows", help="Rows of one insert into ClickHouse", buckets=ROWS_BUCKETS
)
INSERT_FAILURES: Final = DeclaredCounter(
    name="ganglion_insert_failures_total", help="Inserts that failed and were tried again"
)
WATERMARK: Final = DeclaredGauge(
    name="ganglion_watermark", help="The last stream sequence that ClickHouse holds"
)
LAG: Final = DeclaredGauge(
    name="ganglion_lag", help="Stream positions that ClickHouse does not hold yet"
)
EPOCH: Final = DeclaredGauge(name="ganglion_epoch", help="The epoch of the stream being written")
OLDEST_UNRECORDED_SECONDS: Final = DeclaredGauge(
    name="ganglion_oldest_unrecorded_seconds",
    help="Age of the oldest event that is not in ClickHouse yet; 0 if all are",
)
LOG_USED_BYTES: Final = DeclaredGauge(name="ganglion_log_used_bytes", help="Bytes the log holds")
LOG_LIMIT_BYTES: Final = DeclaredGauge(
    name="ganglion_log_limit_bytes", help="Bytes the log may hold; below 1 without a limit"
)
LOG_FULL: Final = DeclaredGauge(
    name="ganglion_log_full", help="1 while the log has no room for a large event, else 0"
)

# Alarms, whoever raises them.
ALARMS: Final = DeclaredCounter(
    name="ganglion_alarms_total", help="Alarms raised, by name", labels=("name",)
)

# Tasks and dispatch, from the overseer that leads.
TASKS: Final = DeclaredGauge(
    name="ganglion_tasks",
    help="Tasks that have not ended: waiting, claimed, quarantined",
    labels=("state",),
)
OLDEST_WAITING_SECONDS: Final = DeclaredGauge(
    name="ganglion_oldest_waiting_task_seconds",
    help="How long the task has waited that could be claimed first; 0 if none could",
)
TASK_WAIT_SECONDS: Final = DeclaredHistogram(
    name="ganglion_task_wait_seconds",
    help="From when a task could be claimed until it was",
    buckets=TASK_SECONDS_BUCKETS,
)
TASK_RUN_SECONDS: Final = DeclaredHistogram(
    name="ganglion_task_run_seconds",
    help="Of the last attempt at a task that ended",
    buckets=TASK_SECONDS_BUCKETS,
)
TASKS_ENDED: Final = DeclaredCounter(
    name="ganglion_tasks_ended_total",
    help="Tasks that ended, by how: completed, failed, cancelled …",
    labels=("result",),
)
OBJECTIVES: Final = DeclaredGauge(
    name="ganglion_objectives",
    help="Objectives that have not ended: open, waiting for a person",
    labels=("state",),
)
WORKERS: Final = DeclaredGauge(
    name="ganglion_workers", help="Workers that registered, are heard of and have not left"
)
SYSTEM_MODE: Final = DeclaredGauge(
    name="ganglion_system_mode",
    help="1 for the mode that the system is in: operational, degraded, halted",
    labels=("mode",),
)
DISPATCH_HALTED: Final = DeclaredGauge(
    name="ganglion_dispatch_halted", help="1 while a person, or the guardian, halts dispatch"
)
DISPATCH_HELD: Final = DeclaredGauge(
    name="ganglion_dispatch_held", help="1 while the limits of the machines hold dispatch"
)

# Incidents, from the guardian that leads.
INCIDENTS_OPEN: Final = DeclaredGauge(
    name="ganglion_incidents_open",
    help="Incidents that are open, by class: minor, major, critical",
    labels=("class",),
)

# Mission control.
HTTP_REQUESTS: Final = DeclaredCounter(
    name="ganglion_http_requests_total",
    help="Requests by method, route (empty: none) and status",
    labels=("method", "route", "status"),
)
HTTP_SECONDS: Final = DeclaredHistogram(
    name="ganglion_http_request_seconds",
    help="From the request's head to the end of its answer; streams are left out",
    labels=("route",),
)
HTTP_STREAMS: Final = DeclaredGauge(
    name="ganglion_http_streams", help="Clients that listen to what happens"
)

# The governor's machine.
HOST_CPU_PERCENT: Final = DeclaredGauge(
    name="ganglion_host_cpu_percent", help="CPU in use, of all the processors it may use"
)
HOST_MEMORY_USED_BYTES: Final = DeclaredGauge(
    name="ganglion_host_memory_used_bytes", help="Memory in use, file caches left out"
)
HOST_MEMORY_LIMIT_BYTES: Final = DeclaredGauge(
    name="ganglion_host_memory_limit_bytes", help="Memory it may use: the container's or machine's"
)
HOST_DISK_USED_BYTES: Final = DeclaredGauge(
    name="ganglion_host_disk_used_bytes", help="Bytes in use where the mesh keeps its data"
)
HOST_DISK_TOTAL_BYTES: Final = DeclaredGauge(
    name="ganglion_host_disk_total_bytes", help="Size of the disk where the mesh keeps its data"
)
SAMPLE_FAILURES: Final = DeclaredCounter(
    name="ganglion_sample_failures_total",
    help="Parts of a capacity sample that could not be read",
    labels=("part",),
)

# Telemetry about itself.
BUILD_INFO: Final = DeclaredGauge(
    name="ganglion_build_info",
    help="1, for this version of Ganglion on this version of Python",
    labels=("version", "python"),
)
SPANS_EXPORTED: Final = DeclaredCounter(
    name="ganglion_spans_exported_total",
    help="Spans that were taken, by the bus or by the collector",
    labels=("to",),
)
SPANS_DROPPED: Final = DeclaredCounter(
    name="ganglion_spans_dropped_total",
    help="Spans that went nowhere: over_budget, queue_full, export_failed, shutdown",
    labels=("to", "reason"),
)
SPANS_STORED: Final = DeclaredCounter(
    name="ganglion_spans_stored_total", help="Spans written to ClickHouse"
)
SPANS_LOST: Final = DeclaredCounter(
    name="ganglion_spans_lost_total",
    help="Not in ClickHouse: at_source (spans), discarded and unreadable (messages)",
    labels=("reason",),
)
WORK_HELD_UP: Final = DeclaredGauge(
    name="ganglion_work_held_up",
    help="1 while a kind of this service's work does not get done, else 0",
    labels=("work",),
)
PROGRESS_SILENCE_SECONDS: Final = DeclaredGauge(
    name="ganglion_progress_silence_seconds",
    help="Since a loop of this service last made progress",
    labels=("check",),
)

CATALOGUE: Final[tuple[Declared, ...]] = tuple(
    value for value in globals().copy().values() if isinstance(value, Declared)
)
