"""How does `ganglion <command>` find its command?"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from ganglion import commands
from ganglion.nouns import plural
from ganglion.terminal import say
from nervous_system.place import choose_context, choose_home
from nervous_system.visible import visible
from operations.queries.mistyped import mistyped_variables

PANELS: Final = {
    "The mesh": ("up", "down", "status", "open", "doctor", "contexts", "logs"),
    "Work": (
        *("objectives", "tasks", "workers", "halt", "resume"),
        *("checkpoints", "rollback"),
    ),
    "What happened, and why": (
        *("tail", "trace", "state", "agents", "sessions", "files", "checkout", "incidents", "sql"),
    ),
    "In and out": ("emit", "import", "export"),
    "Keeping a mesh": ("init", "migrate", "parked", "epochs", "repair", "settings", "keys"),
    "Trying it": ("demo", "samples", "simulate"),
}
"""What the help shows together, in its order."""

_PANEL: Final = {name: panel for panel, names in PANELS.items() for name in names}
_ORDER: Final = list(_PANEL)

EPILOG: Final = (
    "Exit codes: 0 done; 1 it failed, or `status` found something unhealthy; 2 the command line or"
    " a setting makes no sense; 3 no mesh runs there; 4 the log, the database or the overseer"
    " refused; 130 interrupted. Errors are one sentence on stderr; GANGLION_DEBUG=1 shows where"
    " they come from. Variables: GANGLION_HOME, GANGLION_CONTEXT, NATS_URL and CLICKHOUSE_URL say"
    " which mesh; `ganglion settings` lists all."
)

_COMMANDS: Final = {
    module.name.rstrip("_"): f"{commands.__name__}.{module.name}"
    for module in pkgutil.iter_modules(commands.__path__)
}
"""Command → module; a name that is a word of the language has an underscore behind it (`import_`).
"""


class Commands(TyperGroup):
    """Every module of `ganglion.commands` is a command; it is imported only when it is wanted.

    What was typed comes back in complaints, and may have been copied from somewhere.
    """

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """As its parent, which reads the command's name and the options before it."""
        with _complaints_visible():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        """As its parent, which reads the rest and runs the command."""
        with _complaints_visible():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the help."""
        return sorted(_COMMANDS, key=_ORDER.index)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, None when there is none."""
        cmd_name = plural(cmd_name, _COMMANDS)
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: Any = typer.main.get_command(importlib.import_module(module).app)
        command.name = cmd_name
        command.rich_help_panel = _PANEL[cmd_name]
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As its parent; what is no command comes back with what may have been meant."""
        try:
            return super().resolve_command(ctx, args)
        except TyperException as error:
            close = get_close_matches(args[0], _COMMANDS)
            if close and isinstance(message := getattr(error, "message", None), str):
                error.message = f"{message} Did you mean {' or '.join(close)}?"
            raise


@contextmanager
def _complaints_visible() -> Iterator[None]:
    try:
        yield
    except TyperException as complaint:
        error: Any = complaint
        if isinstance(message := getattr(error, "message", None), str):
            if close := getattr(error, "possibilities", None):  # of an option
                message = f"{message}. Did you mean {' or '.join(close)}?"
                error.possibilities = None
            error.message = visible(message, keep="\n\t")
        raise


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    epilog=EPILOG,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"ganglion {version('ganglion')}")
        raise typer.Exit


@app.callback()
def root(
    home: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The mesh of this folder, over GANGLION_HOME."),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The mesh of this context, over GANGLION_CONTEXT."),
    ] = None,
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Ganglion, the flight recorder for swarms of software agents.

    The first of these says which mesh: --home or --context; NATS_URL or
    GANGLION_HOME; GANGLION_CONTEXT; the same variables in .env;
    `ganglion contexts use`; the nearest .ganglion.
    """
    if home is not None and context is not None:
        raise typer.BadParameter("give --home or --context, not both")
    if home is not None and not home.strip():
        raise typer.BadParameter("--home names no folder")
    if home is not None:
        choose_home(Path(home))
    if context is not None:
        choose_context(context)
    for sentence in mistyped_variables():
        say(f"ganglion: {sentence}", err=True)
