"""Under which names do the kept histories have the fields of states that were renamed since?

A state's hash goes by the names of its fields, and recorded histories never change.
"""

from __future__ import annotations

from typing import Final

RECORDED_AS: Final[dict[tuple[str, str], str]] = {
    ("BreakerPolicy", "max_seconds"): "longest_seconds",
    ("BreakerPolicy", "max_tries"): "most_tries",
    ("CoreSettings", "max_pulse_seconds"): "longest_pulse_seconds",
    ("GovernedWorker", "max_tasks"): "most_tasks",
    ("GuardianState", "observations"): "watched",
    ("HostState", "max_cpu_percent"): "most_cpu_percent",
    ("HostState", "max_memory_percent"): "most_memory_percent",
    ("HostState", "unresponsive"): "deaf",
    ("Kernel", "next_queue_seq"): "next_ticket",
    ("Kernel", "to_cancel"): "doomed",
    ("KernelSettings", "max_backoff_seconds"): "longest_backoff_seconds",
    ("Task", "lost_attempts"): "losses",
    ("Task", "queue_seq"): "ticket",
    ("Task", "unmet_dependencies"): "unmet",
}
"""By class and field of today."""
