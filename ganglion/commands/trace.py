"""`ganglion trace`: what led to this event, what followed from it, and how long did it take?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.terminal import say, say_exactly, say_json, warn

app = typer.Typer(add_completion=False)


@app.command()
def trace(
    wanted: Annotated[
        str, typer.Argument(metavar="ID", help="Id of an event or of a trace, or how it begins.")
    ],
    all_: Annotated[
        bool,
        typer.Option("--all", help="Also requests and turns of services."),
    ] = False,
    spans: Annotated[
        bool,
        typer.Option("--spans/--no-spans", help="Spans around the events, or events only."),
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="As one JSON object, with all events and spans.")
    ] = False,
) -> None:
    """Show events and spans of a trace as one tree, with links to other traces and to Jaeger."""
    import asyncio
    import json
    from dataclasses import replace

    from ganglion.trace_text import trace_text
    from ganglion.widths import screen_width
    from local_mesh.addresses import client_settings
    from local_mesh.settings import LocalMeshSettings
    from nervous_system.environment import read_settings
    from operations.queries.caught_up import wait_until_caught_up
    from operations.queries.trace.document import trace_document
    from operations.queries.trace.jaeger import jaeger_address
    from operations.queries.trace.lookup import find_trace

    given = read_settings(LocalMeshSettings).jaeger_url
    mesh = client_settings()
    wait_until_caught_up(mesh, tell=warn)
    found = find_trace(mesh.clickhouse_dsn, wanted)
    if not spans and found.events:
        found = replace(found, spans=())
    jaeger_url = asyncio.run(jaeger_address(given))
    if as_json:
        say_json(json.dumps(trace_document(found, jaeger_url), ensure_ascii=False))
        return
    shown = found if all_ else found.work()
    for line in trace_text(shown, jaeger_url, whole=screen_width() is None):
        if line.exact:
            say_exactly(line.text)
        else:
            say(line.text, hang=line.hang or None)
