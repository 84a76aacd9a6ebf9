"""Is what a mesh on this machine needs installed? `ganglion` brings what agents and the command
need, `ganglion[mesh]` the rest: servers, engines, and what only services use."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from nervous_system.errors import Fatal

MODULES: Final = frozenset(
    {
        *("aiohttp", "brotli", "chdb", "clickhouse_cityhash", "clickhouse_connect", "fastapi"),
        *("pygal", "pynvml", "uvicorn", "uvloop", "websockets"),
    }
)
"""What the packages of the extra `mesh` are imported as."""

ADVICE: Final = "run `pip install 'ganglion[mesh]'`"


def require_mesh() -> None:
    """Raises Fatal, with what helps, if a mesh cannot run from what is installed here."""
    missing = sorted(name for name in MODULES if find_spec(name) is None)
    if missing:
        raise Fatal(f"a mesh on this machine needs {', '.join(missing)}, too: {ADVICE}")
