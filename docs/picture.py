"""How does `docs/tour.svg` come to be? By `python docs/picture.py`, beside a mesh that is new, in
which `examples/first_agent.py` ran and the objective `first` of the README was achieved.

What these commands print onto a terminal, as it is.
"""

from __future__ import annotations

import os
import re
import sys
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console  # noqa: TID251 - draws what was printed, made visible()
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT: Final = Path(__file__).resolve().parent.parent
COLUMNS: Final = 100
COMMANDS: Final = (
    "ganglion status",
    "ganglion tail --agent first-agent --until-end",
    "ganglion objectives show first",
    "ganglion import git .",
)


def main() -> None:
    sys.path.append(str(ROOT))
    from tests.terminal_screen import on_a_terminal

    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TZ": "UTC"}
    for number, command in enumerate(COMMANDS):
        screen, code = on_a_terminal(command.split(), environment=environment, columns=COLUMNS)
        if code:
            raise SystemExit(f"{command} ended with {code}:\n{screen}")
        prompt = Text.assemble(("$ ", "bold green"), (command, "bold"))
        console.print(Text("\n") + prompt if number else prompt)
        console.print(Text(screen.rstrip("\n")))
    drawn = console.export_svg(title="ganglion", theme=DIMMED_MONOKAI, unique_id="tour")
    fonts = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
    drawn = fonts.sub("", drawn).replace("Fira Code", "ui-monospace, Menlo, Consolas")
    drawn = drawn.replace("<svg ", '<svg xml:space="preserve" ', 1)  # not all take it for granted
    (ROOT / "docs" / "tour.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
