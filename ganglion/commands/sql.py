"""`ganglion sql`: what do the tables say?"""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from ganglion.terminal import say_answer, warn

app = typer.Typer(add_completion=False)


_FORMAT: Final = re.compile(r"\bFORMAT\s+\w+\s*(SETTINGS\b[^;]*)?;?\s*$", re.IGNORECASE)
"""At the end of a query that says itself how it is to be answered."""


_AROUND: Final = 11
"""Cells of a table that ClickHouse's estimate leaves out: its outer borders, and the numbers of up
to 10,000 rows."""


def readable_settings(columns: int) -> dict[str, str]:
    """What lets ClickHouse decide between a table and rows below each other, by the terminal."""
    return {
        "output_format_pretty_color": "0",
        "output_format_pretty_fallback_to_vertical": "1",
        "output_format_pretty_fallback_to_vertical_min_columns": "1",
        "output_format_pretty_fallback_to_vertical_min_table_width": str(columns - _AROUND + 1),
        "output_format_pretty_fallback_to_vertical_max_rows_per_chunk": "10000",
    }


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="The query; `-` reads it from stdin.")],
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format", help="A format of ClickHouse; a FORMAT in the query wins over it."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per row (JSONEachRow).")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Let the query change data; otherwise it only reads.")
    ] = False,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait/--no-wait",
            help="Wait up to 5 s until ClickHouse has what the log has; --no-wait asks at once.",
        ),
    ] = True,
) -> None:
    """Ask ClickHouse: a table on a terminal, tab-separated values into a pipe.

    If a table would be wider than the terminal, each row is printed with one line for each column.

    On a terminal, and with --json, characters that a terminal would obey are shown as escapes;
    into a pipe every other format has its exact bytes. The answer covers all that was on the log
    when you asked; if ClickHouse stays behind, a line on stderr says so.
    """
    import sys

    from embedded_clickhouse.exceptions import Code
    from ganglion.widths import screen_width
    from local_mesh.addresses import client_settings
    from nervous_system.clickhouse.query import run_query
    from nervous_system.errors import QueryRefused

    if as_json and format_name is not None:
        raise typer.BadParameter("give --json or --format, not both")
    columns = screen_width()
    terminal = columns is not None
    text = sys.stdin.read() if query == "-" else query
    if not text.strip():
        raise typer.BadParameter("the query is empty")
    wanted = format_name or (
        "JSONEachRow" if as_json else "PrettyCompactMonoBlock" if terminal else "TabSeparated"
    )
    mesh = client_settings()
    if wait:
        from operations.queries.caught_up import wait_until_caught_up

        wait_until_caught_up(mesh, tell=warn)
    settings = {"output_format_json_quote_64bit_integers": "0"} if as_json else {}
    own = format_name is None and not as_json and not _FORMAT.search(text)
    if own and columns is not None:
        settings |= readable_settings(columns)
    if not write:
        settings["readonly"] = "2"  # settings may be changed, nothing else
    answer = run_query(mesh.clickhouse_dsn, text, default_format=wanted, settings=settings)
    try:
        say_answer(answer, is_json=as_json, folds=own)
    except QueryRefused as error:
        if error.code != Code.READONLY:
            raise
        sentence = f"{error}; a query that changes something needs --write, and a user who may"
        raise QueryRefused(sentence, code=Code.READONLY) from error
