"""How does `ganglion <command>` find its command?"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, Final

import typer
from typer.core import TyperGroup

from ganglion import commands

ORDER: Final = (
    "up",
    "down",
    "status",
    "objective",
    "tasks",
    "tail",
    "trace",
    "halt",
    "resume",
    "incidents",
    "emit",
    "import",
    "export",
    "sql",
    "parked",
    "init",
    "migrate",
    "doctor",
    "settings",
    "keys",
    "samples",
    "simulate",
    "bench",
)
"""In which the help lists them; whoever is not named comes last."""

EPILOG: Final = (
    "Exit codes: 0 done; 1 it failed, or `status` found something unhealthy; 2 the command line or"
    " a setting makes no sense; 3 no mesh runs there; 4 the log or the database refused;"
    " 130 interrupted. Errors are one sentence on stderr; GANGLION_DEBUG=1 shows where they come"
    " from."
)

_COMMANDS: Final = {
    module.name.rstrip("_"): f"{commands.__name__}.{module.name}"
    for module in pkgutil.iter_modules(commands.__path__)
}
"""Command → module; a name that is a word of the language has an underscore behind it (`import_`).
"""


class Commands(TyperGroup):
    """Every module of `ganglion.commands` is a command; it is imported only when it is wanted."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the help."""
        return sorted(
            _COMMANDS, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name)
        )

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, None when there is none."""
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = typer.main.get_command(importlib.import_module(module).app)
        command.name = cmd_name
        return command


app = typer.Typer(cls=Commands, add_completion=False, no_args_is_help=True, epilog=EPILOG)


@app.callback()
def root() -> None:
    """Ganglion, the flight recorder for swarms of software agents."""
