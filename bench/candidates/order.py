"""What is a contender told, and how does it say when it begins and what it found?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import Final

BEGIN: Final = '"begin"'
END: Final = '"end"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One run of one contender."""

    nats_url: str = ""
    clickhouse_url: str = ""
    count: int = 0  # events, or tasks
    workers: int = 1
    ended: int = 0  # tasks
    prefix: str = ""  # of ids
    what: str = "rate"  # for a client of tasks: or "fill", or "latency"
    otlp_endpoint: str | None = None

    def argument(self) -> str:
        """As one word of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, text: str) -> Order:
        """What `argument` made."""
        return cls(**json.loads(text))


def begin() -> None:
    """Everything is ready; from here on time counts."""
    _say({"begin": True})


def end() -> None:
    """The last event is done."""
    _say({"end": True})


def result(values: dict[str, object]) -> None:
    """What the contender itself measured."""
    _say({"result": values})


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")  # noqa: TID251 - to its parent
    sys.stdout.flush()
