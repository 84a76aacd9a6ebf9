"""What did a process say of why it ended? The last error of its log, as text, and what it wrote
after that which is no line of a log: a crash is none.

One that was killed had said nothing of it: then there is nothing to show, or an older error, with
its time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from local_mesh.service_logs import LogLine

MAX_LINES: Final = 500
"""Of the end of its log in which they are looked for."""

MAX_WORDS: Final = 8
_ERRORS: Final = ("error", "critical")


def log_tail(lines: Iterable[str]) -> list[str]:
    """For a person to read; empty where it complained of nothing."""
    words: list[str] = []
    for line in lines:
        fields = LogLine("", line).fields()
        if "level" not in fields:
            said = str(fields.get("text", line))
            words = [*(each for each in words if not each.endswith(f": {said}")), said]
        elif fields["level"] in _ERRORS:
            words = [_sentence(fields)]
    return words[-MAX_WORDS:]


def _sentence(fields: dict[str, Any]) -> str:
    """When it was, what, and why; what else is said of it is in the log."""
    what = " ".join(str(fields[each]) for each in ("action", "text") if fields.get(each))
    why = fields.get("reason") or fields.get("message")
    try:
        at = f"{datetime.fromisoformat(str(fields.get('timestamp'))).astimezone():%H:%M:%S}"
    except (ValueError, OverflowError):
        at = "some time"
    return f"the last error it logged, at {at}: {what}{f': {why}' if why else ''}"
