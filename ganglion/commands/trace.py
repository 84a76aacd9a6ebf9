"""`ganglion trace`: what led to this event, and what followed from it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ganglion.trace_view.tree import Line, Trace

app = typer.Typer(add_completion=False)


@app.command()
def trace(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="Id of an event, or of a trace.")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """The tree of a trace's events, and the page of its span in Jaeger."""
    from ganglion.addresses import client_settings
    from ganglion.settings import LocalMeshSettings, read_settings
    from ganglion.trace_view.lookup import find_trace

    jaeger_url = read_settings(LocalMeshSettings).jaeger_url
    found = find_trace(client_settings().clickhouse_dsn, wanted)
    show = _print_json if as_json else _print
    show(found, jaeger_url)


def _print(trace: Trace, jaeger_url: str) -> None:
    agents = len({each.event.agent_id for each in trace.events})
    cut = ", the first of more" if trace.cut else ""
    typer.echo(
        f"trace {trace.trace_id}: {len(trace.events):,} events{cut}"
        f" in {trace.seconds:.3f} s, by {agents} agents"
    )
    for line in trace.lines():
        typer.echo(_line(line, trace))
    typer.echo(f"Jaeger: {_address(jaeger_url, trace.focus.event.span_id, trace)}")


def _line(line: Line, trace: Trace) -> str:
    from ganglion.event_line import one_line, summary

    recorded, event = line.recorded, line.recorded.event
    after = (recorded.recorded_at - trace.events[0].recorded_at).total_seconds()
    here = "◀ " if event.event_id == trace.asked else ""
    return (
        f"{recorded.sequence:>8} {after:>+9.3f} s  {line.drawing}{here}{event.kind.subject_word}"
        f"  {event.agent_id}  {one_line(summary(event.payload))}"
    )


def _print_json(trace: Trace, jaeger_url: str) -> None:
    import json

    from ganglion.event_line import json_line

    events = [
        {
            **json.loads(json_line(each)),
            "jaeger_url": _address(jaeger_url, each.event.span_id, trace),
        }
        for each in trace.events
    ]
    document = {
        "trace_id": trace.trace_id,
        "asked": trace.asked or None,
        "jaeger_url": _address(jaeger_url, trace.focus.event.span_id, trace),
        "cut": trace.cut,
        "events": events,
    }
    typer.echo(json.dumps(document, ensure_ascii=False))


def _address(jaeger_url: str, span_id: str, trace: Trace) -> str:
    from ganglion.trace_view.jaeger import span_address

    return span_address(jaeger_url, trace_id=trace.trace_id, span_id=span_id)
