"""How is a station taken in: its history, and, where a person says so, what is open?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from importers.append import ImportReport, append_units
from importers.log import BusLog
from importers.unit import ImportSource
from local_mesh.addresses import client_settings
from local_mesh.home import Home
from nervous_system.clock import system_clock
from operations.actions.overseer_client import operator
from operations.log_session import bus_session
from station.importing.activation import ActivationReport, activation_of
from station.importing.folder import read_station
from station.importing.history import history_of, recorded_files
from station.importing.rules import rules_to_write, write_rules

Show = Callable[[ImportSource], AbstractContextManager[Callable[[ImportReport], None]]]
"""Shows how far a source is, for as long as its block runs."""


async def import_station(
    folder: Path, *, activate: bool, force: bool, show: Show
) -> tuple[ImportReport, ActivationReport | None]:
    """Record it, and `activate` it: what came of each. `force` overwrites rules of the home."""
    found = await asyncio.to_thread(read_station, folder)
    if activate:
        found.require_whole()
    settings = client_settings()
    home = Home.at(settings.home).path
    rules = rules_to_write(found, home, force=force) if activate else ()
    async with bus_session(settings) as bus:
        source = history_of(found, await recorded_files(bus))
        with show(source) as progress:
            report = await append_units(BusLog(bus), source, progress=progress)
        if not activate:
            return report, None
        write_rules(found, home, rules)
        activation = activation_of(found)
        proposals = activation.proposals(now=system_clock(), person=operator())
        with show(proposals) as progress:
            proposed = await append_units(BusLog(bus), proposals, progress=progress)
    return report, ActivationReport.of(activation, proposed, home=str(home), rules=rules)
