"""What is an action of the built-in worker: what goes in, what it may use, what comes out?

An action may run again under the same idempotency key after its worker died: it is made so that
this does no harm. It raises Transient where another attempt may succeed and Permanent where none
will. When it is cancelled it lets go within seconds, and what it leaves is whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from builtin_worker.clickhouse import ClickHouse
from nervous_system.bus import Bus
from nervous_system.client.agent import Agent
from nervous_system.clock import Clock
from nervous_system.contract.truncation import truncate_middle
from nervous_system.errors import Permanent

MAX_OUTPUT_CHARACTERS: Final = 65_536
MAX_NOTES_CHARACTERS: Final = 2_000
MAX_CHANGED_FILES: Final = 100
"""So that what a task leaves on the log stays far below the server's payload limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """One attempt at one task."""

    task_id: str
    action: str
    payload: Mapping[str, object]  # the task's arguments, as its JSON object has them
    attempt: int  # 1, 2, 3 …
    idempotency_key: str  # the same for every attempt; empty: the task's id stands for it

    def text_argument(self, name: str, *, default: str | None = None) -> str:
        """The text under `name` in the payload. Raises Permanent where there is none."""
        value = self.payload.get(name, default)
        if not isinstance(value, str) or not value.strip():
            raise self._of_no_use(name, value, "give a text")
        return value

    def integer_argument(self, name: str, *, default: int, min_value: int, max_value: int) -> int:
        """The number under `name` in the payload. Raises Permanent where it is of no use."""
        value = self.payload.get(name, default)
        # JSON of another language may have written 14.0; true is not a number.
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if (
            isinstance(number, bool)
            or not isinstance(number, int)
            or not min_value <= number <= max_value
        ):
            give = (
                f"give a whole number from {min_value} to {max_value}, or leave it out for"
                f" {default}"
            )
            raise self._of_no_use(name, value, give)
        return number

    def _of_no_use(self, name: str, value: object, give: str) -> Permanent:
        return Permanent(
            f"task {self.task_id} cannot be done: {name} in its payload is {value!r:.100}; {give}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """What an action did."""

    output: str  # Markdown
    changed_files: tuple[str, ...] = ()  # relative to the home
    notes: str = ""

    @classmethod
    def within_limits(
        cls, output: str, *, changed_files: Sequence[str] = (), notes: Sequence[str] = ()
    ) -> Self:
        """Within the limits; what is left out is counted."""
        said = list(notes)
        if len(changed_files) > MAX_CHANGED_FILES:
            said.append(f"{len(changed_files)} files were changed; the first are listed")
        return cls(
            output=truncate_middle(output, max_characters=MAX_OUTPUT_CHARACTERS),
            changed_files=tuple(changed_files[:MAX_CHANGED_FILES]),
            notes=truncate_middle("; ".join(said), max_characters=MAX_NOTES_CHARACTERS),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionContext:
    """What an action may use."""

    home: Path  # GANGLION_HOME
    bus: Bus
    agent: Agent  # that puts on record what is changed
    clickhouse: ClickHouse | None  # None: this mesh has none
    clock: Clock
    workspace: Path | None = None  # where the swarm's files lie; None: they are not at hand
    workspace_name: str | None = None  # None: as git has it, or the folder


class ActionProgress(Protocol):
    """Where an action says how far it is."""

    async def __call__(self, fraction: float, note: str) -> None:
        """From 0 to 1, and what it is at.

        Awaited between steps: it may wait, and what it raises ends the action.
        """


Action = Callable[[ActionRequest, ActionContext, ActionProgress], Awaitable[ActionResult]]
"""The work itself."""
