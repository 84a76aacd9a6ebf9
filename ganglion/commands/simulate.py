"""`ganglion simulate`: does a swarm get its tasks done here, whatever happens to its agents?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ganglion.terminal import say, say_json

if TYPE_CHECKING:
    from simulation.outcome import SimulationOutcome
    from simulation.plan import SimulationPlan

app = typer.Typer(add_completion=False)


@app.command()
def simulate(
    agents: Annotated[int, typer.Option(min=1, max=1000, help="How many agents.")] = 50,
    tasks: Annotated[int, typer.Option(min=1, max=100_000, help="How many tasks.")] = 500,
    failure_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the attempts that fail.")
    ] = 0.1,
    crash_rate: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of the attempts over which the agent vanishes."),
    ] = 0.05,
    seed: Annotated[
        int | None, typer.Option(help="Repeats the same tasks and outcomes; random if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Run a simulated swarm on this mesh, and check the log (exit 0: all rules held, 1: not).

    Its tasks and agents have ids of their own in each run, and stay on the log. What an interrupted
    run leaves open expires by itself.
    """
    import json
    from random import Random  # noqa: TID251 - the door: from here it is handed on

    from ganglion.exit_codes import FAILURE
    from nervous_system.errors import BadSetting
    from nervous_system.ids import new_event_id
    from nervous_system.phrases import seconds
    from simulation.plan import draw, to_live_seconds

    if failure_rate + crash_rate > 1:
        raise BadSetting(
            "--failure-rate and --crash-rate are shares of the same attempts: at most 1"
        )
    plan = draw(
        run_id=f"simulation-{new_event_id()[:8]}",
        tasks=tasks,
        failure_rate=failure_rate,
        crash_rate=crash_rate,
        chance=Random(seed),
    )
    try:
        outcome = asyncio.run(_simulate(plan, agents=agents, quiet=as_json))
    except KeyboardInterrupt:
        left = f"what it left open expires within {seconds(to_live_seconds(tasks))}"
        say(f"ganglion: {plan.run_id} was interrupted; {left}", err=True)
        raise
    if as_json:
        say_json(json.dumps(outcome.document(), indent=2))
    else:
        for line in outcome.lines():
            say(line)
    if not outcome.well:
        raise typer.Exit(FAILURE)


async def _simulate(plan: SimulationPlan, *, agents: int, quiet: bool) -> SimulationOutcome:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

    from ganglion.progress_bar import progress_bar
    from nervous_system.phrases import pluralize
    from operations.actions.simulate import simulate as simulate_swarm

    progress = progress_bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        quiet=quiet,
    )
    with progress:
        bar = progress.add_task(f"{pluralize(agents, 'agent')} at work", total=len(plan.manifests))
        return await simulate_swarm(
            plan,
            agents=agents,
            ended=lambda count: progress.advance(bar, count),
            told=lambda sentence: progress.tell(f"ganglion: {sentence}"),
        )
