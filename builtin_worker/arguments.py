"""What does a task's payload ask for?"""

from __future__ import annotations

from builtin_worker.action import Job
from nervous_system.errors import Permanent


def text(job: Job, name: str, *, default: str | None = None) -> str:
    """The text under `name` in the payload. Raises Permanent where there is none."""
    value = job.payload.get(name, default)
    if not isinstance(value, str) or not value.strip():
        raise Permanent(
            f"task {job.task_id} cannot be done: {name} in its payload is {value!r:.100};"
            " give a text"
        )
    return value


def whole_number(job: Job, name: str, *, default: int, least: int, most: int) -> int:
    """The number under `name` in the payload. Raises Permanent where it is of no use."""
    value = job.payload.get(name, default)
    # JSON of another language may have written 14.0; true is not a number.
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise Permanent(
            f"task {job.task_id} cannot be done: {name} in its payload is {value!r:.100};"
            f" give a whole number from {least} to {most}, or leave it out for {default}"
        )
    return number
