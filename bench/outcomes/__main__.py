"""`python -m bench.outcomes`: every situation in every system, and the page of it."""

from __future__ import annotations

import argparse
import asyncio
import signal
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench.machine import describe_machine
from bench.outcomes.page import PageColumn, cell, page
from bench.outcomes.situation import SITUATIONS, Situation, StagedOutcome
from bench.outcomes.staging import stage
from bench.outcomes.systems import SYSTEMS, System
from ganglion.terminal import say
from nervous_system.clock import stopwatch, system_clock
from nervous_system.errors import StartFailed
from nervous_system.refusal import Refusal


def main() -> None:
    """Stage what was asked for; all systems at once, one situation after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="keep the page in this file")
    parser.add_argument("--only", nargs="*", choices=[each.key for each in SITUATIONS])
    parser.add_argument("--system", nargs="*", choices=list(SYSTEMS), default=list(SYSTEMS))
    given = parser.parse_args()
    situations = [each for each in SITUATIONS if not given.only or each.key in given.only]
    machine, measured_at, began = describe_machine(), system_clock(), stopwatch()
    columns = asyncio.run(_all(given.system, situations))
    if given.write is not None:
        text = page(
            columns,
            machine=machine.sentence,
            measured_at=measured_at,
            seconds=stopwatch() - began,
        )
        given.write.write_text(text, encoding="utf-8")
        say(f"kept in {given.write}", err=True)


async def _all(names: Sequence[str], situations: Sequence[Situation]) -> tuple[PageColumn, ...]:
    task = asyncio.current_task()
    assert task is not None
    # As Ctrl-C does: what was started is stopped on the way out.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="ganglion-outcomes-") as folder:
        async with AsyncExitStack() as stack:
            systems = {name: SYSTEMS[name](Path(folder) / name) for name in names}
            for each in systems.values():
                if not each.missing:
                    say(f"starting {each.name}")
                    await stack.enter_async_context(each.running())
            return await _columns(list(systems.values()), situations)


async def _columns(
    systems: Sequence[System], situations: Sequence[Situation]
) -> tuple[PageColumn, ...]:
    versions = {each.name: "" if each.missing else each.versions() for each in systems}
    found: dict[str, dict[str, StagedOutcome | Refusal]] = {each.name: {} for each in systems}
    for situation in situations:
        say(situation.title)
        staged = await asyncio.gather(*(_try_to_stage(each, situation) for each in systems))
        for system, outcome in zip(systems, staged, strict=True):
            found[system.name][situation.key] = outcome
            say(f"    {system.name}: {cell(situation, outcome)}")
            if not isinstance(outcome, Refusal) and outcome.reason:
                say(f"        {outcome.reason[:200]}")
    for each in found.values():
        for situation in SITUATIONS:
            each.setdefault(situation.key, Refusal.because("not asked for"))
    return tuple(
        PageColumn(
            name=each.name,
            settings=each.settings,
            versions=versions[each.name],
            outcomes=found[each.name],
        )
        for each in systems
    )


async def _try_to_stage(system: System, situation: Situation) -> StagedOutcome | Refusal:
    if system.missing:
        return Refusal.because(system.missing)
    try:
        return await stage(system, situation)
    except (StartFailed, TimeoutError) as error:
        return Refusal.because(str(error) or "what was to happen did not happen in time")


if __name__ == "__main__":
    main()
