"""Could a mesh start in a home where none was started yet? Asked before anything of it is made."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from urllib.parse import urlsplit

from local_mesh.addresses import Addresses, configured_addresses
from local_mesh.home import Home
from local_mesh.nats import LOOPBACK
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.preflight import check_disk, check_ports
from local_mesh.supervisor.process_list import plan_mesh
from nervous_system.errors import NotRunning
from nervous_system.host.http_get import http_get
from nervous_system.settings import MeshSettings
from nervous_system.shown_address import display_address


async def look_first(
    settings: MeshSettings, local: LocalMeshSettings, *, only: Collection[str]
) -> None:
    """Nothing is made, so whoever is refused has no folder with keys left where he stood. In a home
    that was started before its locks come first: whoever has them has the ports.

    Raises BadSetting, InUse, NoRoom, NotRunning, Fatal.
    """
    home = Home.at(settings.home)
    if home.was_started:
        return
    addresses = configured_addresses(local)
    check_ports(plan_mesh(local, home=home, addresses=addresses, only=only).ports)
    check_disk(home.existing, min_free_bytes=local.min_free_bytes)
    await check_given(addresses)


async def check_given(addresses: Addresses) -> None:
    """Servers that somebody else runs must answer before anything is started. Raises NotRunning."""
    if not addresses.nats_embedded:
        parts = urlsplit(addresses.nats_url.split(",")[0])
        try:
            async with asyncio.timeout(5.0):
                _, writer = await asyncio.open_connection(
                    parts.hostname or LOOPBACK, parts.port or 4222
                )
        except (OSError, TimeoutError, ValueError) as error:
            raise NotRunning(
                "no NATS server answers at GANGLION_NATS_URL"
                f" ({display_address(addresses.nats_url)});"
                " start it, or unset GANGLION_NATS_URL to let ganglion run one"
            ) from error
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if not addresses.clickhouse_embedded and addresses.clickhouse_url.startswith("http://"):
        parts = urlsplit(addresses.clickhouse_url)
        where = f"http://{parts.hostname}:{parts.port or 8123}"
        try:
            await http_get(f"{where}/ping", timeout_seconds=5.0)
        except NotRunning as error:
            raise NotRunning(
                f"no ClickHouse answers at GANGLION_CLICKHOUSE_URL ({where});"
                " start it, or unset GANGLION_CLICKHOUSE_URL to let ganglion run one"
            ) from error
