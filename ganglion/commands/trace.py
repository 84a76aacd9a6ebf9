"""`ganglion trace`: what led to this event, and what followed from it?"""

from __future__ import annotations

from typing import Annotated

import typer

from ganglion.terminal import say, say_json

app = typer.Typer(add_completion=False)


@app.command()
def trace(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="Id of an event, or of a trace.")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """The tree of a trace, the ways to other traces, and its page in Jaeger where there is one."""
    import asyncio
    import json

    from ganglion.addresses import client_settings
    from ganglion.caught_up import wait_until_caught_up
    from ganglion.settings import LocalMeshSettings
    from ganglion.trace_view.document import trace_document
    from ganglion.trace_view.jaeger import jaeger_address
    from ganglion.trace_view.lookup import find_trace
    from ganglion.trace_view.text import trace_text
    from nervous_system.environment import read_settings

    given = read_settings(LocalMeshSettings).jaeger_url
    mesh = client_settings()
    wait_until_caught_up(mesh)
    found = find_trace(mesh.clickhouse_dsn, wanted)
    jaeger_url = asyncio.run(jaeger_address(given))
    if as_json:
        say_json(json.dumps(trace_document(found, jaeger_url), ensure_ascii=False))
        return
    for line in trace_text(found, jaeger_url):
        say(line)
