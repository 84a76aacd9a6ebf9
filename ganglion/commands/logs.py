"""`ganglion logs`: what do the processes of this home say of themselves?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ganglion.terminal import say_json

if TYPE_CHECKING:
    from ganglion.columns import Table
    from local_mesh.service_logs import LogLine

app = typer.Typer(add_completion=False)

LOOK_SECONDS: Final = 0.2
"""How often files are looked at for what is new."""


@app.command()
def logs(
    service: Annotated[
        str | None, typer.Argument(help="overseer, nats, ingestor …; all, if left out.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Follow new lines; Ctrl-C ends it.")
    ] = False,
    number: Annotated[
        int, typer.Option("-n", min=0, help="How many lines of each file to begin with.")
    ] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line, as it was written.")
    ] = False,
) -> None:
    """Show the log files of this home's processes, in the order of time."""
    import json

    from local_mesh.home import Home
    from local_mesh.service_logs import ServiceLogs, chosen_logs
    from nervous_system.environment import read_settings
    from nervous_system.settings import MeshSettings

    home = Home.at(read_settings(MeshSettings).home)
    names = chosen_logs(home, service)
    files = ServiceLogs(home, names)
    table = None if as_json else _table(names)

    def show(lines: list[LogLine]) -> None:
        for line in lines:
            if table is None:
                say_json(json.dumps({"service": line.service, **line.fields()}))
            else:
                table.row(_row(line))

    show(files.last(number))
    while follow:
        time.sleep(LOOK_SECONDS)
        show(files.new())


def _table(names: list[str]) -> Table:
    from ganglion.columns import Table, TableColumn

    columns = (
        TableColumn("time"),
        TableColumn("service"),
        TableColumn("level"),
        TableColumn("what it says", "text"),
    )
    table = Table(columns, widths=(14, max(map(len, ("service", *names))), 7, 400))
    table.heading()
    return table


def _row(line: LogLine) -> tuple[str, ...]:
    """Time of this place, service, level, and the rest in words."""
    from datetime import datetime

    fields = line.fields()
    at, level = fields.pop("timestamp", ""), str(fields.pop("level", ""))
    fields.pop("service", None)
    try:
        shown = f"{datetime.fromisoformat(at).astimezone():%m-%d %H:%M:%S}"
    except (TypeError, ValueError, OverflowError):
        shown = ""
    said = [str(fields.pop(key)) for key in ("text", "action") if key in fields]
    said += [f"{key}={value}" for key, value in fields.items() if value not in ("", None)]
    return shown, line.service, level, " ".join(said)
