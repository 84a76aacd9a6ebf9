"""`ganglion emit`: how does a person, or a script, put one event on the log?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from ganglion.terminal import say, say_json
from nervous_system.contract.words import Status

if TYPE_CHECKING:
    from nervous_system.client.agent import Agent, Receipt

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Publish one event and print its id and position, once it is on disk.",
)

Role = Annotated[str, typer.Option("--role", help="architect, coder, reviewer or operator.")]
AgentId = Annotated[str | None, typer.Option("--agent-id", help="Who acts; you, if left out.")]
Because = Annotated[
    str | None, typer.Option("--because", help="Id of the event that led to this one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON object.")]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who publishes, and how the receipt is shown."""

    role: str
    agent_id: str | None
    as_json: bool


@app.command()
def decision(
    rationale: Annotated[str, typer.Option("--rationale", help="Why.")],
    chosen: Annotated[str, typer.Option("--chosen", help="What was chosen.")],
    alternative: Annotated[
        list[str] | None, typer.Option("--alternative", help="A rejected alternative; repeatable.")
    ] = None,
    confidence: Annotated[float | None, typer.Option("--confidence", help="0 to 1.")] = None,
    context_hash: Annotated[
        str, typer.Option("--context-hash", help="Hash of what was looked at.")
    ] = "",
    trigger: Annotated[str, typer.Option("--trigger", help="What made it decide.")] = "",
    because: Because = None,
    role: Role = "operator",
    agent_id: AgentId = None,
    as_json: AsJson = False,
) -> None:
    """Record a decision: why, the choice, and the rejected alternatives."""
    _publish(
        Speaker(role, agent_id, as_json),
        lambda agent: agent.decide(
            rationale=rationale,
            chosen=chosen,
            alternatives=alternative or [],
            confidence=confidence,
            context_hash=context_hash,
            trigger=trigger,
            because=_cause(because),
        ),
    )


@app.command()
def change(
    target: Annotated[str, typer.Argument(help="The resource: a file's path, a variable's name.")],
    before: Annotated[
        Path | None, typer.Option("--before", help="File with the old content; none: it was new.")
    ] = None,
    after: Annotated[
        Path | None, typer.Option("--after", help="File with the new content; none: it is gone.")
    ] = None,
    target_type: Annotated[
        str, typer.Option("--type", help="FILE_SYSTEM, ENV_VAR, DB_SCHEMA …")
    ] = "FILE_SYSTEM",
    workspace: Annotated[
        str | None,
        typer.Option(
            "--workspace",
            help="The repository or folder it is in; not given: this one's, empty: none.",
        ),
    ] = None,
    because: Because = None,
    role: Role = "operator",
    agent_id: AgentId = None,
    as_json: AsJson = False,
) -> None:
    """Record a change of a resource: one more link of its chain, with hashes and diff."""
    from nervous_system.contract.resource import Resource

    if before is None and after is None:
        raise typer.BadParameter("give --before, --after or both")
    contents = [_content(before), _content(after)]
    _publish(
        Speaker(role, agent_id, as_json),
        lambda agent: agent.change(
            Resource(target_type, target),
            before=contents[0],
            after=contents[1],
            because=_cause(because),
        ),
        workspace=workspace,
    )


@app.command()
def signal(
    status: Annotated[str, typer.Argument(help="STARTING, HEALTHY, CRITICAL_FAILURE …")],
    cpu_load_percent: Annotated[
        int, typer.Option("--cpu-load-percent", help="How busy its processors are.")
    ] = 0,
    memory_usage_mb: Annotated[
        int, typer.Option("--memory-usage-mb", help="How much memory it takes.")
    ] = 0,
    role: Role = "operator",
    agent_id: AgentId = None,
    as_json: AsJson = False,
) -> None:
    """Record how an agent is doing."""
    _publish(
        Speaker(role, agent_id, as_json),
        lambda agent: agent.signal(
            status, cpu_load_percent=cpu_load_percent, memory_usage_mb=memory_usage_mb
        ),
    )


@app.command()
def outcome(
    decision_id: Annotated[str, typer.Argument(help="Event id of the decision it came of.")],
    status: Annotated[str, typer.Option("--status", help="succeeded, failed or cancelled.")],
    output: Annotated[str, typer.Option("--output", help="What it printed.")] = "",
    exit_code: Annotated[
        int | None, typer.Option("--exit-code", help="What the process ended with.")
    ] = None,
    duration_seconds: Annotated[
        float | None, typer.Option("--duration-seconds", help="How long it took.")
    ] = None,
    cost_usd: Annotated[
        float | None, typer.Option("--cost-usd", help="What it cost, in US dollars.")
    ] = None,
    input_tokens: Annotated[
        int | None, typer.Option("--input-tokens", help="What the model read, in tokens.")
    ] = None,
    output_tokens: Annotated[
        int | None, typer.Option("--output-tokens", help="What the model wrote, in tokens.")
    ] = None,
    role: Role = "operator",
    agent_id: AgentId = None,
    as_json: AsJson = False,
) -> None:
    """Record the outcome of a decision."""
    known: tuple[Status, ...] = get_args(Status)
    if status not in known:
        raise typer.BadParameter(f"--status is one of {', '.join(known)}")
    cause = _cause(decision_id)
    assert cause is not None  # an argument is always given
    _publish(
        Speaker(role, agent_id, as_json),
        lambda agent: agent.outcome(
            cause,
            status=status,
            output=output,
            exit_code=exit_code,
            duration_seconds=duration_seconds,
            cost_usd=cost_usd,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
        ),
    )


def _publish(
    speaker: Speaker, call: Callable[[Agent], Awaitable[Receipt]], *, workspace: str | None = ""
) -> None:
    import json

    from nervous_system.client.agent import role_named
    from nervous_system.phrases import taken_out
    from operations.actions.overseer_client import operator
    from operations.actions.recording import publish_as

    role = role_named(speaker.role)
    agent_id = speaker.agent_id or operator()

    receipt = asyncio.run(publish_as(call, role=role, agent_id=agent_id, workspace=workspace))
    if speaker.as_json:
        say_json(
            json.dumps(
                {
                    "event_id": receipt.event_id,
                    "sequence": receipt.sequence,
                    "trace_id": receipt.trace_id,
                    "duplicate": receipt.duplicate,
                    "redacted": receipt.redacted,
                    "external_change": receipt.external_change,
                }
            )
        )
        return
    say(f"{receipt.event_id} at position {receipt.sequence}")
    if receipt.redacted:
        say(f"{taken_out(receipt.redacted)} before it was sent", err=True)
    if receipt.external_change:
        say("somebody else had changed it: that was recorded first", err=True)


def _cause(event_id: str | None) -> Receipt | None:
    """An event of which only the id is known, or how it begins: its trace stays its own."""
    from local_mesh.addresses import client_settings
    from nervous_system.client.agent import Receipt
    from nervous_system.errors import NotRunning
    from operations.queries.trace.lookup import meant_id

    if event_id is None:
        return None
    settings = client_settings()
    if settings.clickhouse_url:
        with suppress(NotRunning):  # then it must be the whole id
            event_id = meant_id(settings.clickhouse_dsn, event_id)
    return Receipt(event_id=event_id, sequence=0, trace_id="", traceparent="")


def _content(path: Path | None) -> bytes | None:
    from nervous_system.errors import BadSetting

    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadSetting(f"{path} cannot be read ({error.strerror})") from error
