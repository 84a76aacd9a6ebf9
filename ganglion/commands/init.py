"""`ganglion init`: is everything there that the services stand on?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ganglion.terminal import say

if TYPE_CHECKING:
    from nervous_system.settings import MeshSettings

app = typer.Typer(add_completion=False)


@app.command()
def init() -> None:
    """Make streams, buckets and tables and the sample files, where they are missing.

    `ganglion up` needs none of this; in containers it runs once, before the services start.
    """
    import asyncio

    from ganglion.addresses import client_settings
    from ganglion.home import Home
    from ganglion.key_files import ensure_mesh_key
    from ganglion.samples import write_samples

    settings = client_settings()
    home = Home.at(settings.home)
    home.create()
    ensure_mesh_key(home.path)
    for path in write_samples(home):
        say(f"wrote {path}")
    for name in asyncio.run(_make(settings)):
        say(f"applied: {name}")
    say("log, tables and sample files are there")


async def _make(settings: MeshSettings) -> tuple[str, ...]:
    from ganglion.drift import mend_drift
    from ganglion.log_session import bus_session
    from ganglion.positions.session import warehouse_session
    from nervous_system.deciding.lease import open_leases
    from nervous_system.deciding.snapshots import open_snapshots
    from nervous_system.users import ADMIN

    async with bus_session(settings, user=ADMIN) as bus:
        await bus.stream.ensure(settings)
        for each in await mend_drift(bus.connection, settings):
            say(f"{each.where}: {each.sentence}{f'; {each.remedy}' if each.remedy else ''}")
        await open_leases(bus.connection, replicas=settings.stream_replicas)
        await open_snapshots(bus.connection, replicas=settings.stream_replicas)
    async with warehouse_session() as warehouse:
        return await warehouse.migrate()
