"""How does a mesh get a name, and lose it? Its file is for its owner only, and whole or not there.

What it holds and where it lies: `nervous_system/contexts.py`.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from nervous_system.contexts import (
    NONE,
    Context,
    chosen_context,
    chosen_file,
    file_of,
    folder,
    read_context,
)
from nervous_system.errors import BadSetting
from nervous_system.host.files import PRIVATE, write_atomically
from nervous_system.shown_address import problem_of


def add_context(name: str, context: Context) -> Path:
    """Write it; its file. Raises BadSetting for a name or an address that is none, and where there
    is a context of this name; OSError."""
    file = file_of(name)
    if os.path.lexists(file):
        raise BadSetting(f"there is a context {name!r} already; remove it first")
    if context.home and context.nats_url:
        raise BadSetting("a context is a home or an address, not both")
    for url in (context.nats_url, context.clickhouse_url):
        if url and (problem := problem_of(url)):
            raise BadSetting(f"the address cannot be used: {problem}")
    if not context.home and "NATS_URL" not in context.variables():
        raise BadSetting(
            "nothing says where the mesh is: give --home, --url, or --credentials with a file that"
            " `ganglion keys new` wrote"
        )
    _make_folder()
    write_atomically(file, json.dumps(asdict(context), indent=2).encode(), mode=PRIVATE)
    return file


def use_context(name: str) -> None:
    """What is done from now on is done there; with `default`, nowhere by a context. Raises
    BadSetting where there is none of this name, OSError."""
    if name != NONE:
        read_context(name)
    _make_folder()
    write_atomically(chosen_file(), f"{name}\n".encode(), mode=PRIVATE)


def remove_context(name: str) -> bool:
    """Forget it; whether it was the chosen one, and none is now. Raises BadSetting where there is
    none of this name, OSError."""
    file = file_of(name)
    if not os.path.lexists(file):
        raise BadSetting(f"there is no context {name!r}; see `ganglion contexts list`")
    was_chosen = chosen_context() == name
    if was_chosen:
        use_context(NONE)
    file.unlink()
    return was_chosen


def context_names() -> list[str]:
    """Those that there are, in order."""
    return sorted(each.stem for each in folder().glob("*.json"))


def _make_folder() -> None:
    for each in (folder().parent, folder()):
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
