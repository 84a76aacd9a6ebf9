"""What does the supervisor ask of the world?

Somebody who shows what happens, and a log that keeps it.
"""

from __future__ import annotations

from typing import Protocol

from enchanted.events.v1.alarm_pb2 import AlarmRaised
from enchanted.events.v1.process_pb2 import ProcessExited, ProcessStarted
from local_mesh.supervisor.mesh_file import MeshRecord, ProcessRecord

ProcessFact = ProcessStarted | ProcessExited | AlarmRaised


class EventSink(Protocol):
    """Keeps the life of the processes as events."""

    def put(self, payload: ProcessFact) -> None:
        """Take a fact down now.

        Never waits, never raises: it is sent as soon as the log can be reached.
        """


class ProcessDisplay(Protocol):
    """Tells a person, or a log file, what happens. Must not raise and must not wait."""

    def starting(self, process: ProcessRecord) -> None:
        """A process was started for the first time."""

    def ready(self, process: ProcessRecord, *, after_seconds: float) -> None:
        """A process can do its work."""

    def died(
        self,
        process: ProcessRecord,
        *,
        code: int,
        restart_in_seconds: float | None,
        words: list[str],
    ) -> None:
        """A process ended that should not have; `words` are its last lines.

        None: it is not started again.
        """

    def trouble(self, sentence: str) -> None:
        """Something failed that the mesh can live with."""

    def stopping(self, process: ProcessRecord) -> None:
        """A process was asked to drain."""

    def stopped(self, process: ProcessRecord, *, code: int, killed: bool) -> None:
        """A process is gone; `killed` when it did not drain in time."""


class Screen(ProcessDisplay, Protocol):
    """A whole run of a mesh as its person sees it. Must not raise and must not wait."""

    @property
    def is_terminal(self) -> bool:
        """Whether a line that moves is seen."""

    def line(self, text: str) -> None:
        """One line that stays."""

    def moving(self, text: str) -> None:
        """The line that moves, on a terminal; elsewhere nothing."""

    def up(self, mesh: MeshRecord, *, page: str) -> None:
        """Everything is ready; `page` lets a browser in once, empty if there is none."""
