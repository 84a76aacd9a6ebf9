"""How does a noun read on the command line? `ganglion tasks` lists, `ganglion tasks VERB` acts.

One form for all: the name is the plural, as of what is listed, and its singular means the same, as
with kubectl: nobody has to remember which it was.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

import typer
from typer.core import TyperGroup

LIST: Final = "list"


class Noun(TyperGroup):
    """Commands about one kind of thing; `list` may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As its parent, with `list` before the options where no command stands."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [LIST, *args]
        return super().parse_args(ctx, args)


def noun(help_: str) -> typer.Typer:
    """The commands about one kind of thing, also where there is only one."""
    app = typer.Typer(add_completion=False, cls=Noun, help=help_)
    app.callback()(lambda: None)
    return app


def plural(name: str, known: Container[str]) -> str:
    """The noun of which this is the singular; any other name as it is."""
    return f"{name}s" if name not in known and f"{name}s" in known else name
