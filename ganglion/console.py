"""What does a person see of the mesh's life?

Lines that stay, and on a terminal one line that moves.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Final

from ganglion.widths import fold, screen_width
from local_mesh.supervisor.mesh_file import MeshRecord, ProcessRecord
from nervous_system.contract.exit_code import how_it_ended
from nervous_system.shown_address import display_address
from nervous_system.visible import visible

if TYPE_CHECKING:
    from rich.live import Live

NAME_WIDTH: Final = 15


class Console:
    """Writes to stdout; until the mesh is up also to `ready_descriptor`, where `up --detach` reads
    along.
    """

    def __init__(self, *, ready_descriptor: int | None = None) -> None:
        self.is_terminal: bool = sys.stdout.isatty()
        self._live: Live | None = None
        self._starting: list[str] = []
        self._ready_descriptor = ready_descriptor

    def line(self, text: str) -> None:
        """One line that stays. What a process said of itself may stand in it."""
        text = visible(text)
        if self._live is None:
            width = screen_width()
            for line in [text] if width is None else fold(text, width):
                sys.stdout.write(f"{line}\n")  # noqa: TID251 - beside a line that moves
            sys.stdout.flush()
        else:
            self._live.console.print(text)
        self._tell({"line": text})

    def moving(self, text: str) -> None:
        """The line that moves, on a terminal; elsewhere nothing."""
        if not self.is_terminal:
            return
        if self._live is None:
            from rich.console import Console as RichConsole  # noqa: TID251 - the same
            from rich.live import Live

            # Without its own refreshing thread: it is refreshed when there is something new.
            console = RichConsole(highlight=False, markup=False, soft_wrap=True)
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(visible(text), refresh=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def starting(self, process: ProcessRecord) -> None:
        """See `ports.ProcessDisplay`."""
        self._starting.append(process.name)
        self._show_starting()

    def ready(self, process: ProcessRecord, *, after_seconds: float) -> None:
        """See `ports.ProcessDisplay`."""
        if process.attempt == 1 and process.name in self._starting:
            self._starting.remove(process.name)
        self.line(
            f"  {process.name:<{NAME_WIDTH}} pid {process.pid:<8} {process.address:<26}"
            f" ready after {after_seconds:.2f} s"
        )
        self._show_starting()

    def died(
        self,
        process: ProcessRecord,
        *,
        code: int,
        restart_in_seconds: float | None,
        words: list[str],
    ) -> None:
        """See `ports.ProcessDisplay`."""
        then = (
            f"; it is started again in {restart_in_seconds:g} s"
            if restart_in_seconds is not None
            else ""
        )
        self.line(f"  {process.name:<{NAME_WIDTH}} {how_it_ended(code)}{then}")
        for word in words:
            self.line(f"  {'':<{NAME_WIDTH}} | {word}")

    def trouble(self, sentence: str) -> None:
        """See `ports.ProcessDisplay`."""
        self.line(f"  {sentence}")

    def stopping(self, process: ProcessRecord) -> None:
        """See `ports.ProcessDisplay`."""
        self.moving(f"  stopping {process.name} …")

    def stopped(self, process: ProcessRecord, *, code: int, killed: bool) -> None:
        """See `ports.ProcessDisplay`."""
        how = "killed, it did not drain in time" if killed else "stopped"
        if not killed and code not in (0, -15):
            how = f"stopped; it {how_it_ended(code)}"
        self.line(f"  {process.name:<{NAME_WIDTH}} {how}")

    def up(self, mesh: MeshRecord, *, page: str) -> None:
        """Everything is ready. From here on nobody reads along; who did says how to stop it."""
        stop = "; Ctrl-C stops it" if self._ready_descriptor is None else ""
        events, sql = display_address(mesh.nats_url), display_address(mesh.clickhouse_url)
        if page:
            self.line(f"mission control: {page}")
        self.line(f"ganglion is up: events to {events}, SQL at {sql}{stop}")
        self._tell({"ready": True})
        self._hang_up()

    def failed(self, sentence: str, *, exit_code: int) -> None:
        """It did not come up. The sentence itself is printed by whoever ends the process."""
        self._tell({"error": sentence, "exit_code": exit_code})
        self._hang_up()

    def _show_starting(self) -> None:
        if self._starting:
            self.moving(f"  starting {', '.join(self._starting)} …")

    def _tell(self, message: dict[str, object]) -> None:
        if self._ready_descriptor is None:
            return
        try:
            os.write(self._ready_descriptor, json.dumps(message).encode() + b"\n")
        except BrokenPipeError:  # whoever waited has gone; the mesh comes up all the same
            self._hang_up()

    def _hang_up(self) -> None:
        if self._ready_descriptor is not None:
            os.close(self._ready_descriptor)
            self._ready_descriptor = None
