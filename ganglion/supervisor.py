"""How does the supervisor run as a process of its own? `ganglion up` becomes this program.

It stays for as long as the mesh does, so it is small: without the command line's libraries.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Collection

from ganglion.console import Console
from ganglion.exit import end_with
from ganglion.exit_codes import INTERRUPTED, exit_code_of
from local_mesh.settings import LocalMeshSettings
from local_mesh.supervisor.wiring import run_mesh
from nervous_system.environment import read_settings
from nervous_system.settings import MeshSettings


def main() -> None:
    """Run the mesh of this home until it is asked to stop."""
    parser = argparse.ArgumentParser(prog="ganglion up", allow_abbrev=False)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--ready-descriptor", type=int)
    arguments = parser.parse_args()
    console = Console(ready_descriptor=arguments.ready_descriptor)
    try:
        _run(console, only=arguments.only)
    except KeyboardInterrupt:  # before anything was started, or while it is said why nothing can be
        console.close()
        sys.exit(INTERRUPTED)
    console.close()


def _run(console: Console, *, only: Collection[str]) -> None:
    try:
        settings = read_settings(MeshSettings), read_settings(LocalMeshSettings)
        asyncio.run(run_mesh(*settings, console=console, only=only))
    except Exception as error:  # noqa: BLE001 - the end of the line
        console.close()
        console.failed(str(error), exit_code=exit_code_of(error))
        end_with(error)


if __name__ == "__main__":
    main()
